//! The product under test in the embedded world, seen with the real git, uv, pipx and pytest.

mod cli;
mod index;
mod orphans;
mod repositories;
mod tools;
