//! The embedded world: GitHub, SaaS, package index, repositories, harness, tool stand-ins.
//!
//! Builds everything in one temporary directory and on loopback, and hands the gate an
//! operator's environment that points there. Nothing in engine or verbs knows of it.

mod faults;
pub mod flyctl;
pub mod gh;
pub mod github;
pub mod harness;
mod home;
mod host;
mod operator;
mod ports;
pub mod product;
pub mod saas;
mod world;

pub use faults::{Fault, Faults, UnknownFault};
pub use host::RehearsalError;
pub use world::World;
