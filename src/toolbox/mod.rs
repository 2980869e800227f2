//! The tools the gate needs on a machine: which exist, in which version, whether they are logged
//! in, and the two that the gate installs itself if they are missing or too old.
//!
//! Everything goes through the [`World`]; the gate's own installations are in its cache. It never
//! changes the operator's own installation.

mod needed;
mod wanted;

use futures::future::join_all;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::SubtaskId;
use crate::world::live::ToolPath;
use crate::world::{EnvBase, FindProgram, Finished, Place, Program, World, WorldError, ask};
pub use needed::{Needed, is_known};
use wanted::{Login as AskLogin, Recipe, WANTED, Wanted, at_least, version_in};

/// The script that installs a tool; it contains the lock, the digests and the final rename.
const SCRIPT: &str = include_str!("make.py");
/// Time for making one tool, download included.
const MAKING: Duration = Duration::from_mins(10);
/// Time for a program to print its version or its login.
const ASKING: Duration = Duration::from_secs(30);

/// One tool as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its path; none if it was not found.
    pub path: Option<String>,
    /// Its version; none if it does not report one.
    pub version: Option<String>,
    /// The oldest version that works.
    pub minimum: String,
    /// Whether it can be used as it is.
    pub state: ToolState,
    /// Whether it is logged in.
    pub login: LoginState,
    /// What the operator can do about it; none if nothing has to be done.
    pub remedy: Option<String>,
}

/// Whether a tool can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolState {
    /// It exists and is new enough.
    Good,
    /// It exists, but is older than the minimum.
    TooOld,
    /// It is not on `PATH`.
    Missing,
    /// It exists, but does not work; with its own or the system's message.
    Broken(String),
}

/// Whether a tool is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginState {
    /// It needs no login.
    NotNeeded,
    /// It reports that it is logged in.
    Yes,
    /// It reports that it is not; with its message.
    No(String),
    /// This could not be determined.
    Unknown,
}

impl Tool {
    /// Whether the gate can install its own instead of this one.
    #[must_use]
    pub fn can_be_made(&self) -> bool {
        WANTED
            .iter()
            .any(|wanted| wanted.name == self.name && wanted.recipe.is_some())
    }

    /// Whether a run can use it, after the gate has installed what it can.
    #[must_use]
    pub fn will_do(&self) -> bool {
        let logged_in = matches!(self.login, LoginState::NotNeeded | LoginState::Yes);
        (self.state == ToolState::Good || self.can_be_made()) && logged_in
    }
}

/// Why a tool could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The installation failed.
    #[error("`{tool}` could not be made: {words}")]
    NotMade {
        /// Which tool.
        tool: String,
        /// The end of its output.
        words: String,
    },
    /// The installation could not be started.
    #[error("`{tool}` could not be made")]
    NotRun {
        /// Which tool.
        tool: String,
        /// Why.
        #[source]
        source: WorldError,
    },
}

impl ToolError {
    /// What the operator can do.
    #[must_use]
    pub fn remedy(&self) -> String {
        let (Self::NotMade { tool, .. } | Self::NotRun { tool, .. }) = self;
        format!(
            "install `{tool}` on PATH, or make sure that `python3 -m venv` works (Debian: \
             python3-venv) and that the package index can be reached; or use `nix develop`"
        )
    }
}

/// Checks the needed tools in parallel: those of the list in its order, then the others.
pub async fn survey(world: &dyn World, by: &SubtaskId, needed: &Needed) -> Vec<Tool> {
    let listed = join_all(needed.wanted().map(|wanted| look(world, by, wanted))).await;
    let others = needed.others().into_iter();
    let others = join_all(others.map(|name| other(world, by, name))).await;
    listed.into_iter().chain(others).collect()
}

/// A tool of which only the name is known.
async fn other(world: &dyn World, by: &SubtaskId, name: &str) -> Tool {
    let asked = FindProgram {
        name: name.to_owned(),
    };
    let path = ask(world, by, asked).await.ok();
    let path = path.and_then(|paths| paths.into_iter().next());
    let (state, remedy) = if path.is_some() {
        (ToolState::Good, None)
    } else {
        let remedy = format!("install `{name}`, or put its directory on PATH");
        (ToolState::Missing, Some(remedy))
    };
    Tool {
        name: name.to_owned(),
        path,
        version: None,
        minimum: "any".to_owned(),
        state,
        login: LoginState::NotNeeded,
        remedy,
    }
}

/// The version of a tool, and its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The version, and whether it is a stand-in.
    pub told: String,
    /// The path of the program.
    pub path: Option<String>,
}

/// Versions of the available tools, by name; logins are not checked.
pub async fn versions(
    world: &dyn World,
    by: &SubtaskId,
    needed: &Needed,
) -> BTreeMap<String, Version> {
    let asked = needed.wanted().map(async |wanted| {
        let found = state(world, by, wanted).await;
        let mut told = found.version?;
        if found.stands_in {
            told.push_str(" (stand-in)");
        }
        let path = found.path;
        Some((wanted.name.to_owned(), Version { told, path }))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Installs the tools that are missing or too old and can be installed, and returns the directories
/// to put on `PATH`: before the operator's for tools that replace an older one, or else after it.
///
/// # Errors
/// The first tool in the order of the list that could not be installed.
pub async fn provide(
    world: &dyn World,
    by: &SubtaskId,
    needed: &Needed,
) -> Result<ToolPath, ToolError> {
    let makeable = needed
        .wanted()
        .filter_map(|wanted| Some((wanted, wanted.recipe.as_ref()?)));
    let provided = join_all(makeable.map(async |(wanted, recipe)| {
        let found = state(world, by, wanted).await;
        if found.state == ToolState::Good {
            return Ok(None);
        }
        let directory = make(world, by, wanted.name, recipe).await?;
        Ok(Some((found.state, directory)))
    }))
    .await;
    let mut path = ToolPath::default();
    for tool in provided {
        match tool? {
            None => {}
            Some((ToolState::Missing, directory)) => path.behind.push(directory),
            Some((_, directory)) => path.before.push(directory),
        }
    }
    Ok(path)
}

async fn look(world: &dyn World, by: &SubtaskId, wanted: &Wanted) -> Tool {
    let found = state(world, by, wanted).await;
    let login = match &wanted.login {
        None => LoginState::NotNeeded,
        Some(login) if found.state == ToolState::Good => {
            login_state(world, by, wanted.name, login).await
        }
        Some(_) => LoginState::Unknown,
    };
    let remedy = match (&found.state, &login, &wanted.login) {
        (ToolState::Good, LoginState::No(_) | LoginState::Unknown, Some(login)) => {
            Some(login.remedy.to_owned())
        }
        (ToolState::Good, ..) => None,
        _ => Some(wanted.remedy.to_owned()),
    };
    Tool {
        name: wanted.name.to_owned(),
        path: found.path,
        version: found.version,
        minimum: wanted.minimum.to_owned(),
        state: found.state,
        login,
        remedy,
    }
}

struct Found {
    path: Option<String>,
    version: Option<String>,
    state: ToolState,
    /// Whether it reports that it is a stand-in.
    stands_in: bool,
}

async fn state(world: &dyn World, by: &SubtaskId, wanted: &Wanted) -> Found {
    let name = wanted.name.to_owned();
    let found = ask(world, by, FindProgram { name }).await;
    let path = found.ok().and_then(|paths| paths.into_iter().next());
    let arguments = std::iter::once(&wanted.name).chain(wanted.version);
    let finished = run(world, by, Program::new(arguments.copied())).await;
    let version = finished
        .as_ref()
        .ok()
        .and_then(|finished| version_in(&finished.stdout.text));
    let state = match (&finished, &version) {
        (Err(WorldError::ProgramNotFound { .. }), _) => ToolState::Missing,
        (Err(error), _) => ToolState::Broken(error.to_string()),
        (Ok(finished), _) if !finished.success() => ToolState::Broken(words(finished)),
        (Ok(_), Some(version)) if at_least(version, wanted.minimum) => ToolState::Good,
        (Ok(_), Some(_)) => ToolState::TooOld,
        (Ok(_), None) => ToolState::Broken("it does not say its version".to_owned()),
    };
    Found {
        path,
        version,
        state,
        stands_in: finished.is_ok_and(|finished| finished.stdout.text.contains("stand-in")),
    }
}

async fn login_state(
    world: &dyn World,
    by: &SubtaskId,
    name: &str,
    login: &AskLogin,
) -> LoginState {
    let mut state = LoginState::Unknown;
    for base in login.bases {
        let arguments = std::iter::once(&name).chain(login.arguments);
        let mut program = Program::new(arguments.copied());
        program.base = *base;
        state = match run(world, by, program).await {
            Ok(finished) if finished.success() => return LoginState::Yes,
            Ok(finished) => LoginState::No(words(&finished)),
            Err(_) => return LoginState::Unknown,
        };
    }
    state
}

/// The gate's own installation of a tool, if it exists and works.
pub async fn own(world: &dyn World, by: &SubtaskId, name: &str) -> Option<Version> {
    let wanted = WANTED.iter().find(|wanted| wanted.name == name)?;
    let home = home(name, wanted.recipe.as_ref()?);
    let path = home.join("bin").join(name).as_str().to_owned();
    let arguments = wanted.version.iter().map(|word| (*word).to_owned());
    let argv: Vec<String> = std::iter::once(path.clone()).chain(arguments).collect();
    let finished = run(world, by, Program::new(argv)).await.ok();
    let finished = finished.filter(Finished::success)?;
    Some(Version {
        told: version_in(&finished.stdout.text)?,
        path: Some(path),
    })
}

/// The directory of a tool's installation, which depends on the recipe.
fn home(tool: &str, recipe: &Recipe) -> Place {
    let mut digest = Sha256::new();
    for part in [SCRIPT, tool, recipe.version, recipe.requirements] {
        digest.update(part);
        digest.update([0]);
    }
    let digest = digest.finalize();
    let short: u64 = digest
        .iter()
        .take(8)
        .fold(0, |all, byte| all << 8 | u64::from(*byte));
    Place::new(Place::CACHE).join(&format!("tools/{tool}-{}-{short:016x}", recipe.version))
}

/// Installs one tool unless it is already installed, and returns the directory that contains only
/// it.
async fn make(
    world: &dyn World,
    by: &SubtaskId,
    tool: &str,
    recipe: &Recipe,
) -> Result<Place, ToolError> {
    let home = home(tool, recipe);
    let argv = [
        "python3",
        "-I",
        "-c",
        SCRIPT,
        home.as_str(),
        tool,
        recipe.version,
    ];
    let mut program = Program::new(argv);
    program.base = EnvBase::Installer;
    program.stdin = Some(recipe.requirements.to_owned());
    program.limit = MAKING;
    let finished = run(world, by, program)
        .await
        .map_err(|source| ToolError::NotRun {
            tool: tool.to_owned(),
            source,
        })?;
    if finished.success() {
        return Ok(home.join("bin"));
    }
    Err(ToolError::NotMade {
        tool: tool.to_owned(),
        words: words(&finished),
    })
}

async fn run(
    world: &dyn World,
    by: &SubtaskId,
    mut program: Program,
) -> Result<Finished, WorldError> {
    program.limit = program.limit.max(ASKING);
    ask(world, by, program).await
}

/// How a program ended, and the end of its output.
fn words(finished: &Finished) -> String {
    let said = if finished.stderr.text.trim().is_empty() {
        finished.stdout.last_lines(3)
    } else {
        finished.stderr.last_lines(3)
    };
    format!("{}: {said}", finished.ended)
}
