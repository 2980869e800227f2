//! The release candidate: finding it, locking its closure, installing it into a throwaway home,
//! and showing that what is installed is what was meant.
//!
//! Owns what `find-candidate`, `install-candidate` and their neighbours share with `gate install`.
//! Never touches the operator's own home or pipx, and never names an index's address.

mod ancestry;
mod boundary;
mod home;
mod index;
mod install;
mod installed;
mod lock;
mod releases;
mod resolve;
mod versions;

pub use ancestry::{Checkout, Held};
pub use boundary::{Imported, Imports, missing_keys, status_json};
pub use home::Home;
pub use index::{Index, Offer, OnIndex};
pub use install::{Backend, Install, Installed, install, install_lock};
pub use installed::{Look, look, version_line};
pub use lock::{Lock, LockError, Locked, Wheel, lock, read as read_lock};
pub use releases::{Page, Release, query_arguments, releases_page};
pub use resolve::{Choice, Listed, PassedOver, probe_and_choose};
pub use versions::{Line, Standing};
