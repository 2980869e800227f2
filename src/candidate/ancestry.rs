//! Whether a tag contains a commit, determined in the operator's checkout. Reads only.

use crate::model::Finding;
use crate::verb::programs::{did_not_succeed, must_succeed};
use crate::verb::{Ctx, VerbError};
use crate::world::{Ended, Finished, Place, Program};

/// A git checkout in the workspace.
pub struct Checkout<'a> {
    ctx: &'a Ctx,
    place: Place,
}

/// Whether a commit is an ancestor of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It is, or both are the same commit.
    Yes,
    /// It is not.
    No,
    /// The checkout has no such commit.
    Unknown,
}

impl<'a> Checkout<'a> {
    /// The checkout in this directory of the workspace.
    pub fn new(ctx: &'a Ctx, directory: &str) -> Self {
        let place = Place::workspace(directory);
        Self { ctx, place }
    }

    /// The checkout's directory.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The commit that a tag points to; none if the checkout has no such tag.
    ///
    /// # Errors
    /// If it is not a checkout.
    pub async fn tag_commit(&self, tag: &str) -> Result<Option<String>, VerbError> {
        self.commit(&format!("refs/tags/{tag}^{{commit}}")).await
    }

    /// Whether `ancestor` is one of `commit`'s ancestors, or the same commit.
    ///
    /// # Errors
    /// If git cannot determine this.
    pub async fn holds(&self, commit: &str, ancestor: &str) -> Result<Held, VerbError> {
        if self
            .commit(&format!("{ancestor}^{{commit}}"))
            .await?
            .is_none()
        {
            return Ok(Held::Unknown);
        }
        let finished = self
            .git(&["merge-base", "--is-ancestor", ancestor, commit])
            .await?;
        match finished.ended {
            Ended::Code(0) => Ok(Held::Yes),
            Ended::Code(1) => Ok(Held::No),
            _ => Err(self.failed(&finished)),
        }
    }

    /// Whether the clone is shallow, so that an ancestor may be missing.
    ///
    /// # Errors
    /// If git cannot determine this.
    pub async fn is_shallow(&self) -> Result<bool, VerbError> {
        let program = self.program(&["rev-parse", "--is-shallow-repository"]);
        let finished = must_succeed(self.ctx, program).await?;
        Ok(finished.stdout.text.trim() != "false")
    }

    async fn commit(&self, name: &str) -> Result<Option<String>, VerbError> {
        let finished = self
            .git(&["rev-parse", "--verify", "--quiet", name])
            .await?;
        match finished.ended {
            Ended::Code(0) => Ok(Some(finished.stdout.text.trim().to_owned())),
            Ended::Code(1) => Ok(None),
            // git reports a missing full object id as a message even when quiet.
            Ended::Code(128) if finished.stderr.text.contains("unknown revision") => Ok(None),
            _ => Err(self.failed(&finished)),
        }
    }

    async fn git(&self, arguments: &[&str]) -> Result<Finished, VerbError> {
        Ok(self.ctx.run(self.program(arguments)).await?)
    }

    fn program(&self, arguments: &[&str]) -> Program {
        let mut program = Program::new(["git", "-C", self.place.as_str()]);
        program
            .argv
            .extend(arguments.iter().map(|&text| text.to_owned()));
        for name in [
            "GIT_OPTIONAL_LOCKS",
            "GIT_TERMINAL_PROMPT",
            "GIT_NO_LAZY_FETCH",
        ] {
            let value = if name == "GIT_NO_LAZY_FETCH" {
                "1"
            } else {
                "0"
            };
            program.env.insert(name.to_owned(), value.to_owned());
        }
        program
    }

    fn failed(&self, finished: &Finished) -> VerbError {
        let mut finding: Finding = did_not_succeed(&["git".to_owned()], finished);
        finding.what = format!(
            "the checkout `{}` does not answer: {}",
            self.place, finding.what
        );
        VerbError::error(
            finding.remedy("clone the repository there, or set `workspace`, then resume"),
        )
    }
}
