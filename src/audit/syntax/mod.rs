//! Compares two versions of source files by their syntax trees.
//!
//! Owns what counts as behaviour. Pure: it never reads a file and never runs anything.

mod alpha;
mod branches;
mod callees;
mod change;
mod compare;
mod diff;
mod faults;
mod file;
mod grammar;
mod grammars;
mod idle;
mod ignored;
mod inline;
mod known;
mod lines;
mod names;
mod normal;
mod purity;
mod python;
mod readings;
mod rename;
mod resolve;
mod rust;
mod seek;
mod settle;
mod side;
mod strip;
mod tidy;
mod tree;
mod uses;
mod waits;
mod walk;
mod wrappers;

pub use change::{Change, FilePair};
pub use compare::{Comparison, compare};
pub use diff::ChangeKind;
pub use grammar::{Grammar, Unreadable};
pub use grammars::grammar_for;
pub use ignored::Ignored;
pub use names::LoggingNames;
pub(in crate::audit) use names::matches;
pub use readings::read;
pub use side::differing;
pub(in crate::audit) use tree::one_line;
pub use tree::{Aside, Fault, Kind, Lowered, MODULE, Node, Note};
