//! What the audit's tests share.

pub(crate) mod pytest;
pub(crate) mod repo;
pub(crate) mod world;
