//! Starts a broker and many agents, and drives them as a person would: the demo, the end-to-end tests, the load.
//!
//! Everything here goes through what a user has too: the programs' command lines and the HTTP API. It never reaches into
//! a broker's or an agent's files.

pub mod agent;
pub mod api;
pub mod broker;
pub mod bulletins;
pub mod commune;
pub mod demo;
pub mod ports;
pub mod process;

mod log;

pub use agent::{Agent, AgentOptions, EnrolError};
pub use api::{Api, ApiError};
pub use broker::{Broker, BrokerOptions, MqttSide, Ready};
pub use commune::Commune;
pub use process::{Process, StartError};
