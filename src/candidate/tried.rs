//! Whether an installed candidate works: its version line, its imports, and where they come from.

use std::time::Duration;

use super::boundary::Imports;
use super::install::Installed;
use super::installed::{stale, version_line};
use super::subject::Subject;
use crate::verb::{Ctx, VerbError};
use crate::world::{Finished, Place};

/// The result of trying an installed candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    /// The line that `--version` printed, if any.
    pub line: Option<String>,
    /// What is wrong, one line each.
    pub wrong: Vec<String>,
    /// Modules that are missing.
    pub missing: Vec<String>,
    /// Commands of the same name elsewhere on PATH.
    pub stale: Vec<String>,
}

impl Tried {
    /// Whether it works.
    #[must_use]
    pub fn works(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// Starts the command and imports the modules. A candidate that does not start prints no line.
///
/// # Errors
/// If its interpreter does not answer at all.
pub(super) async fn try_out(
    ctx: &Ctx,
    subject: &Subject,
    installed: &Installed,
) -> Result<Tried, VerbError> {
    let home = &installed.request.home;
    let command = home.bin().join(&subject.command).to_string();
    let expect = format!("{} version {}", subject.package, installed.request.version);
    ctx.progress(format!("starting {}", subject.command));
    let mut program = home.program(vec![command.clone(), "--version".to_owned()]);
    program.limit = Duration::from_mins(1);
    let finished = ctx.run(program).await?;
    let line = version_line(&finished.stdout.text, &expect).filter(|_| finished.success());
    let mut wrong = installed.look.outside();
    wrong.extend(line_is_wrong(&subject.command, &expect, line, &finished));
    let python = home.python(&subject.package);
    let imports = Imports::of(ctx, home, python.as_str(), &subject.modules).await?;
    wrong.extend(imports.wrong());
    let mut missing: Vec<String> = imports.missing().map(str::to_owned).collect();
    missing.extend(missing_module(&finished.stderr.text).map(str::to_owned));
    missing.sort();
    missing.dedup();
    Ok(Tried {
        line: line.map(str::to_owned),
        wrong,
        missing,
        stale: stale(ctx, &Place::new(command)).await?,
    })
}

fn line_is_wrong(
    command: &str,
    expect: &str,
    line: Option<&str>,
    finished: &Finished,
) -> Option<String> {
    match line {
        Some(line) if line == expect => None,
        Some(line) => Some(format!("`{command}` prints `{line}`, not `{expect}`")),
        None if finished.success() => Some(format!("`{command}` prints no line like `{expect}`")),
        None => Some(format!(
            "`{command} --version` ended with {}: {}",
            finished.ended,
            finished.stderr.last_lines(1)
        )),
    }
}

/// The missing module according to Python's own message.
fn missing_module(stderr: &str) -> Option<&str> {
    let says = "ModuleNotFoundError: No module named '";
    let line = stderr
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix(says));
    line?.split('\'').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_module_is_read_from_the_last_exception() {
        let said = "Traceback (most recent call last):\n  File \"x\", line 3\nModuleNotFoundError: No module named 'click'\n";
        assert_eq!(missing_module(said), Some("click"));
        assert_eq!(missing_module("ImportError: cannot import name 'x'"), None);
    }
}
