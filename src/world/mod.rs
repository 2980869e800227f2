//! The one door to the outside: the effect boundary.
//!
//! Owns [`Effect`], [`Response`] and the trait [`World`]; a layer wraps a world and is itself a
//! world. Nothing outside `world/live/` spawns, opens, connects, signals or reads a clock.

mod door;
mod effect;
mod error;
pub mod fault;
pub mod live;
mod observation;
mod place;
pub mod policy;
pub mod process_rule;
pub mod redact;
mod request;
mod response;
mod sandbox;
mod seen;
mod spared;
pub(crate) mod strand;

pub use door::World;
pub use effect::{
    AskPerson, Effect, EndProcesses, EnvBase, Fixed, HttpGet, HttpMethod, HttpPost, KeepFiles,
    LeaveFile, ListFiles, Pack, ProcessRule, Program, ReadFile, Reserve, Watch, WriteFile,
};
pub use error::{FileFailure, WorldError};
pub use observation::{Asked, FixedSeen, Incident, Noticed, Observation};
pub use place::Place;
pub use process_rule::CompiledRule;
pub use request::{
    AskAgent, FindProgram, FreshId, JournalHead, ListProcesses, MakeDir, Now, Request, SealDir,
    Sleep, ask,
};
pub use response::{Anchor, Captured, Ended, Fate, Finished, Receipt, Reservation, Response};
pub use sandbox::{Confined, Confinement, Mount, Sandbox, Toolchain};
pub use seen::{FileSeen, HttpAnswer, ProcessIdentity, ProcessSeen};
pub use spared::{RuleError, Spared};
pub use strand::strand;
