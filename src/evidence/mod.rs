//! Evidence that lasts: attempt directories, deterministic archives, bundles; and what checks,
//! compares, explains and reproduces them.
//!
//! Owns the bundle's format. Never decides a verdict: it recomputes what the journal gives.
//!
//! ```text
//! <gate>-<run>/data/gate.toml            the gate file, digest as in the journal's header
//! <gate>-<run>/data/journal.jsonl        the canonical journal (see `journal::canonical`)
//! <gate>-<run>/data/blobs/<sha256>       every blob the journal refers to, and no other
//! <gate>-<run>/data/files/…              logs, lock, results, comments
//! <gate>-<run>/data/reports/…            what the journal gives, in words
//! <gate>-<run>/manifest-sha256.txt       digests of all above, for `sha256sum -c`
//! <gate>-<run>/manifest.json             the same with sizes, run, verdict, head of the chain
//! <gate>-<run>/verify.sh                 checks all of it with a POSIX shell and `sha256sum`
//! ```

mod attempt;
mod blocks;
mod bundle;
mod conclusions;
mod diff;
mod error;
mod explain;
mod finding;
mod listed;
mod manifest;
mod names;
mod open;
mod pack;
mod plain;
mod recording;
mod records;
mod reproduce;
mod scan;
mod tar;
mod verify;

pub use attempt::{check_directory, seal_directory};
pub(crate) use bundle::bundle_of;
pub use bundle::{Bundled, Spec, bundle};
pub use diff::{Diff, Difference, Divergence, Run, Texts, diff, why_volatile};
pub use error::EvidenceError;
pub use explain::{ExplainError, Explained, Explanation, explain};
pub use finding::Found;
pub use manifest::{Manifest, Summed};
pub use open::{Limits, Opened, open, unpack};
pub use pack::{Content, Part, pack};
pub use recording::Recording;
pub use reproduce::{Promise, RecordedBy, Reproduced, Rerun, Rerunned, reproduce};
pub use scan::{Leak, NoScan, RedactorScan, Scan};
pub use verify::{Check, Render, Verified, open_to_verify, verify, verify_opened};

pub(crate) use manifest::TEMPLATES;
pub(crate) use pack::is_unfinished;
