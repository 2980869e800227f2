//! Why a candidate that is broken today worked on its release day.

use std::time::Duration;

use serde::Serialize;

use super::drift::Drift;
use super::install::install_lock;
use super::lock::{self, Lock};
use super::standalone::Order;
use super::tried::{Tried, try_out};
use crate::verbs::{Ctx, Trouble};

/// More moved packages than this are counted, not listed: what matters stands first.
const LISTED: usize = 60;

/// A broken candidate held against its release day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The time that the other lock was made for.
    pub as_of: String,
    /// What moved in between.
    pub drift: Drift,
    /// Whether the candidate works with the dependencies of that time; none where that was not
    /// asked for.
    pub works_then: Option<bool>,
}

/// Locks as of the day after the release, and, when asked, tries that out. Nothing to say when
/// the index does not tell when the candidate was released.
pub(super) async fn explain(
    ctx: &Ctx,
    order: &Order,
    now: &Lock,
    tried: &Tried,
    try_then: bool,
) -> Result<Option<Explained>, Trouble> {
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
    let then = lock::lock(ctx, &request.home, place, &requirement, Some(&as_of)).await?;
    let drift = Drift::between(&then, now, tried.missing.iter().cloned());
    let mut works_then = None;
    if try_then {
        let then = install_lock(ctx, request, then).await?;
        works_then = Some(try_out(ctx, &order.subject, &then).await?.works());
    }
    Ok(Some(Explained {
        as_of,
        drift,
        works_then,
    }))
}

impl Explained {
    /// In words, one line each.
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
        lines.push(match self.works_then {
            Some(true) => format!("with the dependencies of {as_of} it works"),
            Some(false) => format!("with the dependencies of {as_of} it is broken, too"),
            None => format!("`--explain-drift` tries it with the dependencies of {as_of}"),
        });
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
