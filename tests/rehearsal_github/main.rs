//! The real `gh` against the embedded GitHub, over its Unix socket.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests start the real gh and read the environment themselves"
)]

mod access;
mod issues;
mod queries;
mod stand_in;
mod support;
mod world;
