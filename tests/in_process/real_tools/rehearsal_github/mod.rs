//! The real `gh` against the embedded GitHub, over its Unix socket.

mod access;
mod issues;
mod queries;
mod stand_in;
mod support;
mod world;
