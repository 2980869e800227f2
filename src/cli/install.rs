//! `gate install`: one version of the candidate in a home of its own, and the environment to use
//! it. The environment goes to standard output and nothing else does, so that a shell can take it:
//! `eval "$(gate install 3.2.0rc16)"`.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde_json::Value;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::directories::{self, Into};
use super::recorded::Format;
use super::{checked, operator, run, sandbox};
use crate::candidate::{Delivered, From, Order, Subject, carry_out};
use crate::model::{Outcome, Verdict, quoted};
use crate::session::{self, ChosenSandbox, InstallHands};
use crate::toolbox::Needed;
use crate::verb::VerbError;
use crate::world::Place;
use crate::world::live::{Operator, Places, SandboxChoice};

#[derive(Debug, Args)]
pub(super) struct InstallArgs {
    /// The exact version, such as `3.2.0rc16`.
    version: String,
    /// Resolves the dependencies as of this time (RFC 3339); without it, `rc.as_of`, else now.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Keeps the wheels, and installs from them; `vendor` in the install's own directory unless
    /// another one is given.
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "")]
    vendor: Option<Utf8PathBuf>,
    /// Installs from wheels that `--vendor` has kept; needs no network.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["as_of", "vendor", "explain_drift"])]
    from: Option<Utf8PathBuf>,
    /// The directory that gets everything, new or empty; without it, one among the machine's
    /// temporary files.
    #[arg(long, value_name = "DIR")]
    into: Option<Utf8PathBuf>,
    /// When it is broken, tries it with the dependencies of its release day, too.
    #[arg(long)]
    explain_drift: bool,
    /// Installs and tries the candidate without a sandbox.
    #[arg(long)]
    no_sandbox: bool,
    /// What is printed: lines for a shell, or all that is known.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    gate: GateArgs,
}

/// The tools, and what is done about sandboxes.
async fn equipped(
    args: &InstallArgs,
    operator: &Operator,
    settings: &operator::Settings,
    console: &Console,
) -> Result<(session::Tools, ChosenSandbox), Exit> {
    let wanted = if args.no_sandbox {
        SandboxChoice::Off
    } else {
        SandboxChoice::Required
    };
    let sandbox = sandbox::choose(wanted, operator, console)?;
    let tools = run::tools(operator, settings, &Needed::All, console).await?;
    Ok((tools, sandbox))
}

pub(super) async fn run(args: InstallArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let prepared = match Prepared::new(&args, &operator, console).await {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let Prepared {
        order,
        hands,
        into,
        sandbox,
    } = prepared;
    let places = hands.places.clone();
    let trouble = match carried_out(&order, hands, console).await {
        Some(Ok(delivered)) => {
            let told = Told {
                delivered: &delivered,
                order: &order,
                sandbox: sandbox.as_deref(),
            };
            return told.print(args.format, &places, console);
        }
        Some(Err(trouble)) => trouble.outcome(),
        None => {
            console.note(&format!("what was done so far is in {}", into.path));
            return console.fail(Exit::Interrupted, "interrupted; what was started is ended");
        }
    };
    let exit = run::told(&expanded(&trouble, &places), console);
    if trouble.verdict() == Verdict::Blocked {
        // There is no such candidate: nothing was installed, and no log matters.
        into.clear();
    } else {
        console.note(&format!("what was done so far is in {}", into.path));
    }
    exit
}

/// Everything that is decided before anything is asked of the outside.
struct Prepared {
    order: Order,
    hands: InstallHands,
    into: Into,
    /// What keeps the installers and the candidate in.
    sandbox: Option<String>,
}

impl Prepared {
    /// Whatever can be wrong with the command line is found here.
    async fn new(args: &InstallArgs, operator: &Operator, console: &Console) -> Result<Self, Exit> {
        let wrong = |text: String| console.fail(Exit::Usage, &text);
        let version = args.version.parse().map_err(|error| {
            wrong(format!(
                "`{}` is not a version such as 3.2.0rc16: {error}",
                args.version
            ))
        })?;
        let (gate, overrides) = operator::gate(&args.gate, operator, console)?;
        let subject = Subject::of(&gate).map_err(|error| wrong(error.to_string()))?;
        let as_of = args.as_of.clone().or_else(|| subject.as_of.clone());
        if let Some(time) = &as_of {
            checked::check_as_of(time, console)?;
        }
        let settings = operator::settings(operator, &overrides);
        let wheels = wheels(args, operator).map_err(wrong)?;
        let into = Into::new(args.into.as_deref(), operator).map_err(wrong)?;
        let from = match (&args.from, &args.vendor) {
            (Some(_), _) => From::Vendored(Place::new(Place::VENDORED)),
            (None, vendor) => From::Index {
                as_of,
                vendor: vendor.as_ref().map(|_| match &wheels {
                    Some(_) => Place::new(Place::VENDORED),
                    None => Place::run("vendor"),
                }),
                explain_drift: args.explain_drift,
            },
        };
        let order = Order {
            subject,
            version,
            from,
            into: Place::run(""),
        };
        let equipped = equipped(args, operator, &settings, console).await;
        let (tools, sandbox) = match equipped {
            Ok(equipped) => equipped,
            Err(exit) => {
                into.clear();
                return Err(exit);
            }
        };
        let hands = session::install_hands(
            operator,
            &gate,
            &settings.cache,
            &into.path,
            wheels.as_deref(),
            &tools,
            sandbox.choice,
        );
        let prepared = Self {
            order,
            hands,
            into,
            sandbox: sandbox.version,
        };
        match prepared.must_not_be_to_come().await {
            Ok(()) => Ok(prepared),
            Err(text) => {
                prepared.into.clear();
                Err(wrong(text))
            }
        }
    }

    async fn must_not_be_to_come(&self) -> Result<(), String> {
        match &self.order.from {
            From::Index {
                as_of: Some(time), ..
            } => checked::must_have_been("--as-of", time, &self.hands.ctx).await,
            _ => Ok(()),
        }
    }
}

/// The directory of wheels outside of the install's own, to read or to fill.
fn wheels(args: &InstallArgs, operator: &Operator) -> Result<Option<Utf8PathBuf>, String> {
    if let Some(from) = &args.from {
        return directories::vendored(&operator.cwd.join(from)).map(Some);
    }
    match args.vendor.as_deref() {
        None => Ok(None),
        Some(vendor) if vendor == Utf8Path::new("") => Ok(None),
        Some(vendor) => directories::empty("--vendor", &operator.cwd.join(vendor)).map(Some),
    }
}

/// Carries it out, telling what is being done; nothing when the operator interrupts it. Whatever
/// was started is ended with the hands.
async fn carried_out(
    order: &Order,
    hands: InstallHands,
    console: &Console,
) -> Option<Result<Delivered, VerbError>> {
    let InstallHands {
        ctx, mut progress, ..
    } = hands;
    let mut signals = super::signals::signals();
    let work = carry_out(&ctx, order);
    tokio::pin!(work);
    loop {
        tokio::select! {
            Some((_, line)) = progress.recv() => console.note(&line),
            done = &mut work => return Some(done),
            Some(_) = signals.recv() => return None,
        }
    }
}

/// What came of it.
struct Told<'a> {
    delivered: &'a Delivered,
    order: &'a Order,
    sandbox: Option<&'a str>,
}

impl Told<'_> {
    fn print(&self, format: Format, places: &Places, console: &Console) -> Exit {
        for line in words(self) {
            console.note(&places.expand(&line));
        }
        let trouble = self.delivered.trouble();
        match format {
            Format::Json => {
                let mut document = expanded_value(&self.delivered.json(), places);
                document["sandbox"] = self.sandbox.into();
                console.json(&document);
            }
            // A shell that takes these lines would use what does not work.
            Format::Text if trouble.is_some() => {}
            Format::Text => console.out(&exports(self.delivered, places)),
        }
        match trouble {
            None => Exit::Passed,
            Some(finding) => run::told(&expanded(&Outcome::Blocked(finding), places), console),
        }
    }
}

/// What was installed, for people.
fn words(told: &Told<'_>) -> Vec<String> {
    let Told {
        delivered, order, ..
    } = told;
    let Delivered {
        installed, tried, ..
    } = delivered;
    let request = &installed.request;
    let when = request.as_of.as_deref().unwrap_or(match order.from {
        From::Vendored(_) => "the day they were kept",
        From::Index { .. } => "now",
    });
    let mut lines = vec![format!(
        "{} {}: {} packages, locked by hash as of {when}",
        request.package,
        request.version,
        installed.lock.packages.len()
    )];
    lines.push(format!(
        "  lock     {} (closure {})",
        installed.lock.place,
        installed.lock.closure_sha256()
    ));
    if let Some(wheels) = kept_in(order) {
        lines.push(format!(
            "  wheels   {wheels}; `gate install {} --from {}` needs no network",
            quoted(&request.version),
            quoted(&wheels.to_string())
        ));
    }
    lines.push(format!("  command  {}", installed.look.entry));
    lines.push(format!(
        "  python   {} ({})",
        installed.look.python, installed.look.python_version
    ));
    lines.push(format!(
        "  files    {}, sha256 {}",
        installed.look.files, installed.look.files_sha256
    ));
    let nothing = "none: installed and tried with your own rights";
    lines.push(format!("  sandbox  {}", told.sandbox.unwrap_or(nothing)));
    if let Some(line) = &tried.line {
        lines.push(format!("  prints   {line}"));
    }
    lines.push(format!(
        "  yours    {} files of your home looked at before and after, {} changed",
        delivered.home.looked_at,
        delivered.home.changed.len()
    ));
    let stale = tried.stale.iter();
    lines.extend(stale.map(|path| {
        format!("warning: `{path}` is on PATH too; it is not this candidate and was not used")
    }));
    let changed = delivered.home.warnings();
    lines.extend(changed.map(|change| format!("warning: {change}")));
    lines
}

/// The directory that has kept the wheels.
fn kept_in(order: &Order) -> Option<&Place> {
    match &order.from {
        From::Index { vendor, .. } => vendor.as_ref(),
        From::Vendored(place) => Some(place),
    }
}

/// Lines for a POSIX shell.
fn exports(delivered: &Delivered, places: &Places) -> String {
    let line = |(name, value): (&String, &String)| {
        let quoted = quoted(&places.expand(value));
        if name == "PATH" {
            format!("export PATH={quoted}:\"$PATH\"\n")
        } else {
            format!("export {name}={quoted}\n")
        }
    };
    delivered.environment.iter().map(line).collect()
}

/// An outcome with this machine's paths, for who sits before it.
fn expanded(outcome: &Outcome, places: &Places) -> Outcome {
    let value = serde_json::to_value(outcome).unwrap_or_default();
    serde_json::from_value(expanded_value(&value, places)).unwrap_or_else(|_| outcome.clone())
}

fn expanded_value(value: &Value, places: &Places) -> Value {
    match value {
        Value::String(text) => Value::String(places.expand(text)),
        Value::Array(all) => all.iter().map(|one| expanded_value(one, places)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, one)| (name.clone(), expanded_value(one, places)))
            .collect(),
        other => other.clone(),
    }
}
