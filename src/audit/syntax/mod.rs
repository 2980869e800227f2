//! Compares two versions of source files by their syntax trees.
//!
//! Owns what counts as behaviour. Pure: it never reads a file and never runs anything.

mod alpha;
mod compare;
mod diff;
mod grammar;
mod ignored;
mod names;
mod python;
mod readings;
mod rename;
mod resolve;
mod rust;
mod settle;
mod side;
mod strip;
mod tidy;
mod tree;
mod walk;

pub use compare::{Change, Comparison, FilePair, compare};
pub use diff::ChangeKind;
pub use grammar::{Grammar, Unreadable, grammar_for};
pub use ignored::Ignored;
pub use names::LoggingNames;
pub(in crate::audit) use names::matches;
pub use readings::read;
pub use side::differing;
pub(in crate::audit) use tree::one_line;
pub use tree::{Aside, Kind, Lowered, Node, Note};
pub use walk::MODULE;
