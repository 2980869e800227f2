//! One start of the real `gh`, with one of the two logins.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::verb::{Ctx, VerbError};
use crate::world::{EnvBase, Finished, Program};

/// Where a program's standard output stands in its answer.
pub(in crate::verbs) const STDOUT: &str = "/value/stdout/text";

/// Which login `gh` used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::verbs) enum Login {
    /// The one that `gh auth login` stored.
    Stored,
    /// `GH_TOKEN` or `GITHUB_TOKEN`, because nothing is stored.
    EnvironmentToken,
}

impl Login {
    fn base(self) -> EnvBase {
        match self {
            Self::Stored => EnvBase::GitHub,
            Self::EnvironmentToken => EnvBase::GitHubEnvironmentToken,
        }
    }
}

/// Runs `gh` once.
pub(in crate::verbs) async fn run(
    ctx: &Ctx,
    argv: &[&str],
    login: Login,
    stdin: Option<String>,
) -> Result<Finished, VerbError> {
    let mut program = Program::new(argv.iter().copied());
    program.base = login.base();
    program.stdin = stdin;
    program.limit = Duration::from_mins(1);
    for (name, value) in [
        ("GH_NO_UPDATE_NOTIFIER", "1"),
        ("GH_PROMPT_DISABLED", "1"),
        ("NO_COLOR", "1"),
    ] {
        program.env.insert(name.to_owned(), value.to_owned());
    }
    Ok(ctx.run(program).await?)
}
