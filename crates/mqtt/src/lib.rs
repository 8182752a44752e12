//! The message bus of Loa: an embedded MQTT 5 broker, and a client that survives bad networks.
