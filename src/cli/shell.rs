//! `gate completions` and `gate man`.

use camino::Utf8PathBuf;
use clap::{Args, Command};
use clap_complete::Shell;

use super::console::Console;
use super::{Exit, operator};

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

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Writes the pages of the program and of every subcommand into this directory instead.
    #[arg(long, value_name = "DIR")]
    into: Option<Utf8PathBuf>,
}

pub(super) fn man(args: &ManArgs, command: Command, console: &Console) -> Exit {
    let pages = match pages(command) {
        Ok(pages) => pages,
        Err(error) => {
            return console.fail(Exit::Error, &format!("cannot render a man page: {error}"));
        }
    };
    let Some(into) = &args.into else {
        // The program's own; the others are named in it.
        console.out(&String::from_utf8_lossy(&pages[0].1));
        return Exit::Passed;
    };
    for (name, page) in pages {
        let path = into.join(name);
        let written = operator::create(path.as_std_path())
            .and_then(|mut file| std::io::Write::write_all(&mut file, &page));
        if let Err(error) = written {
            return console.fail(Exit::Error, &format!("cannot write `{path}`: {error}"));
        }
    }
    Exit::Passed
}

/// File name and text of each page, the program's first.
fn pages(mut command: Command) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    command.build();
    let mut pages = Vec::new();
    let mut open = std::collections::VecDeque::from([command]);
    while let Some(command) = open.pop_front() {
        open.extend(
            command
                .get_subcommands()
                .filter(|one| one.get_name() != "help")
                .cloned(),
        );
        let name = command.get_display_name().unwrap_or(command.get_name());
        let command = command.clone().name(name.to_owned());
        let man = clap_mangen::Man::new(command);
        let mut page = Vec::new();
        man.render(&mut page)?;
        pages.push((man.get_filename(), page));
    }
    Ok(pages)
}
