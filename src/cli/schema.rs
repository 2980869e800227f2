//! `gate schema`.

use super::Exit;
use super::console::Console;

pub(super) fn run(console: &Console) -> Exit {
    console.out(&crate::gate::schema_text());
    Exit::Passed
}
