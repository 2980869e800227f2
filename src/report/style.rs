//! Colour, or none: the creator of a [`Style`] honours `NO_COLOR` and a missing terminal.

use crate::model::Outcome;

/// Whether to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    #[default]
    Plain,
    /// ANSI colours.
    Ansi,
}

impl Style {
    /// Paints a text in the colour of an outcome.
    #[must_use]
    pub fn outcome(self, result: Option<&Outcome>, text: &str) -> String {
        let code = match result {
            None | Some(Outcome::Skipped { .. } | Outcome::NotRun { .. }) => "2",
            Some(Outcome::Passed { .. }) => "32",
            Some(Outcome::Blocked(_)) => "33",
            Some(Outcome::Error(_)) => "35",
            Some(Outcome::Failed(_)) => "31",
            Some(Outcome::Critical(_)) => "1;41",
        };
        self.paint(code, text)
    }

    /// Paints a text bold.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Paints a text faint.
    #[must_use]
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}
