//! The embedded world: GitHub, SaaS, package index, repositories, harness, tool stand-ins.
//!
//! Builds everything in one temporary directory and on loopback, and hands the gate an
//! operator's environment that points there. Nothing in engine or verbs knows of it.

mod answering;
mod faults;
pub mod flyctl;
pub mod gh;
pub mod github;
pub mod harness;
mod home;
mod host;
mod known;
mod operator;
mod own;
mod ports;
pub mod product;
mod pulls;
mod readers;
mod root;
pub mod saas;
mod stage;
mod world;

pub use faults::{Fault, Faults, UnknownFault};
pub use host::RehearsalError;
pub use own::{GateFault, GateFaultKind, OwnWorld};
pub use stage::{Broken, Stage};
pub use world::World;
