//! `gate`: a release gate that is data, run by verbs, with the world behind one door.
//!
//! ```text
//!  gate.toml ─► gate ─► engine ─► verbs ─► world::World::perform(Effect) ─► the outside
//! ```

pub mod audit;
pub mod candidate;
pub mod cli;
pub mod engine;
pub mod evidence;
pub mod gate;
pub mod journal;
pub mod processes;
pub mod rehearsal;
pub mod report;
pub mod session;
pub mod toolbox;
pub mod verbs;
pub mod world;
