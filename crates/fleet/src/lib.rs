//! Starts a broker and many agents: the demo, the simulated fleet, the load.
