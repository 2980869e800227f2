//! What the audit's tests share.
#![expect(dead_code, reason = "each test uses its own part")]

pub(crate) mod pytest;
pub(crate) mod repo;
pub(crate) mod world;
