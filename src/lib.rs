//! `gate`: a release gate written as data, run by verbs, with all external effects behind one door.
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
//! (checked by `tests/in_process/layering/`):
//!
//! | layer | holds |
//! |---|---|
//! | [`model`] | ids, facts, verdicts, scopes, events, templates, diagnostics: pure data |
//! | [`store`] | files on disk: digests, finalized directories, archives, manifests |
//! | [`world`] | the effect boundary: `Effect`, `Response`, policy, redaction, and the live world |
//! | [`journal`] | the write-ahead log of a run; the recording layer and the replay world |
//! | [`verb`] | the contract of a verb: what it declares, and its context |
//! | [`signing`] | signatures: keys, DSSE envelopes, the ssh agent |
//! | [`audit`], [`candidate`], [`processes`], [`toolbox`] | capabilities that verbs use |
//! | [`verbs`] | the verbs that `uses = "…"` names, one file each |
//! | [`gate`] | the gate file: load, check, plan, schema; the built-in gates are in `src/gates/` |
//! | [`engine`] | scheduling: a dispatcher, one task per subtask |
//! | [`report`], [`evidence`] | reports for people and machines; verifiable bundles |
//! | [`session`] | one run from its lock to its verdict |
//! | [`rehearsal`] | the embedded world and its faults |
//! | [`cli`] | one file per subcommand |
//!
//! # Invariants
//!
//! They hold under every fault; `tests/whole_program/faults` and `tests/crash` check them. Comments
//! refer to them by these names.
//!
//! 1. **Tracker stays open**: the release tracker is never closed by the gate.
//! 2. **Only listed writes**: nothing is written to GitHub that the policy does not list.
//! 3. **Service is only read**.
//! 4. **Evidence first**: evidence is synced to disk before GitHub is touched.
//! 5. **Nothing overwritten**: what existed before a run still exists after it.
//! 6. **Only identified processes**: no signal to a process that was not positively identified.
//! 7. **No secret gets out**: not to the disk, the terminal or GitHub.
//! 8. **At most once**: each comment, closing and re-opening, even after a crash.
//! 9. **Unknown is never pass**: what cannot be determined is an error.
//! 10. **Same run, same bytes**.
//! 11. **Operator's own is untouched**: HOME, pipx, PATH, checkouts.
//!
//! # Where to look
//!
//! | question | module |
//! |---|---|
//! | Which options does the command line have, and which exit codes? | [`cli`] |
//! | What is a gate; why is a file invalid? | [`gate`]; the built-in gates are in `src/gates/` |
//! | What does `uses = "…"` do? | [`verbs`], one file per verb |
//! | Does a fix really fix its issue? | [`audit`] |
//! | How is a candidate found, locked and installed? | [`candidate`] |
//! | Which processes are orphans, and may be ended? | [`processes`] |
//! | How does a request reach the outside, and what may refuse it? | [`world`] |
//! | When does a subtask run, in parallel or not, and until when? | [`engine`] |
//! | What happens in a run, from lock to verdict? | [`session`] |
//! | What was recorded, and is it intact? | [`journal`], [`evidence`] |
//! | Who signed a bundle, with which key? | [`signing`]; statements are in [`evidence`] |
//! | How are results reported? | [`report`] |
//! | In which world does `gate rehearse` run? | [`rehearsal`] |
//! | Which tools are available, and which must be installed? | [`toolbox`] |
//!
//! **One door**: every access to a file, a process, the network or the clock is an
//! [`world::Effect`]; `clippy.toml` makes bypassing it a build error. **No verb knows which world
//! it is in**: recording, replaying, refusing and injecting faults are layers.

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
