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
//! # Layers
//!
//! A module imports only from modules above it in this list, and no two files import each other
//! (held by `tests/in_process/layering.rs`):
//!
//! | layer | holds |
//! |---|---|
//! | [`model`] | ids, facts, verdicts, scopes, events, templates, diagnostics: pure data |
//! | [`store`] | files on disk: digests, finalized directories, archives, manifests |
//! | [`world`] | the door: `Effect`, `Response`, policy, redaction, and the live world behind it |
//! | [`journal`] | the write-ahead log of a run; the recording layer and the replay world |
//! | [`verb`] | the contract of a verb: what it declares, what it acts with |
//! | [`signing`] | keys, DSSE envelopes, the ssh agent: who says so |
//! | [`audit`], [`candidate`], [`processes`], [`toolbox`] | capabilities that verbs use |
//! | [`verbs`] | what `uses = "…"` does, one file per verb |
//! | [`gate`] | the gate file: load, check, plan, schema; the gates that ship are in `src/gates/` |
//! | [`engine`] | who runs when: a dispatcher, one task per subtask |
//! | [`report`], [`evidence`] | what people and machines read; bundles that verify |
//! | [`session`] | one run from its lock to its verdict |
//! | [`rehearsal`] | the embedded world and its faults |
//! | [`cli`] | one file per subcommand |
//!
//! # Invariants
//!
//! They hold under every fault; `tests/whole_program/faults` and `tests/crash` check them as such.
//! Comments quote them by these names.
//!
//! 1. **Tracker stays open**: the release tracker is never closed by the gate.
//! 2. **Only listed writes**: no write to GitHub that the policy does not list.
//! 3. **Service is only read**.
//! 4. **Evidence first**: evidence is on disk, synced, before GitHub is touched.
//! 5. **Nothing overwritten**: what was there before a run is there after it.
//! 6. **Only identified processes**: no signal to a process that was not positively identified.
//! 7. **No secret gets out**: not to the disk, the terminal or GitHub.
//! 8. **At most once**: each comment, closing and re-opening, crash or not.
//! 9. **Unknown is never pass**: what cannot be determined is an error.
//! 10. **Same run, same bytes**.
//! 11. **Operator's own is untouched**: HOME, pipx, PATH, checkouts.
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
//! | Who vouches for it, with which key? | [`signing`]; what they sign is in [`evidence`] |
//! | What do people and machines read? | [`report`] |
//! | In which world does `gate rehearse` run? | [`rehearsal`] |
//! | Which tools are here, and which must be made? | [`toolbox`] |
//!
//! **One door**: whatever touches a file, a process, the network or the clock is an
//! [`world::Effect`]; `clippy.toml` makes going around it a build error. **No verb knows which
//! world it is in**: recording, replaying, refusing and breaking a run are layers.

pub mod audit;
pub mod candidate;
pub mod cli;
pub mod engine;
pub mod evidence;
pub mod gate;
pub mod journal;
pub mod model;
pub mod processes;
pub mod rehearsal;
pub mod report;
pub mod session;
pub mod signing;
pub mod store;
pub mod toolbox;
pub mod verb;
pub mod verbs;
pub mod world;
