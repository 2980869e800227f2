//! The live world against real programs, files and processes.

mod endings;
mod environment;
mod files;
mod processes;
mod programs;
mod sandbox;
mod stage;
mod verbs;
mod watching;
