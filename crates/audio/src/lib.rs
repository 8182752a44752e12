//! Decode anything, prepare it for horns, write and read Ogg Opus.
