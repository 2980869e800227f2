//! Files on disk: digests, the disk as a trait, directories that are finalized, archives, manifests.
//! Knows nothing of runs, worlds or verdicts beyond what a manifest names.

pub(crate) mod blocks;
mod digest;
mod directory;
pub mod disk;
mod error;
pub mod held;
pub mod lock;
pub(crate) mod manifest;
pub(crate) mod names;
pub(crate) mod open;
pub(crate) mod pack;
mod scan;
mod tar_header;

pub use digest::sha256_hex;
pub(crate) use digest::{hex, sum_file};
pub use directory::seal_directory;
pub use error::StoreError;
pub(crate) use manifest::TEMPLATES;
pub use manifest::{Manifest, Summed};
pub use open::{Limits, Opened, open, unpack};
pub(crate) use pack::is_unfinished;
pub use pack::{Content, Part, pack};
pub use scan::{Leak, NoScan, Scan};
