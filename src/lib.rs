//! `gate`: a release gate that is data, run by verbs, with the world behind one door.
//!
//! ```text
//!  gate.toml ─► gate ─► engine ─► verbs ─► world::World::perform(Effect) ─► the outside
//!  (data)      (pure)  (actors)   (logic)    record ▸ policy ▸ redact ▸ live
//!                         │
//!                         ▼
//!                      events ─► report: terminal · JSON lines · files; journal
//! ```
//!
//! This page is the map of the house. A person who looks for something starts here:
//!
//! | question | room |
//! |---|---|
//! | What is typed on the command line, and which exit code comes back? | [`cli`] |
//! | What is a gate, and why is this file not one? | [`gate`]; the gates that ship lie in `src/gates/` |
//! | What does `uses = "…"` do? | [`verbs`], one file per verb |
//! | Is the fix behind an issue a real one? | [`audit`] |
//! | Which candidate, how is it locked and installed? | [`candidate`] |
//! | Which processes are orphans, and may be ended? | [`processes`] |
//! | How does anything reach the outside, and who may refuse it? | [`world`] |
//! | Who runs when, in parallel or not, until when? | [`engine`] |
//! | What is one run, from lock to verdict? | [`session`] |
//! | What was recorded, and is it whole? | [`journal`], [`evidence`] |
//! | What do people and machines read? | [`report`] |
//! | In which world does `gate rehearse` run? | [`rehearsal`] |
//! | Which tools are here, and which must be made? | [`toolbox`] |
//!
//! Three rules hold everywhere. **Unknown is never pass**: what cannot be determined is an error.
//! **One door**: whatever touches a file, a process, the network or the clock is an
//! [`world::Effect`]; `clippy.toml` makes going around it a build error. **No verb knows which
//! world it is in**: recording, replaying, refusing and breaking a run are layers.

mod alignment;
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
