//! Durable evidence: evidence directories, deterministic archives and bundles, and the code that
//! checks, compares, explains and reproduces them.
//!
//! Owns the bundle's format. Never decides a verdict: it recomputes the one that the journal gives.
//!
//! ```text
//! <gate>-<run>/data/gate.toml            the gate file, digest as in the journal's header
//! <gate>-<run>/data/journal.jsonl        the canonical journal (see `journal::canonical`)
//! <gate>-<run>/data/blobs/<sha256>       every blob the journal refers to, and no other
//! <gate>-<run>/data/files/…              logs, lock, results, comments
//! <gate>-<run>/data/reports/…            the reports derived from the journal
//! <gate>-<run>/manifest-sha256.txt       digests of all above, for `sha256sum -c`
//! <gate>-<run>/manifest.json             the same with sizes, run, verdict, head of the chain
//! <gate>-<run>/verify.sh                 checks all of it with a POSIX shell and `sha256sum`
//! ```

mod anchors;
mod attest;
mod bundle;
mod conclusions;
mod diff;
mod error;
mod explain;
mod field;
mod finding;
mod judged;
mod listed;
mod located;
mod online;
mod recording;
mod records;
mod reproduce;
mod require;
mod rerun;
mod scan;
mod verify;

pub use attest::{
    AttestError, Attested, Claims, Signature, SignedBy, attest, attestation_of,
    check as check_attestation,
};
pub use bundle::{Bundled, Spec, bundle};
pub(crate) use bundle::{bundle_of, commitment};
pub use diff::{Diff, Difference, Divergence, Run, Texts, diff};
pub use error::EvidenceError;
pub use explain::{Basis, ExplainError, Explained, Explanation, explain};
pub use field::{Field, InReport, in_report};
pub use finding::Found;
pub use judged::{PLATFORM, gate_of, load_gate, platform_of, subject_of};
pub use online::{Now, Online, Seen, online};
pub use recording::Recording;
pub use reproduce::{Promise, RecordedBy, Reproduced, reproduce, reproduce_within};
pub use require::{Held, REQUIREMENTS, Requirement, held};
pub use rerun::{Rerun, Rerunned};
pub use scan::RedactorScan;
pub use verify::{Check, Render, Verified, open_to_verify, verify, verify_opened};
