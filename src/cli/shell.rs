//! `gate completions` and `gate man`.

use clap::{Args, Command};
use clap_complete::Shell;

use super::Exit;
use super::console::Console;

#[derive(Debug, Args)]
pub(super) struct CompletionArgs {
    /// Which shell.
    shell: Shell,
}

pub(super) fn completions(args: &CompletionArgs, command: &mut Command, console: &Console) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "gate", &mut script);
    console.out(&String::from_utf8_lossy(&script));
    Exit::Passed
}

pub(super) fn man(command: Command, console: &Console) -> Exit {
    let mut page = Vec::new();
    if let Err(error) = clap_mangen::Man::new(command).render(&mut page) {
        return console.fail(Exit::Error, &format!("cannot render the man page: {error}"));
    }
    console.out(&String::from_utf8_lossy(&page));
    Exit::Passed
}
