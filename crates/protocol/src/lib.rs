//! What the broker and the agents agree on: topics, messages, signed envelopes.
