//! The agent of Loa: on each hamlet's Raspberry Pi, obeys, plays, reports.
