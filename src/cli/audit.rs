//! `gate audit`: does a fix change behaviour, and is it proved by a test?

use clap::{Args, ValueEnum};

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::{operator, run};
use crate::audit::{self, AuditRequest, TestCommand};
use crate::session;
use crate::verbs::{Ctx, Trouble, linked_change};
use crate::world::Place;

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// The checkout.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: camino::Utf8PathBuf,
    /// The commit that holds the fix.
    #[arg(long, value_name = "COMMIT", required_unless_present = "issue")]
    fix: Option<String>,
    /// The issue whose last closing change is the fix.
    #[arg(long, value_name = "OWNER/REPO#N", conflicts_with = "fix")]
    issue: Option<String>,
    /// File or directory (ending in `/`) whose behaviour counts; several may be given.
    #[arg(long, value_name = "PATH")]
    scope: Vec<String>,
    /// Word that a proving test must speak of; several may be given.
    #[arg(long, value_name = "WORD")]
    about: Vec<String>,
    /// Test command; `{junit}` and `{tests}` are filled in.
    #[arg(long, value_name = "CMD")]
    tests: Option<String>,
    /// Runs both sides this often, and names flaky tests.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    repeat: u32,
    /// Runs the fix without each of its hunks in turn, too.
    #[arg(long)]
    hunks: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) async fn run(args: AuditArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let (gate, overrides) = match operator::gate(&GateArgs::default(), &operator, console) {
        Ok(gate) => gate,
        Err(exit) => return exit,
    };
    let settings = operator::settings(&operator, &overrides);
    let tools = match run::tools(&operator, &settings, console).await {
        Ok(tools) => tools,
        Err(exit) => return exit,
    };
    let repo = operator.cwd.join(&args.repo);
    let ctx = session::audit_ctx(&operator, &gate, &settings.cache, &repo, &tools);
    let (fix, base) = match fix(&args, &ctx).await {
        Ok(fix) => fix,
        Err(trouble) => return run::told(&trouble.outcome(), console),
    };
    // Two audits of one fix share their worktrees' names, so each has a directory of its own.
    let scratch = Place::run("audit").join(&ulid::Ulid::generate().to_string());
    let mut request = AuditRequest::new(Place::workspace(""), fix, scratch);
    request.base = base;
    request.scope = args.scope;
    request.about = args.about;
    request.repeat = args.repeat;
    request.hunks = args.hunks;
    if let Some(line) = &args.tests {
        request.tests = TestCommand::from_line(line);
    }
    match audit::audit(&ctx, ctx.by(), &request).await {
        Ok(report) => {
            console.out(&match args.format {
                Format::Text => report.text(),
                Format::Json => serde_json::to_string_pretty(&report).unwrap_or_default() + "\n",
            });
            match report.decision.verdict.exit_code() {
                0 => Exit::Passed,
                3 => Exit::Blocked,
                _ => Exit::Error,
            }
        }
        Err(error) => {
            let exit = console.fail(Exit::Error, &error.to_string());
            if let Some(remedy) = error.remedy() {
                console.note(&format!("  → {remedy}"));
            }
            exit
        }
    }
}

/// The commit to audit, and the state before it where it is not its first parent.
async fn fix(args: &AuditArgs, ctx: &Ctx) -> Result<(String, Option<String>), Trouble> {
    match (&args.fix, &args.issue) {
        (Some(fix), _) => Ok((fix.clone(), None)),
        (None, Some(issue)) => {
            let (change, base) = linked_change(ctx, issue, &Place::workspace("")).await?;
            Ok((change.commit, base))
        }
        (None, None) => Ok(("HEAD".to_owned(), None)),
    }
}
