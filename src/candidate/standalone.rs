//! `gate install` as a library: one candidate, in a home of its own, with what it takes to use it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::boundary::Imports;
use super::drift::Drift;
use super::home::Home;
use super::install::{Install, Installed, Network, install, install_lock};
use super::installed::version_line;
use super::lock::{self, Lock};
use super::vendor::vendor;
use crate::verbs::{Ctx, Trouble};
use crate::world::Place;

/// What `gate install` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Name of the package.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// The command it must bring.
    pub command: String,
    /// Modules that must import.
    pub modules: Vec<String>,
    /// Resolve as of this time; none means now.
    pub as_of: Option<String>,
    /// Where everything goes; the home is `home` below it.
    pub into: Place,
    /// Whether the wheels are kept, and installed from without network.
    pub vendor: bool,
    /// Whether a broken candidate is held against its release day.
    pub explain_drift: bool,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// What was installed.
    pub installed: Installed,
    /// The line that `--version` printed; none when it printed none.
    pub line: Option<String>,
    /// What is wrong with the modules, one line each.
    pub wrong: Vec<String>,
    /// Variables to set to use it; `PATH` stands for the directory to put first.
    pub environment: BTreeMap<String, String>,
    /// Why it is broken, if it is and that was asked for.
    pub explained: Option<Explained>,
}

/// A broken candidate held against its release day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The time that the other lock was made for.
    pub as_of: String,
    /// What moved in between.
    pub drift: Drift,
    /// Whether the candidate works with the dependencies of that time.
    pub works_then: bool,
}

/// Installs a candidate, looks whether it works, and explains when it does not.
///
/// # Errors
/// If it could not be installed.
pub async fn carry_out(ctx: &Ctx, order: &Order) -> Result<Delivered, Trouble> {
    let request = order.request("", order.as_of.clone());
    let installed = if order.vendor {
        install_vendored(ctx, request).await?
    } else {
        install(ctx, request).await?
    };
    let (line, imports) = try_out(ctx, order, &installed).await?;
    let wrong = imports.wrong();
    let is_sound = line.is_some() && wrong.is_empty();
    let explained = if order.explain_drift && !is_sound {
        explain(ctx, order, &installed.lock, &imports).await?
    } else {
        None
    };
    let environment = environment(&installed.request.home);
    Ok(Delivered {
        installed,
        line,
        wrong,
        environment,
        explained,
    })
}

impl Order {
    fn request(&self, part: &str, as_of: Option<String>) -> Install {
        let root = self.into.join(part);
        Install {
            package: self.package.clone(),
            version: self.version.clone(),
            command: self.command.clone(),
            as_of,
            home: Home::at(root.join("home")),
            evidence: root.join("candidate"),
            network: Network::Allowed,
        }
    }
}

/// Locks, keeps the wheels, and installs from those alone.
async fn install_vendored(ctx: &Ctx, mut request: Install) -> Result<Installed, Trouble> {
    let requirement = format!("{}=={}", request.package, request.version);
    let place = request.evidence.join("pylock.toml");
    let lock = lock::lock(
        ctx,
        &request.home,
        place,
        &requirement,
        request.as_of.as_deref(),
    )
    .await?;
    let kept = vendor(ctx, &request.home, &lock, &request.evidence.join("vendor")).await?;
    request.network = Network::Cut;
    install_lock(ctx, request, kept).await
}

/// The version line and the imports. A candidate that does not start prints no line.
async fn try_out(
    ctx: &Ctx,
    order: &Order,
    installed: &Installed,
) -> Result<(Option<String>, Imports), Trouble> {
    let home = &installed.request.home;
    let command = home.bin().join(&order.command).to_string();
    let mut program = home.program(vec![command, "--version".to_owned()]);
    program.limit = Duration::from_mins(1);
    let finished = ctx.run(program).await?;
    let expect = format!("{} version {}", order.package, order.version);
    let line = version_line(&finished.stdout.text, &expect).filter(|_| finished.success());
    let line = line.map(str::to_owned);
    let python = home.python(&order.package);
    let imports = Imports::of(ctx, home, python.as_str(), &order.modules).await?;
    Ok((line, imports))
}

/// Locks as of the day after the release, and tries that out. Nothing to say when the index does
/// not tell when the candidate was released.
async fn explain(
    ctx: &Ctx,
    order: &Order,
    now: &Lock,
    imports: &Imports,
) -> Result<Option<Explained>, Trouble> {
    const DAY: Duration = Duration::from_hours(24);
    let Some(released) = now.uploaded(&order.package) else {
        return Ok(None);
    };
    let as_of = (released + DAY).to_string();
    ctx.progress(format!("locking as of {as_of}"));
    let then = install(ctx, order.request("then", Some(as_of.clone()))).await?;
    let (line, imports_then) = try_out(ctx, order, &then).await?;
    let works_then = line.is_some() && imports_then.wrong().is_empty();
    let missing = imports.missing().map(str::to_owned);
    let drift = Drift::between(&then.lock, now, missing);
    Ok(Some(Explained {
        as_of,
        drift,
        works_then,
    }))
}

fn environment(home: &Home) -> BTreeMap<String, String> {
    let mut variables = home.variables();
    variables.insert("PATH".to_owned(), home.bin().to_string());
    variables
}
