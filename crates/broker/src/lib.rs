//! The broker of Loa: HTTP API, page, store, speech, dispatch, MQTT, enrolment.
//!
//! A broadcast goes one way: [`http`] → [`store`] → [`dispatch`] → MQTT → the nodes. What nodes say comes back through [`nodes`] into the
//! store and, by [`events`], to open pages. [`programme`] is what is to sound by timetable; [`plans`] brings it, and all else a node must know, to each node.

pub mod alive;
pub mod app;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod calendar;
pub mod clips;
pub mod commissioning;
pub mod config;
pub mod disk;
pub mod dispatch;
pub mod enrolment;
pub mod events;
pub mod http;
pub mod https;
pub mod identity;
pub mod inbox;
pub mod key_commands;
pub mod mosquitto;
pub mod mqtt;
pub mod nodes;
pub mod on_air;
pub mod page_certificate;
pub mod people;
pub mod plans;
pub mod programme;
pub mod releases;
pub mod reports;
pub mod secrets;
pub mod seed;
pub mod serve;
pub mod speech;
pub mod store;
pub mod words;
