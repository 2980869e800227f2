//! Explains why a candidate that is broken today worked on its release date.

use std::time::Duration;

use serde::Serialize;

use super::drift::Drift;
use super::install::{Install, install_lock};
use super::lock::{self, Lock};
use super::order::Order;
use super::tried::{Tried, try_out};
use crate::verb::{Ctx, VerbError};

/// If more packages changed than this, they are counted, not listed; the relevant ones come first.
const LISTED: usize = 60;

/// A broken candidate compared with its release date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The date that the other lock was resolved for.
    pub as_of: String,
    /// What changed in between.
    pub drift: Drift,
    /// Why the other lock could not be created or tried, if so: that the candidate is broken today
    /// is known in any case.
    pub undetermined: Option<String>,
    /// Whether the candidate works with the dependencies of that date; none if that was not
    /// requested.
    pub works_then: Option<bool>,
}

/// Locks as of the day after the release, and tries that if requested. None if the index does not
/// report when the candidate was released.
pub(super) async fn explain(
    ctx: &Ctx,
    order: &Order,
    now: &Lock,
    tried: &Tried,
    try_then: bool,
) -> Result<Option<Explained>, VerbError> {
    const DAY: Duration = Duration::from_hours(24);
    let package = &order.subject.package;
    let Some(released) = now.uploaded(package) else {
        return Ok(None);
    };
    let as_of = (released + DAY).to_string();
    ctx.progress(format!("locking as of {as_of}"));
    let request = order.request("then", Some(as_of.clone()));
    let requirement = format!("{package}=={}", order.version);
    let place = request.evidence.join("pylock.toml");
    let missing = tried.missing.iter().cloned();
    let mut explained = Explained {
        drift: Drift::between(now, now, missing.clone()),
        works_then: None,
        undetermined: None,
        as_of: as_of.clone(),
    };
    let then = match lock::lock(ctx, &request.home, place, &requirement, Some(&as_of)).await {
        Ok(then) => then,
        Err(trouble) => return Ok(Some(explained.without(trouble))),
    };
    explained.drift = Drift::between(&then, now, missing);
    if !try_then {
        return Ok(Some(explained));
    }
    match works(ctx, order, request, then).await {
        Ok(works) => explained.works_then = Some(works),
        Err(trouble) => explained = explained.without(trouble),
    }
    Ok(Some(explained))
}

async fn works(ctx: &Ctx, order: &Order, request: Install, then: Lock) -> Result<bool, VerbError> {
    let installed = install_lock(ctx, request, then).await?;
    Ok(try_out(ctx, &order.subject, &installed).await?.works())
}

impl Explained {
    /// Whether nothing known rules out that it worked on its release date.
    pub(super) fn may_have_worked(&self) -> bool {
        self.works_then.unwrap_or(self.undetermined.is_none())
    }

    fn without(self, trouble: VerbError) -> Self {
        let outcome = trouble.outcome();
        let what = outcome.finding().map(|finding| finding.what.clone());
        let undetermined = Some(what.unwrap_or_else(|| format!("{:?}", outcome.verdict())));
        Self {
            undetermined,
            ..self
        }
    }

    /// The explanation, one line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Drift {
            moved,
            missing,
            gone,
        } = &self.drift;
        let as_of = &self.as_of;
        let mut lines = Vec::new();
        for module in missing {
            let package = gone.iter().find(|gone| gone.replace('-', "_") == *module);
            lines.push(match package {
                Some(package) => format!(
                    "module `{module}` is missing: nothing needs `{package}` any more, though \
                     something did as of {as_of}"
                ),
                None => format!("module `{module}` is missing"),
            });
        }
        lines.push(match (self.works_then, &self.undetermined) {
            (Some(true), _) => format!("with the dependencies of {as_of} it works"),
            (Some(false), _) => format!("with the dependencies of {as_of} it is broken, too"),
            (None, Some(why)) => {
                format!("whether it works with the dependencies of {as_of} is not known: {why}")
            }
            (None, None) => format!("`--explain-drift` tries it with the dependencies of {as_of}"),
        });
        if moved.is_empty() && self.undetermined.is_some() {
            return lines;
        }
        if moved.is_empty() {
            lines.push(format!("no dependency has moved since {as_of}"));
        } else {
            lines.push(format!("moved since {as_of}, {} packages:", moved.len()));
        }
        lines.extend(moved.iter().take(LISTED).map(|one| format!("  {one}")));
        if moved.len() > LISTED {
            lines.push(format!("  and {} more", moved.len() - LISTED));
        }
        lines
    }
}
