//! What a project declares about its own tests: which files state what they need, and what is
//! chosen.
//!
//! Owns the reading of a commit's files that declare requirements. Pure except for two git
//! commands; never runs anything of the project.

mod choice;
mod declared;
mod files;
mod metadata;
mod poetry;
mod read;
mod settings;

pub(super) use choice::{Choice, Selection, choose};
pub(super) use metadata::Metadata;
pub(super) use read::{Build, Project};
pub(super) use settings::is_test_module;

#[cfg(test)]
mod tests;
