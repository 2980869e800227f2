//! `gate audit`: does a fix change behaviour, and is it proved by a test?

use clap::Args;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::failure::with_causes;
use super::recorded::Format;
use super::{operator, run, sandbox};
use crate::audit::{self, AuditError, AuditReport, AuditRequest, TestCommand, Verdict};
use crate::session::Auditing;
use crate::toolbox::Needed;
use crate::verb::{Ctx, VerbError};
use crate::verbs::linked_change;
use crate::world::Place;
use crate::world::live::SandboxChoice;

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
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
    /// Word that a proving test must speak of; of several, all.
    #[arg(long, value_name = "WORD")]
    about: Vec<String>,
    /// Test command; `{junit}` and `{tests}` are filled in. Without it, the project's own
    /// declarations decide what the tests are run with.
    #[arg(
        long,
        value_name = "CMD",
        default_value = "",
        hide_default_value = true
    )]
    tests: String,
    /// Run the two sides one after the other, for tests that share a port or a path.
    #[arg(long)]
    in_turn: bool,
    /// Runs both sides this often, and names flaky tests.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    repeat: u32,
    /// Runs the fix without each of its hunks in turn, too.
    #[arg(long)]
    hunks: bool,
    /// Lets the tests reach the network, which they do not otherwise; the report says so.
    #[arg(long)]
    network: bool,
    /// Runs the tests without a sandbox; the report says so.
    #[arg(long)]
    no_sandbox: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) async fn run(args: AuditArgs, console: &Console) -> Exit {
    let auditing = match open(&args, console).await {
        Ok(auditing) => auditing,
        Err(exit) => return exit,
    };
    let mut signals = super::signals::signals();
    let request = AuditRequest::new(Place::workspace(""), "", auditing.scratch());
    let audited = tokio::select! {
        audited = audited(&args, &auditing, request.clone(), console) => Some(audited),
        _ = signals.recv() => None,
    };
    let left = auditing.end_leftovers().await;
    if left > 0 {
        console.note(&format!(
            "the tests left {left} processes behind; they were ended"
        ));
    }
    match audited {
        Some(Ok(mut report)) => {
            for command in &mut report.commands {
                *command = as_typed(command, &args);
            }
            said(&report, args.format, console)
        }
        Some(Err(exit)) => exit,
        None => tokio::select! {
            exit = given_up(&args, &auditing, &request, console) => exit,
            _ = signals.recv() => {
                auditing.kill_all();
                console.fail(Exit::Interrupted, "interrupted again: the next audit cleans up")
            }
        },
    }
}

/// Everything that the audit needs, before any of it runs.
async fn open(args: &AuditArgs, console: &Console) -> Result<Auditing, Exit> {
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (gate, overrides) = operator::gate(&GateArgs::default(), &operator, console)?;
    let settings = operator::settings(&operator, &overrides);
    let wanted = if args.no_sandbox {
        SandboxChoice::Off
    } else {
        SandboxChoice::Required
    };
    let sandbox = sandbox::choose(wanted, &operator, console)?;
    let tools = run::tools(&operator, &settings, &Needed::All, console).await?;
    let repo = operator.cwd.join(&args.repo);
    Auditing::open(
        &operator,
        &gate,
        &settings.cache,
        &repo,
        &tools,
        sandbox.choice,
    )
    .map_err(|error| console.fail(Exit::Error, &with_causes(&error)))
}

async fn audited(
    args: &AuditArgs,
    auditing: &Auditing,
    mut request: AuditRequest,
    console: &Console,
) -> Result<AuditReport, Exit> {
    let ctx = auditing.ctx();
    if auditing.cleared() > 0 {
        audit::clean_up(ctx, ctx.by(), &request)
            .await
            .map_err(|error| failed(&error, args, console))?;
    }
    let (fix, base) = fix(args, ctx)
        .await
        .map_err(|trouble| run::told(&trouble.outcome(), console))?;
    request.fix = fix;
    request.base = base;
    request.scope.clone_from(&args.scope);
    request.about.clone_from(&args.about);
    request.repeat = args.repeat;
    request.hunks = args.hunks;
    request.tests = TestCommand::from_line(&args.tests).with_network(args.network);
    request.in_turn = args.in_turn;
    audit::audit(ctx, ctx.by(), &request)
        .await
        .map_err(|error| failed(&error, args, console))
}

/// After an interrupt: the tests end, and the worktrees go.
async fn given_up(
    args: &AuditArgs,
    auditing: &Auditing,
    request: &AuditRequest,
    console: &Console,
) -> Exit {
    auditing.settle().await;
    let ctx = auditing.ctx();
    match audit::clean_up(ctx, ctx.by(), request).await {
        Ok(_) | Err(AuditError::NotARepository { .. }) => console.fail(
            Exit::Interrupted,
            "interrupted; the repository is as it was",
        ),
        Err(error) => failed(&error, args, console),
    }
}

fn said(report: &AuditReport, format: Format, console: &Console) -> Exit {
    match format {
        Format::Text => console.out(&report.text()),
        Format::Json => console.json(report),
    }
    match report.decision.verdict.exit_code() {
        Verdict::ACCEPTED => Exit::Passed,
        Verdict::REJECTED => Exit::Blocked,
        _ => Exit::Error,
    }
}

fn failed(error: &AuditError, args: &AuditArgs, console: &Console) -> Exit {
    let exit = console.fail(Exit::Error, &as_typed(&error.to_string(), args));
    if let Some(remedy) = error.remedy() {
        // A command to repeat works from wherever it is typed.
        let repo = operator::of_process().map(|operator| operator.cwd.join(&args.repo));
        let repo = repo.unwrap_or_else(|_| args.repo.clone());
        let token = Place::workspace("").to_string();
        console.note(&format!("  → {}", remedy.replace(&token, repo.as_str())));
    }
    exit
}

/// A text that names the checkout as the operator does, who may want to repeat a command in it.
fn as_typed(text: &str, args: &AuditArgs) -> String {
    text.replace(&Place::workspace("").to_string(), args.repo.as_str())
}

/// The commit to audit, and the state before it where it is not its first parent.
async fn fix(args: &AuditArgs, ctx: &Ctx) -> Result<(String, Option<String>), VerbError> {
    match (&args.fix, &args.issue) {
        (Some(fix), _) => Ok((fix.clone(), None)),
        (None, Some(issue)) => {
            let (change, base) = linked_change(ctx, issue, &Place::workspace("")).await?;
            Ok((change.commit, base))
        }
        (None, None) => Ok(("HEAD".to_owned(), None)),
    }
}
