//! `gate verbs`.

use clap::Args;

use super::Exit;
use super::console::Console;
use crate::gate::reference;

#[derive(Debug, Args)]
pub(super) struct VerbsArgs {
    /// The verb to show; without it, all are listed.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(args: &VerbsArgs, console: &Console) -> Exit {
    let Some(name) = &args.name else {
        console.out(&reference::index());
        return Exit::Passed;
    };
    match reference::page(name) {
        Ok(page) => {
            console.out(&page);
            Exit::Passed
        }
        Err(help) => {
            let exit = console.fail(Exit::Usage, &format!("there is no verb `{name}`"));
            console.note(&format!("  → {help}"));
            exit
        }
    }
}
