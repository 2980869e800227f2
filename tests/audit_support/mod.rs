//! What the audit's tests share.
#![expect(dead_code, reason = "each test uses its own part")]

pub mod pytest;
pub mod repo;
pub mod world;
