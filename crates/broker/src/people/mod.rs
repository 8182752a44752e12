//! People: what they may do where, how they are known, and the brakes on guessing.

mod passwords;
mod roles;
mod throttle;

pub use self::{
    passwords::{HashError, PASSWORD_CHARACTERS, WeakPassword, check_strength, hash_password, is_password},
    roles::{Grant, Permission, Reach, Role},
    throttle::{Throttle, network},
};
