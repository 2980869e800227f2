//! Standard output and error, and what kind of reader is there. Whatever is printed passes here,
//! and nothing of it acts on a terminal but the gate's own colours.
#![expect(
    clippy::disallowed_methods,
    reason = "the process's own streams and variables are read once, here"
)]

use std::borrow::Cow;
use std::io::{BufRead, ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;
use crate::model::escape;
use crate::report::{Style, harmless};
use crate::world::live::environment;

/// The process's streams.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    /// Whether standard error, and standard output, are shown in colour.
    colour: (bool, bool),
    /// Whether somebody reads progress on a terminal.
    pub(crate) live: bool,
    answers: bool,
    /// Whether GitHub Actions reads the log, in which a line may be a command.
    pub(super) actions: bool,
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
            actions: environment()
                .get(std::ffi::OsStr::new("GITHUB_ACTIONS"))
                .is_some_and(|value| value == "true"),
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

    /// How many columns the terminal has now; 80 where it does not say.
    pub(crate) fn columns() -> usize {
        let size = rustix::termios::tcgetwinsize(std::io::stderr());
        let columns = size.map_or(0, |size| usize::from(size.ws_col));
        if columns == 0 { 80 } else { columns }
    }

    /// Whether somebody can answer a question.
    pub(crate) fn can_ask(&self) -> bool {
        self.answers
    }

    /// Prints to standard output. A reader that went away is no error; a full disk is.
    pub(crate) fn out(&self, text: &str) {
        let mut to = std::io::stdout().lock();
        let text = escape::terminal(text, self.colour.1);
        let text = self.harmless(&text);
        let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        if let Err(error) = written
            && error.kind() != ErrorKind::BrokenPipe
            && !self.lost.swap(true, Ordering::Relaxed)
        {
            self.note(&format!("error: cannot write to standard output: {error}"));
        }
    }

    /// Prints a value as JSON, which a terminal shows as it is.
    pub(crate) fn json(&self, value: &impl serde::Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.out(&(escape::json(&text) + "\n"));
    }

    /// How the program ends: what was asked for and could not be printed was not given.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        match exit {
            Exit::Passed if self.lost.load(Ordering::Relaxed) => Exit::Error,
            other => other,
        }
    }

    /// Prints a line to standard error.
    pub(crate) fn note(&self, text: &str) {
        let text = escape::terminal(text, self.colour.0);
        let text = self.harmless(&text);
        drop(writeln!(std::io::stderr().lock(), "{text}"));
    }

    /// Prints a workflow command to standard error, where GitHub Actions reads it.
    pub(super) fn command(&self, line: &str) {
        if self.actions {
            drop(writeln!(std::io::stderr().lock(), "{line}"));
        }
    }

    /// What is printed as it can be read by whoever reads the log.
    fn harmless<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.actions {
            Cow::Owned(harmless(text))
        } else {
            Cow::Borrowed(text)
        }
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

    /// Asks on standard error for a line; none at the end of the input.
    #[expect(clippy::unused_self, reason = "who asks has been handed a console")]
    pub(crate) fn ask_for(&self, question: &str) -> Option<String> {
        let mut to = std::io::stderr().lock();
        drop(write!(to, "{question}: ").and_then(|()| to.flush()));
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }

    /// Asks on standard error; only `y` and `yes` are yes.
    #[expect(clippy::unused_self, reason = "who asks has been handed a console")]
    pub(crate) fn ask(&self, question: &str) -> bool {
        let question = escape::visible(question);
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
