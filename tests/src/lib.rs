//! End-to-end tests of Loa: real programs, real MQTT over TLS, real ALSA.

pub mod chaos;
pub mod disk;
pub mod journal;
pub mod judge;
pub mod listen;
pub mod mosquitto;
pub mod outsider;
pub mod release;
pub mod soundcard;
pub mod source;
pub mod standin;
pub mod supervisor;
pub mod tune;
pub mod world;
pub mod wrong_clock;
