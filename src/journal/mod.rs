//! The journal: a write-ahead log with one file per run and one record per line, append-only and
//! hash-chained.
//!
//! Owns the records' format, the writer with its lock, epochs and syncs, blobs, and the state that
//! replaying a journal gives (how each subtask ended, what was left open). Never decides anything
//! about the run, and never changes a record that is on disk; only a torn last line is ever cut
//! off.
//!
//! ```text
//! {"seq":7,"prev":"<sum of record 6>","record":{"intent":{"by":"T001","n":1,"effect":{…}}},"sum":"<sha256>"}
//! ```
//!
//! `sum` is the SHA-256 of the line up to and without `,"sum":…}`, and `prev` is the `sum` of the
//! previous line (64 zeros in the first). So each line shows whether it is intact, and the chain
//! shows whether a line is missing; `sha256sum` alone can check both.
//!
//! What is synced when: the header; each intent of an external write, together with everything
//! before it, before the write is performed; its result; and the seal. Everything else is handed to
//! the system at once (so `kill -9` loses nothing) and synced while programs run.

mod anchor;
mod blobs;
mod canonical;
mod course;
mod error;
mod fold;
mod layout;
mod noted;
mod record;
mod record_layer;
mod replay_world;
mod said;
mod scan;
mod writer;

pub use anchor::head_over;
pub use blobs::{BLOB_LIMIT, Blobs};
pub(crate) use blobs::{read_with_texts, references, referred, said};
pub use canonical::{Canonical, canonical};
pub use course::{Course, EndedCourse, Exchange};
pub use error::JournalError;
pub use fold::{Folded, fold, read, read_on};
pub use layout::{BLOBS, FILE};
pub use record::{
    Answer, Committed, FORMAT, GateRef, HandedOn, Header, Line, Record, Resumed, Sealed,
};
pub(crate) use record::{NO_PREVIOUS, encode};
pub use record_layer::{Exchanges, RecordLayer};
pub use replay_world::{Difference, ReplayWorld};
pub use said::Said;
pub(crate) use scan::{on_all_cores, scan};
pub use writer::{Durability, Journal};
