//! One file of one version, read but not yet judged.

use std::sync::Arc;

use super::grammar::Grammar;
use super::names::LoggingNames;
use super::tree::Lowered;

/// A source file and what logging looks like in it.
pub(super) struct File {
    /// The path used for the comparison.
    pub(super) path: String,
    /// The grammar that read it.
    pub(super) grammar: &'static dyn Grammar,
    /// Its tree.
    pub(super) lowered: Arc<Lowered>,
    /// The grammar's names for logging and the gate's own.
    pub(super) names: LoggingNames,
}
