//! People: what they may do where, how they are known, and the brakes on guessing.

mod passwords;
mod rescue;
mod roles;
mod throttle;
mod totp;

pub use self::{
    passwords::{HashError, PASSWORD_CHARACTERS, WeakPassword, check_strength, hash_password, is_password},
    rescue::{RESET_LIFE, RescueError, reset_link},
    roles::{Grant, Permission, Reach, Role},
    throttle::{Throttle, Try, network},
    totp::{TotpKey, TotpSecret, recovery_codes, recovery_hash},
};
