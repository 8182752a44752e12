//! Vietnamese text to speech: reading rules and voices.
