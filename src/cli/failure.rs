//! Errors as the command line reports them: with their causes, the remedy and an exit code.

use super::Exit;
use super::console::Console;
use crate::session;

/// Says why a run could not begin or be found.
pub(super) fn failed(error: &session::SessionError, console: &Console) -> Exit {
    let exit = match error {
        session::SessionError::Busy { .. } => Exit::Blocked,
        session::SessionError::Interrupted => Exit::Interrupted,
        other if other.is_usage() => Exit::Usage,
        _ => Exit::Error,
    };
    let exit = console.fail(exit, &with_causes(error));
    if let Some(remedy) = error.remedy() {
        console.note(&format!("  → {remedy}"));
    }
    exit
}

/// An error with its causes, in one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let told = inner.to_string();
        // Some errors tell their cause themselves.
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        cause = inner.source();
    }
    text
}
