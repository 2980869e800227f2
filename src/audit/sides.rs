//! Decides how the tests of each side are started: with the operator's own command, or in an
//! environment of that side on top of the shared one.

use jiff::Timestamp;

use super::behaviour::Behaviour;
use super::bench::Bench;
use super::environment::Maker;
use super::error::AuditError;
use super::git::Git;
use super::imports::{watching, write_probe};
use super::project::Project;
use super::python;
use super::request::AuditRequest;
use super::side::{Side, Sides};
use super::uv::Had;
use super::worktrees::Worktrees;

/// Prepares both sides. If the tests cannot be run at all, returns the reason.
pub(super) async fn prepare(
    git: Git<'_>,
    req: &AuditRequest,
    trees: &Worktrees,
    behaviour: &Behaviour,
    project: &Project,
    sources: &[&str],
) -> Had<Sides> {
    let probe = trees.reports.join("probe");
    write_probe(git, &probe).await?;
    if !req.tests.is_chosen() {
        let side = Side {
            tests: watching(&req.tests, sources, Some(&probe)),
            readable: vec![probe],
        };
        return Ok(Ok(Sides {
            before: side.clone(),
            after: side.clone(),
            without_scope: side,
            shown: req.tests.clone(),
            environment: None,
        }));
    }
    let fix = day(git, &behaviour.commits.fix).await?;
    let told = |why: String, looked: &[String]| {
        format!(
            "no environment for the tests: {why}; looked at {}; name the command that runs them: \
             `--tests`, or the parameter `product.tests`",
            looked.join(", ")
        )
    };
    let python = match python::find(git, &trees.reports, project, fix).await? {
        Ok(python) => python,
        Err(why) => return Ok(Err(told(why, &["uv python list".to_owned()]))),
    };
    let maker = Maker {
        git,
        kept: &req.environments,
        desk: &trees.reports,
        python: &python,
        as_of: python.packages_as_of(fix),
    };
    let bench = Bench {
        maker,
        trees,
        project,
        probe: &probe,
        version: version(git, &behaviour.commits.fix).await?,
        network: req.tests.network,
    };
    let choice_and_sides = bench.both(sources).await?;
    Ok(choice_and_sides.map_err(|(why, looked)| told(why, &looked)))
}

/// The date of the fix.
async fn day(git: Git<'_>, fix: &str) -> Result<Timestamp, AuditError> {
    let arguments = ["show", "-s", "--format=%ct", fix];
    let text = git.text(&arguments, None).await?;
    let seconds = text.trim().parse().ok();
    seconds
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or_else(|| AuditError::Answer {
            command: "git show -s --format=%ct".to_owned(),
            reason: format!("`{}` is no time", text.trim()),
        })
}

/// The version for builds that derive theirs from the git history: the last tag's, for both sides.
async fn version(git: Git<'_>, fix: &str) -> Result<String, AuditError> {
    let arguments = ["describe", "--tags", "--abbrev=0", fix];
    let finished = git.run(&arguments, None).await?;
    let tag = finished
        .stdout
        .text
        .trim()
        .trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let plain = tag
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '.');
    Ok(if finished.success() && plain && !tag.is_empty() {
        tag.to_owned()
    } else {
        "0.0.0".to_owned()
    })
}
