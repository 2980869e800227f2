//! Whether a version can be installed at all, asked of the index before anything is: a version that
//! is not there, was taken back, or came later than the time that was given, is told from one whose
//! dependencies cannot be resolved.

use std::time::Duration;

use jiff::Timestamp;

use super::index::{Index, Offer, OnIndex};
use super::standalone::Order;
use crate::gate::Finding;
use crate::verbs::{Ctx, Trouble};

/// # Errors
/// Blocked, if the index does not offer the version, or not as of that time.
pub(super) async fn must_be_offered(
    ctx: &Ctx,
    order: &Order,
    as_of: Option<&str>,
) -> Result<(), Trouble> {
    let (package, version) = (&order.subject.package, &order.version);
    ctx.progress(format!("asking the package index for {package} {version}"));
    let index = Index::of(ctx, package).await?;
    match index.standing(version).await? {
        OnIndex::Offered => {}
        OnIndex::Yanked => {
            let what = format!("{package} {version} was yanked: its publisher took it back");
            return Err(instead(&index, order, Finding::new(what)).await?);
        }
        OnIndex::Absent => return Err(absent(&index, order).await?),
    }
    match as_of {
        Some(time) => must_be_there_by(&index, order, time).await,
        None => Ok(()),
    }
}

async fn absent(index: &Index<'_>, order: &Order) -> Result<Trouble, Trouble> {
    let (package, version) = (&order.subject.package, &order.version);
    if let Offer::None(said) = index.newest(package, false).await? {
        let mut finding = Finding::new(format!(
            "the package index offers no `{package}` at all for this machine's Python"
        ));
        finding.seen = said;
        let remedy = "check the name (`rc.package`), uv's index settings, and `python3 --version`";
        return Ok(Trouble::blocked(finding.remedy(remedy)));
    }
    let mut finding = Finding::new(format!(
        "the package index offers no {package} {version} for this machine's Python"
    ));
    if let Offer::None(said) = index
        .newest(&format!("{package}=={version}"), false)
        .await?
    {
        // Whether it is the Python: that it is not there was said already.
        finding.seen = said;
        finding.seen.retain(|line| line.contains("Python"));
    }
    instead(index, order, finding).await
}

/// Names what could be had instead.
async fn instead(index: &Index<'_>, order: &Order, finding: Finding) -> Result<Trouble, Trouble> {
    let before = format!("{}<={}", order.subject.package, order.version);
    let finding = finding.seen(match index.newest(&before, false).await? {
        Offer::Version(newest) => format!("the newest before it that is offered: {newest}"),
        Offer::None(_) => "nothing before it is offered either".to_owned(),
    });
    Ok(Trouble::blocked(
        finding.remedy("give a version that is offered"),
    ))
}

/// As of a time before its release there is no such version; and where the index does not tell
/// when anything was released, nothing is there as of any time.
async fn must_be_there_by(index: &Index<'_>, order: &Order, time: &str) -> Result<(), Trouble> {
    const DAY: Duration = Duration::from_hours(24);
    let (package, version) = (&order.subject.package, &order.version);
    let Some(released) = index.released(version).await? else {
        let what = "the package index does not tell when its files were uploaded, so nothing can \
                    be resolved as of a time";
        let remedy = "leave the time out, or have uv use an index that tells";
        return Err(Trouble::blocked(Finding::new(what).remedy(remedy)));
    };
    if time.parse::<Timestamp>().is_ok_and(|time| released <= time) {
        return Ok(());
    }
    let finding = Finding::new(format!(
        "as of {time} there was no {package} {version}: it was released at {released}"
    ));
    let remedy = format!(
        "give a time after that, such as `--as-of {}`",
        released + DAY
    );
    Err(Trouble::blocked(finding.remedy(remedy)))
}
