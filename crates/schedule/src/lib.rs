//! Who plays when: pure functions of plan, journal and now.
