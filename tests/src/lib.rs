//! End-to-end tests of Loa.
