//! The product under test in the embedded world, seen with the real git, uv, pipx and pytest.
#![expect(
    clippy::disallowed_methods,
    reason = "a test stands outside the gate: it starts programs and reads files itself"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something is not as it should be"
)]

mod cli;
mod index;
mod orphans;
mod repositories;
mod tools;
