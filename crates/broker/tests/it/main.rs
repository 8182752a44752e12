//! The broker as others meet it: the real program, a real database, MQTT over TLS, real certificates.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)] // tests

mod accounts;
mod approval;
mod attacks;
mod audit;
mod broadcasts;
mod calendar;
mod commissioning;
mod enrolment;
mod faults;
mod https;
mod inbox;
mod latch;
mod lifecycle;
mod openapi;
mod people;
mod policy;
mod programme;
mod releases;
mod reports;
mod restarts;
mod routes;
mod support;
