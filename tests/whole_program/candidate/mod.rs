//! `gate install` as a user types it, with the real uv and the real pipx.

mod command;
mod kept;
