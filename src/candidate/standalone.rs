//! `gate install` as a library: one candidate, in a home of its own, with everything needed to use
//! it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::explain::{Explained, explain};
use super::home::Home;
use super::install::{Install, Installed, Network, install, install_lock};
use super::lock::{self, Lock};
use super::offered::must_be_offered;
use super::operator_home::{Compared, compared};
use super::order::{From, Order};
use super::tried::{Tried, try_out};
use super::vendor::{check_wheels, vendor};
use crate::model::Finding;
use crate::verb::{Ctx, VerbError};
use crate::world::Place;

/// The result of `gate install`.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// What was installed.
    pub installed: Installed,
    /// Whether it works.
    pub tried: Tried,
    /// Variables to set in order to use it; `PATH` is the directory to put first.
    pub environment: BTreeMap<String, String>,
    /// Why it is broken, if it is and the reason could be found.
    pub explained: Option<Explained>,
    /// The operator's home before and after.
    pub home: Compared,
}

/// Installs a candidate, tries it, and explains a failure. The operator's home is compared before
/// and after, even if the installation fails.
///
/// # Errors
/// If it could not be installed.
pub async fn carry_out(ctx: &Ctx, order: &Order) -> Result<Delivered, VerbError> {
    let (delivered, home) = compared(ctx, deliver(ctx, order)).await?;
    Ok(Delivered { home, ..delivered })
}

async fn deliver(ctx: &Ctx, order: &Order) -> Result<Delivered, VerbError> {
    let installed = match &order.from {
        From::Vendored(place) => install_kept(ctx, order, place).await?,
        From::Index { as_of, vendor, .. } => {
            let package = &order.subject.package;
            must_be_offered(ctx, package, &order.version, as_of.as_deref()).await?;
            let request = order.request("", as_of.clone());
            match vendor {
                Some(place) => install_vendored(ctx, request, place).await?,
                None => install(ctx, request).await?,
            }
        }
    };
    let tried = try_out(ctx, &order.subject, &installed).await?;
    let explained = match &order.from {
        From::Index { explain_drift, .. } if !tried.works() => {
            explain(ctx, order, &installed.lock, &tried, *explain_drift).await?
        }
        _ => None,
    };
    Ok(Delivered {
        environment: environment(&installed.request.home),
        installed,
        tried,
        explained,
        home: Compared::default(),
    })
}

impl Order {
    pub(super) fn request(&self, part: &str, as_of: Option<String>) -> Install {
        let root = self.into.join(part);
        Install {
            package: self.subject.package.clone(),
            version: self.version.to_string(),
            command: self.subject.command.clone(),
            as_of,
            home: Home::at(root.join("home")),
            evidence: root.join("candidate"),
            network: Network::Allowed,
        }
    }
}

/// Locks, keeps the wheels, and installs from those alone.
async fn install_vendored(
    ctx: &Ctx,
    mut request: Install,
    to: &Place,
) -> Result<Installed, VerbError> {
    let requirement = format!("{}=={}", request.package, request.version);
    ctx.progress(format!("locking the closure of {requirement}"));
    let place = request.evidence.join("pylock.toml");
    let as_of = request.as_of.as_deref();
    let lock = lock::lock(ctx, &request.home, place, &requirement, as_of).await?;
    let kept = vendor(ctx, &request.home, &lock, &request.evidence, to).await?;
    request.network = Network::Cut;
    install_lock(ctx, request, kept).await
}

/// Installs from stored wheels, each checked first.
async fn install_kept(ctx: &Ctx, order: &Order, place: &Place) -> Result<Installed, VerbError> {
    let kept: Lock = lock::read(ctx, place.join("pylock.toml")).await?;
    check_wheels(ctx, &kept).await?;
    let request = Install {
        network: Network::Cut,
        ..order.request("", None)
    };
    install_lock(ctx, request, kept).await
}

fn environment(home: &Home) -> BTreeMap<String, String> {
    let mut variables = home.variables();
    variables.insert("PATH".to_owned(), home.bin().to_string());
    variables
}

impl Delivered {
    /// Why it does not work, if so. It needs an external change: another version, or dependencies
    /// of another date.
    #[must_use]
    pub fn trouble(&self) -> Option<Finding> {
        if self.tried.works() {
            return None;
        }
        let request = &self.installed.request;
        let (package, version) = (&request.package, &request.version);
        let mut finding = Finding::new(format!("{package} {version} is installed, but broken"));
        finding.seen.clone_from(&self.tried.wrong);
        let explained = self.explained.as_ref();
        finding
            .seen
            .extend(explained.into_iter().flat_map(Explained::lines));
        finding.remedy = Some(match explained {
            Some(explained) if explained.may_have_worked() => format!(
                "`gate install {version} --as-of {}` installs it with the dependencies of its \
                 release day; what it needs today must be declared in its next release",
                explained.as_of
            ),
            _ => "another candidate is needed".to_owned(),
        });
        Some(finding)
    }

    /// The complete result as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut document = self.installed.fact();
        document["line"] = json!(self.tried.line);
        document["works"] = json!(self.tried.works());
        document["wrong"] = json!(self.tried.wrong);
        document["missing"] = json!(self.tried.missing);
        document["stale"] = json!(self.tried.stale);
        document["environment"] = json!(self.environment);
        document["explained"] = json!(self.explained);
        document["operator_home"] =
            json!({"looked_at": self.home.looked_at, "changed": self.home.changed});
        document["index_settings"] = json!(self.home.settings);
        document
    }
}
