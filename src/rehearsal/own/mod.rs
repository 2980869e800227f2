//! The embedded world of a user's gate: generated from its gate file, with stand-ins for every
//! program.
//!
//! Owns what is simulated and which defaults were used. Of the gate's programs it starts only `gh`,
//! which talks to the embedded GitHub, `git`, which has no remotes, and what the gate file declares
//! as harmless.

mod cast;
mod checkouts;
mod fault;
mod fault_layer;
mod issues;
mod stand_ins;
mod world;

pub use fault::{GateFault, GateFaultKind};
pub(super) use fault_layer::GateFaultLayer;
pub(super) use issues::turn;
pub use world::OwnWorld;
