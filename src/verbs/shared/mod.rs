//! What several verbs share: GitHub through `gh`, messages about programs, canary results.

pub(crate) mod programs;
