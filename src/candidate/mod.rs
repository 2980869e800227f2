//! The release candidate: finding it, locking its closure, installing it into a throwaway home,
//! and showing that what is installed is what was meant.
//!
//! Owns what `find-candidate`, `install-candidate` and their neighbours share with `gate install`.
//! Never touches the operator's own home or pipx, and never names an index's address.

mod ancestry;
mod boundary;
mod drift;
mod home;
mod index;
mod install;
mod installed;
mod lock;
mod operator_home;
mod python;
mod releases;
mod resolve;
mod standalone;
mod vendor;
mod versions;

pub use ancestry::{Checkout, Held};
pub use boundary::{Imported, Imports, missing_keys, status_json};
pub use drift::{Drift, Moved};
pub use home::Home;
pub use index::{Index, Offer, OnIndex};
pub use install::{Backend, Install, Installed, Network, install, install_lock};
pub use installed::{Look, look, version_line};
pub use lock::{Lock, LockError, Locked, Wheel, lock, read as read_lock};
pub use operator_home::OperatorHome;
pub use releases::{Page, Release, query_arguments, releases_page};
pub use resolve::{Choice, Listed, PassedOver, probe_and_choose};
pub use standalone::{Delivered, Explained, Order, carry_out};
pub use vendor::vendor;
pub use versions::{Line, Standing};
