//! The release candidate: finds it, locks its dependencies, installs it into a throwaway home, and
//! shows that the intended candidate is installed.
//!
//! Owns what `find-candidate`, `install-candidate` and related verbs share with `gate install`.
//! Never touches the operator's own home or pipx, and never names an index's address.

mod ancestry;
mod asked;
mod boundary;
mod choice;
mod drift;
mod explain;
mod home;
mod index;
mod install;
mod installed;
mod installer;
mod lock;
mod lock_file;
mod offered;
mod operator_home;
mod order;
mod passed_over;
mod python;
mod releases;
mod resolve;
mod standalone;
mod subject;
mod tried;
mod vendor;
mod versions;

pub use ancestry::{Checkout, Held};
pub use asked::{asked_for, canonical};
pub use boundary::{Imported, Imports, missing_keys, status_json};
pub use choice::{Choice, Listed, PassedOver};
pub use drift::{Drift, Moved};
pub use explain::Explained;
pub use home::Home;
pub use index::{Index, Offer, OnIndex};
pub use install::{Backend, Install, Installed, Network, install, install_lock};
pub use installed::{Look, look, stale, version_line};
pub use lock::{Lock, lock, read as read_lock};
pub use lock_file::{LockError, Locked, Wheel};
pub(crate) use offered::must_be_offered;
pub use operator_home::{Compared, IndexSettings, OperatorHome, compared};
pub use order::{From, Order};
pub use releases::{OnGitHub, Page, Release, Tag, query_arguments, releases_page};
pub use resolve::{Search, probe_and_choose};
pub use standalone::{Delivered, carry_out};
pub use subject::{Subject, SubjectError};
pub use tried::Tried;
pub use vendor::{check_wheels, vendor};
pub use versions::{Line, Standing, shown};
