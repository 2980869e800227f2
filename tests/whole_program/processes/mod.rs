//! Orphan daemons through the real program: which are ended, which are spared, what is told.

mod interventions;
mod isolation;
mod killed;
mod look_alikes;
mod protocol;
mod reap;
mod service;
