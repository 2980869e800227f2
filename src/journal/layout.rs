//! Where the journal is in a run directory, and how large it may be.

/// Name of the journal's file in a run directory.
pub const FILE: &str = "journal.jsonl";

/// Name of the directory of blobs beside it.
pub const BLOBS: &str = "blobs";

/// Bytes of the largest journal that is read.
pub(super) const LARGEST: u64 = 1 << 30;
