//! Starts a broker and many agents, and drives them as a person would: the demo, the end-to-end tests, the load.
//!
//! Everything here goes through what a user has too: the programs' command lines and the HTTP API. It never reaches into
//! a broker's or an agent's files. Apart from that stands the [`year`], which runs the agent's own logic without broker, network or
//! sound.

pub mod agent;
pub mod api;
pub mod broker;
pub mod bulletins;
pub mod commune;
pub mod demo;
pub mod ports;
pub mod process;
pub mod supervision;
pub mod year;

mod log;

pub use agent::{Agent, AgentOptions, EnrolError, Gone};
pub use api::{Api, ApiError};
pub use broker::{Broker, BrokerOptions, MqttSide, Ready};
pub use commune::Commune;
pub use process::{Process, StartError};
pub use supervision::Patience;
