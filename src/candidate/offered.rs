//! Whether the index can supply a version at all, checked before anything is installed.
//! Distinguishes a version that does not exist, was yanked, or was published after the given time
//! from one whose dependencies cannot be resolved.

use std::time::Duration;

use jiff::Timestamp;
use pep440_rs::Version;

use super::index::{Index, Offer, OnIndex};
use crate::model::Finding;
use crate::verb::{Ctx, VerbError};

/// Queries the index for exactly this version.
///
/// # Errors
/// Blocked, if the index does not offer the version, or not as of that time.
pub(crate) async fn must_be_offered(
    ctx: &Ctx,
    package: &str,
    version: &Version,
    as_of: Option<&str>,
) -> Result<(), VerbError> {
    ctx.progress(format!("asking the package index for {package} {version}"));
    let asked = Asked {
        index: Index::of(ctx, package).await?,
        package,
        version,
    };
    match asked.index.standing(version).await? {
        OnIndex::Offered => {}
        OnIndex::Yanked => {
            let what = format!("{package} {version} was yanked: its publisher took it back");
            return Err(asked.instead(Finding::new(what)).await?);
        }
        OnIndex::Absent => return Err(asked.absent().await?),
    }
    match as_of {
        Some(time) => asked.must_be_there_by(time).await,
        None => Ok(()),
    }
}

/// The error that an index does not report upload times.
pub(super) fn tells_no_time() -> VerbError {
    let what = "the package index does not tell when its files were uploaded, so nothing can be \
                resolved as of a time";
    let remedy = "leave the time out, or have uv use an index that says when files were uploaded";
    VerbError::blocked(Finding::new(what).remedy(remedy))
}

/// A requested version.
struct Asked<'a> {
    index: Index<'a>,
    package: &'a str,
    version: &'a Version,
}

impl Asked<'_> {
    async fn absent(&self) -> Result<VerbError, VerbError> {
        let Self {
            index,
            package,
            version,
        } = self;
        if let Offer::None(said) = index.newest(package, false).await? {
            let mut finding = Finding::new(format!(
                "the package index offers no `{package}` at all for this machine's Python"
            ));
            finding.seen = said;
            let remedy =
                "check the name (`rc.package`), uv's index settings, and `python3 --version`";
            return Ok(VerbError::blocked(finding.remedy(remedy)));
        }
        let mut finding = Finding::new(format!(
            "the package index offers no {package} {version} for this machine's Python"
        ));
        if let Offer::None(said) = index
            .newest(&format!("{package}=={version}"), false)
            .await?
        {
            // Checks whether Python is the reason: that the version is missing was already
            // reported.
            finding.seen = said;
            finding.seen.retain(|line| line.contains("Python"));
        }
        self.instead(finding).await
    }

    /// Names what could be had instead.
    async fn instead(&self, finding: Finding) -> Result<VerbError, VerbError> {
        let before = format!("{}<={}", self.package, self.version);
        let finding = finding.seen(match self.index.newest(&before, false).await? {
            Offer::Version(newest) => format!("the newest before it that is offered: {newest}"),
            Offer::None(_) => "nothing before it is offered either".to_owned(),
        });
        Ok(VerbError::blocked(
            finding.remedy("give a version that is offered"),
        ))
    }

    /// Before its release a version does not exist; and if the index does not report release times,
    /// nothing exists as of any time.
    async fn must_be_there_by(&self, time: &str) -> Result<(), VerbError> {
        const DAY: Duration = Duration::from_hours(24);
        let (package, version) = (self.package, self.version);
        let Some(released) = self.index.released(version).await? else {
            return Err(tells_no_time());
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
        Err(VerbError::blocked(finding.remedy(remedy)))
    }
}
