//! What the package index offers, queried through uv and its own configured default index.
//!
//! Decides by uv's exit code and standard output. Its messages are only shown to people, except for
//! the one sentence that distinguishes "no such version" from "the index could not be reached".

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use pep440_rs::Version;

use super::home::normalised;
use super::lock_file;
use super::python::interpreter;
use crate::model::Finding;
use crate::verb::programs::did_not_succeed;
use crate::verb::{Ctx, VerbError};
use crate::world::{Ended, EnvBase, Finished, Place, Program, Sandbox};

/// How uv begins its explanation when nothing meets a requirement.
pub(super) const NO_SOLUTION: &str = "No solution found";

/// One package on the index.
pub struct Index<'a> {
    ctx: &'a Ctx,
    package: &'a str,
    /// The interpreter that versions must be for.
    python: String,
    /// What was uploaded later does not exist.
    as_of: Option<String>,
}

/// What the index offers for a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// The newest version that meets it and is not yanked.
    Version(Version),
    /// None; uv's explanation.
    None(Vec<String>),
}

/// Whether one version is available on the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnIndex {
    /// It is available.
    Offered,
    /// It exists, but was yanked.
    Yanked,
    /// It does not exist, or not for this Python.
    Absent,
}

impl<'a> Index<'a> {
    /// The package on the operator's default index.
    ///
    /// # Errors
    /// If there is no `python3`.
    pub async fn of(ctx: &'a Ctx, package: &'a str) -> Result<Self, VerbError> {
        let python = interpreter(ctx).await?;
        Ok(Self {
            ctx,
            package,
            python,
            as_of: None,
        })
    }

    /// The same index as it was at a time (RFC 3339); none means now. If an index does not report
    /// when a file was uploaded, the file is ignored.
    #[must_use]
    pub fn as_of(mut self, time: Option<&str>) -> Self {
        self.as_of = time.map(str::to_owned);
        self
    }

    /// The newest version that meets the requirement; yanked ones never do. With `refresh` the
    /// index is queried again, otherwise a recent cached response may be used.
    ///
    /// # Errors
    /// If the index could not be queried.
    pub async fn newest(&self, requirement: &str, refresh: bool) -> Result<Offer, VerbError> {
        let anew = ["--refresh-package", self.package];
        let mut more: Vec<&str> = if refresh { anew.into() } else { Vec::new() };
        if let Some(time) = &self.as_of {
            more.extend(["--exclude-newer", time]);
        }
        let finished = self.compile(requirement, &more).await?;
        self.read(&finished)
    }

    /// Whether exactly this version is available. uv accepts a yanked version only if it is pinned
    /// with `==`.
    ///
    /// # Errors
    /// If the index could not be queried.
    pub async fn standing(&self, version: &Version) -> Result<OnIndex, VerbError> {
        let package = self.package;
        let free = format!("{package}>={version},<={version}");
        if matches!(self.newest(&free, false).await?, Offer::Version(_)) {
            return Ok(OnIndex::Offered);
        }
        let pinned = format!("{package}=={version}");
        Ok(match self.newest(&pinned, false).await? {
            Offer::Version(_) => OnIndex::Yanked,
            Offer::None(_) => OnIndex::Absent,
        })
    }

    /// When this version was released; none if the index does not report it.
    ///
    /// # Errors
    /// If the index could not be queried, or offers no wheel of it.
    pub async fn released(&self, version: &Version) -> Result<Option<Timestamp>, VerbError> {
        let pinned = format!("{}=={version}", self.package);
        let lock = ["--format", "pylock.toml", "--no-build"];
        let finished = self.compile(&pinned, &lock).await?;
        if !finished.success() {
            return Err(self.unreachable(&finished));
        }
        lock_file::released(&finished.stdout.text, self.package)
            .map_err(|error| VerbError::error(Finding::new(error.to_string())))
    }

    /// SHA-256 of each wheel of this version that is offered now; empty if there is none.
    ///
    /// # Errors
    /// If the index could not be queried.
    pub async fn wheels(&self, version: &Version) -> Result<Vec<String>, VerbError> {
        let pinned = format!("{}=={version}", self.package);
        let lock = [
            "--refresh-package",
            self.package,
            "--format",
            "pylock.toml",
            "--no-build",
        ];
        let finished = self.compile(&pinned, &lock).await?;
        if finished.ended == Ended::Code(1) && finished.stderr.text.contains(NO_SOLUTION) {
            return Ok(Vec::new());
        }
        if !finished.success() {
            return Err(self.unreachable(&finished));
        }
        let packages = lock_file::parse(&finished.stdout.text)
            .map_err(|error| VerbError::error(Finding::new(error.to_string())))?;
        let name = normalised(self.package);
        let own = packages.into_iter().filter(|package| package.name == name);
        let wheels = own.flat_map(|package| package.wheels);
        Ok(wheels.map(|wheel| wheel.sha256).collect())
    }

    async fn compile(&self, requirement: &str, more: &[&str]) -> Result<Finished, VerbError> {
        let mut argv = vec![
            "uv",
            "pip",
            "compile",
            "-",
            "--no-deps",
            "--python",
            &self.python,
        ];
        argv.extend([
            "--prerelease",
            "allow",
            "--no-annotate",
            "--no-header",
            "--color",
            "never",
        ]);
        argv.extend(more);
        let mut program = Program::new(argv);
        program.base = EnvBase::Installer;
        // A version offered only as source is built to learn its version.
        program.sandbox = Some(Box::new(Sandbox {
            writable: vec![Place::new(Place::CACHE).join("uv")],
            network: true,
            ..Sandbox::default()
        }));
        // The operator's settings are passed in variables; a file in a parent directory of this run
        // would add to them.
        program
            .env
            .insert("UV_NO_CONFIG".to_owned(), "1".to_owned());
        program.stdin = Some(format!("{requirement}\n"));
        program.limit = Duration::from_mins(1);
        Ok(self.ctx.run(program).await?)
    }

    fn read(&self, finished: &Finished) -> Result<Offer, VerbError> {
        if finished.success() {
            return pinned(&finished.stdout.text, self.package)
                .map(Offer::Version)
                .ok_or_else(|| self.unreadable(finished));
        }
        let said = &finished.stderr.text;
        if finished.ended == Ended::Code(1) && said.contains(NO_SOLUTION) {
            return Ok(Offer::None(explanation(said)));
        }
        Err(self.unreachable(finished))
    }

    fn unreadable(&self, finished: &Finished) -> VerbError {
        VerbError::error(Finding::new(format!(
            "uv's answer about `{}` is not understood: `{}`",
            self.package,
            finished.stdout.last_lines(1)
        )))
    }

    fn unreachable(&self, finished: &Finished) -> VerbError {
        let asked = ["uv", "pip", "compile"].map(str::to_owned);
        let mut finding = did_not_succeed(&asked, finished);
        finding.what = format!(
            "the package index could not be asked about `{}`: {}",
            self.package, finding.what
        );
        VerbError::error(
            finding.remedy("check the network and uv's index settings, then try again"),
        )
    }
}

/// The version in uv's output: the line `package==version`.
fn pinned(stdout: &str, package: &str) -> Option<Version> {
    let line = stdout
        .lines()
        .map(str::trim)
        .find(|line| line.contains("=="))?;
    let (name, version) = line.split_once("==")?;
    if normalised(name.trim()) != normalised(package) {
        return None;
    }
    Version::from_str(version.split([' ', ';']).next()?).ok()
}

/// uv's explanation without its decoration, at most ten lines.
fn explanation(stderr: &str) -> Vec<String> {
    let plain = |line: &str| {
        let line = line.trim_start_matches(|c: char| c.is_whitespace() || "×╰─▶│".contains(c));
        line.trim().to_owned()
    };
    stderr
        .lines()
        .map(plain)
        .filter(|line| !line.is_empty())
        .take(10)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::scripted::{Scripted, ended};

    #[test]
    fn the_pinned_line_is_read() {
        let found = pinned("spec-kitty-cli==3.2.0rc16\n", "spec-kitty-cli");
        assert_eq!(found.unwrap().to_string(), "3.2.0rc16");
        assert_eq!(pinned("other==1\n", "spec-kitty-cli"), None);
        assert_eq!(pinned("", "spec-kitty-cli"), None);
    }

    // As uv 0.13.9 says it.
    const YANKED: &str = "error: No solution found when resolving dependencies\n  cause: Because spec-kitty-cli==3.2.0rc28 was yanked (reason: broken) and you require spec-kitty-cli==3.2.0rc28, we can conclude that your requirements are unsatisfiable.\n";
    // As uv 0.13.9 says it, exit code 2.
    const UNREACHABLE: &str = "error: Request failed after 3 retries in 10.8s\n  cause: tcp connect error\n  cause: Connection refused (os error 111)\n";

    #[tokio::test]
    async fn a_yanked_version_is_told_from_an_absent_one() {
        let version = Version::from_str("3.2.0rc28").unwrap();
        let world = Scripted::new()
            .run("python3 -I", ended(0, "/p/python3\n", ""))
            .run("uv pip compile", ended(1, "", YANKED))
            .run(
                "uv pip compile",
                ended(0, "spec-kitty-cli==3.2.0rc28\n", ""),
            );
        let ctx = world.ctx();
        let index = Index::of(&ctx, "spec-kitty-cli").await.unwrap();
        assert_eq!(index.standing(&version).await.unwrap(), OnIndex::Yanked);

        let world = Scripted::new()
            .run("python3 -I", ended(0, "/p/python3\n", ""))
            .run("uv pip compile", ended(1, "", YANKED))
            .run("uv pip compile", ended(1, "", YANKED));
        let ctx = world.ctx();
        let index = Index::of(&ctx, "spec-kitty-cli").await.unwrap();
        assert_eq!(index.standing(&version).await.unwrap(), OnIndex::Absent);
    }

    #[tokio::test]
    async fn an_index_that_cannot_be_asked_offers_nothing_and_is_an_error() {
        for (code, said) in [(2, UNREACHABLE), (1, "error: something else")] {
            let world = Scripted::new()
                .run("python3 -I", ended(0, "/p/python3\n", ""))
                .run("uv pip compile", ended(code, "", said));
            let ctx = world.ctx();
            let index = Index::of(&ctx, "spec-kitty-cli").await.unwrap();
            let trouble = index.newest("spec-kitty-cli", true).await.unwrap_err();
            assert_eq!(trouble.outcome().verdict(), crate::model::Verdict::Error);
        }
    }

    #[test]
    fn explanations_are_shown_plainly() {
        assert_eq!(
            explanation("  × No solution found\n  ╰─▶ Because x\n"),
            ["No solution found", "Because x"]
        );
    }
}
