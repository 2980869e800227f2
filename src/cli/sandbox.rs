//! Decides about sandboxes before anything runs: there is one, or it was said that there is none.

use super::Exit;
use super::console::Console;
use crate::session::ChosenSandbox;
use crate::world::live::{Operator, SandboxChoice, find_sandbox};

/// What is done about sandboxes on this machine. Where one is required and there is none, nothing
/// runs.
pub(super) fn choose(
    wanted: SandboxChoice,
    operator: &Operator,
    console: &Console,
) -> Result<ChosenSandbox, Exit> {
    if wanted == SandboxChoice::Off {
        console.note("the code that is judged runs without a sandbox, as asked for");
        return Ok(none());
    }
    match find_sandbox(operator) {
        Ok(found) => Ok(ChosenSandbox {
            choice: wanted,
            version: Some(found.version),
        }),
        Err(why) if wanted == SandboxChoice::WherePossible => {
            console.note(&format!("{why}; a rehearsal continues without"));
            Ok(none())
        }
        Err(why) => {
            let exit = console.fail(Exit::Error, &why.to_string());
            console.note(&format!("  → {}", why.remedy));
            console
                .note("  → or run it with your own rights: --no-sandbox, which the report records");
            Err(exit)
        }
    }
}

fn none() -> ChosenSandbox {
    ChosenSandbox {
        choice: SandboxChoice::Off,
        version: None,
    }
}
