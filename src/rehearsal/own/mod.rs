//! The world of a gate of one's own: made of its gate file, with stand-ins for every program.
//!
//! Owns what is played and what had to be made up. It never starts a program of the gate's but
//! `gh`, which talks to the embedded GitHub, `git`, which reaches no remote, and what the gate
//! file declares as harmless.

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
