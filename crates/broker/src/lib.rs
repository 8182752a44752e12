//! The broker of Loa: HTTP API, page, store, speech, dispatch, MQTT, enrolment.

pub mod identity;
