//! Standard output and error, and what kind of reader is there.
#![expect(
    clippy::disallowed_methods,
    reason = "the process's own streams and variables are read once, here"
)]

use std::io::{BufRead, ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;
use crate::report::Style;

/// The process's streams.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    /// Whether standard error, and standard output, are shown in colour.
    colour: (bool, bool),
    /// Whether somebody reads progress on a terminal.
    pub(crate) live: bool,
    answers: bool,
    /// Whether something that was to be printed is lost.
    lost: Arc<AtomicBool>,
}

impl Console {
    /// The real one. `NO_COLOR` and `CLICOLOR_FORCE` are honoured.
    pub(super) fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let errors = std::io::stderr().is_terminal() && !dumb;
        let output = std::io::stdout().is_terminal() && !dumb;
        let colour = |shown| !set("NO_COLOR") && (set("CLICOLOR_FORCE") || shown);
        Self {
            colour: (colour(errors), colour(output)),
            live: errors && !set("CI"),
            answers: std::io::stdin().is_terminal(),
            lost: Arc::default(),
        }
    }

    /// Prints the gate's own log lines to standard error when `GATE_LOG` asks for them.
    pub(super) fn log_when_asked(&self) {
        let Ok(filter) = std::env::var("GATE_LOG") else {
            return;
        };
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
            .with_ansi(self.colour.0)
            .with_writer(std::io::stderr)
            .finish();
        drop(tracing::subscriber::set_global_default(subscriber));
    }

    /// Colour or none on standard error.
    pub(crate) fn style(&self) -> Style {
        style(self.colour.0)
    }

    /// Colour or none on standard output, which may be a file.
    pub(crate) fn output_style(&self) -> Style {
        style(self.colour.1)
    }

    /// Whether somebody can answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        self.answers
    }

    /// Prints to standard output. A reader that went away is no error; a full disk is.
    pub(crate) fn out(&self, text: &str) {
        let mut to = std::io::stdout().lock();
        let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        if let Err(error) = written
            && error.kind() != ErrorKind::BrokenPipe
            && !self.lost.swap(true, Ordering::Relaxed)
        {
            self.note(&format!("error: cannot write to standard output: {error}"));
        }
    }

    /// How the program ends: what was asked for and could not be printed was not given.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        match exit {
            Exit::Passed if self.lost.load(Ordering::Relaxed) => Exit::Error,
            other => other,
        }
    }

    /// Prints a line to standard error.
    #[expect(clippy::unused_self, reason = "who prints has been handed a console")]
    pub(crate) fn note(&self, text: &str) {
        drop(writeln!(std::io::stderr().lock(), "{text}"));
    }

    /// Says what went wrong, and gives the exit code back.
    pub(crate) fn fail(&self, exit: Exit, text: &str) -> Exit {
        let word = if self.colour.0 {
            "\u{1b}[31merror\u{1b}[0m"
        } else {
            "error"
        };
        self.note(&format!("{word}: {text}"));
        exit
    }

    /// Asks on standard error; only `y` and `yes` are yes.
    #[expect(clippy::unused_self, reason = "who asks has been handed a console")]
    pub(crate) fn ask(&self, question: &str) -> bool {
        let mut to = std::io::stderr().lock();
        drop(write!(to, "{question} [y/N] ").and_then(|()| to.flush()));
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).is_err() {
            return false;
        }
        matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
    }
}

fn style(colour: bool) -> Style {
    if colour { Style::Ansi } else { Style::Plain }
}
