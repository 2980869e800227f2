//! The embedded world of a user's gate, from creation to removal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::cast::Cast;
use super::fault::{GateFault, GateFaultKind};
use super::fault_layer::GateFaultLayer;
use super::stand_ins::{Asked, StandIns};
use super::{checkouts, issues};
use crate::gate::{Gate, leaves};
use crate::rehearsal::github::{self, GitHubServer, SharedState};
use crate::rehearsal::home::{self, Snapshot};
use crate::rehearsal::readers::Readers;
use crate::rehearsal::{RehearsalError, gh, host, operator, root};
use crate::world::World;
use crate::world::live::Operator;

/// A running embedded world of a user's gate.
pub struct OwnWorld {
    directory: tempfile::TempDir,
    root: Utf8PathBuf,
    operator: Operator,
    cast: Arc<Cast>,
    asked: Arc<Mutex<Asked>>,
    faults: Vec<GateFault>,
    parameters: Vec<String>,
    github: SharedState,
    github_server: GitHubServer,
    github_stands_in: bool,
    before: Snapshot,
}

impl OwnWorld {
    /// Builds the world of a gate, whose parameters are set. `outer` is whoever rehearses: their
    /// `git`, and their `gh` if they have one, are used; nothing of theirs is changed.
    ///
    /// # Errors
    /// If the gate file cannot be rehearsed, a tool is missing, or a file or server cannot be
    /// created.
    pub async fn build(
        outer: &Operator,
        gate: &Gate,
        faults: Vec<GateFault>,
    ) -> Result<Self, RehearsalError> {
        let cast = Cast::of(gate)?;
        let (directory, root) = root::make(&[
            "bin",
            "workspace",
            "state",
            "cache",
            "operator/home",
            "outside/tmp",
        ])?;
        let mut state = issues::state_of(&cast.issues)?;
        for fault in &faults {
            if matches!(
                fault.kind,
                GateFaultKind::IssueOpen | GateFaultKind::IssueClosed
            ) {
                issues::turn(&mut state, &fault.of)?;
            }
        }
        let path: Vec<Utf8PathBuf> = std::iter::once(root.join("bin"))
            .chain(outer.path())
            .collect();
        if !cast.checkouts.is_empty() {
            let git = operator::find("git", &path)?;
            let (all, workspace) = (cast.checkouts.clone(), root.join("workspace"));
            root::blocking(move || checkouts::make(&all, &workspace, &git)).await?;
        }
        let github_stands_in = operator::find("gh", &path).is_err();
        if github_stands_in && uses_github(gate) {
            let python = operator::find("python3", &path)?;
            gh::write_stand_in(root.join("bin").as_std_path(), &python)?;
        }
        let operator = operator_of(&root, outer, &path);
        host::write(root.join("operator/home/.bashrc").as_std_path(), "# mine\n")?;
        let github = SharedState::new(state);
        let github_server = github::serve_to(&root, github.clone()).await?;
        let before = home::snapshot(root.join("operator/home").as_std_path())?;
        Ok(Self {
            parameters: parameters(&root, gate)?,
            directory,
            root,
            operator,
            cast: Arc::new(cast),
            asked: Arc::default(),
            faults,
            github,
            github_server,
            github_stands_in,
            before,
        })
    }

    /// The directory that holds everything.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// The operator in this world.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator.clone()
    }

    /// Parameters as `name=value` that point the gate at this world.
    #[must_use]
    pub fn parameters(&self) -> Vec<String> {
        self.parameters.clone()
    }

    /// Which programs are the real ones.
    #[must_use]
    pub fn real_programs(&self) -> Vec<String> {
        let declared = self.cast.programs.iter().filter(|program| program.real);
        let declared = declared.map(|program| program.argv.join(" "));
        let gh = (!self.github_stands_in).then(|| "gh".to_owned());
        gh.into_iter()
            .chain(["git".to_owned()])
            .chain(declared)
            .collect()
    }

    /// The defaults for what the gate file does not specify of the outside, one line each.
    #[must_use]
    pub fn made_up(&self) -> Vec<String> {
        self.cast.made_up.clone()
    }

    /// The defaults for requests that nobody specified, one line each.
    #[must_use]
    pub fn made_up_meanwhile(&self) -> Vec<String> {
        let asked = self.asked();
        let known: BTreeSet<&String> = self.cast.made_up.iter().collect();
        let new = asked.made_up.iter().filter(|line| !known.contains(line));
        new.cloned().collect()
    }

    /// Puts the stand-ins in front of the live world, and the faults in front of them.
    #[must_use]
    pub fn wrap(&self, outside: Arc<dyn World>) -> Arc<dyn World> {
        let outside = Arc::new(Readers {
            inner: outside,
            root: self.root.clone(),
        });
        let played = StandIns::new(outside, Arc::clone(&self.cast), Arc::clone(&self.asked));
        Arc::new(GateFaultLayer::new(Arc::new(played), self.faults.clone()))
    }

    /// The final state of the world.
    #[must_use]
    pub fn final_state(&self) -> Value {
        let home = self.root.join("operator/home");
        let (programs, pages) = {
            let asked = self.asked();
            (asked.programs.clone(), asked.pages.clone())
        };
        json!({
            "github": self.github.final_state(),
            "programs": programs,
            "pages": pages,
            "made_up": self.made_up().into_iter().chain(self.made_up_meanwhile()).collect::<Vec<_>>(),
            "home_changes": home::changes(&self.before, home.as_std_path()),
            "state_directory": self.root.join("state"),
        })
    }

    /// Ends the world; `keep` keeps its directory for inspection.
    pub async fn end(self, keep: bool) {
        self.github_server.stop().await;
        if keep {
            let _kept = self.directory.keep();
        } else {
            host::make_removable(self.root.join("state").as_std_path());
        }
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether anything in a gate reads or writes an issue.
fn uses_github(gate: &Gate) -> bool {
    gate.resolved_policy()
        .programs
        .iter()
        .any(|name| name == "gh")
}

/// The operator of this world: nothing of the outer one's but where their programs are.
fn operator_of(root: &Utf8Path, outer: &Operator, path: &[Utf8PathBuf]) -> Operator {
    let home = root.join("operator/home");
    let path: Vec<&str> = path.iter().map(|one| one.as_str()).collect();
    let own = [
        ("HOME", home.to_string()),
        ("PATH", path.join(":")),
        ("GH_CONFIG_DIR", root.join("operator/gh").into_string()),
        ("GH_NO_UPDATE_NOTIFIER", "1".to_owned()),
        ("XDG_CACHE_HOME", root.join("cache").into_string()),
    ];
    let term = outer.var("TERM").map(|term| ("TERM", term.to_owned()));
    let env: BTreeMap<String, String> = own
        .into_iter()
        .chain(term)
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Operator {
        env,
        home,
        cwd: root.join("workspace"),
    }
}

/// The world's directories, and what the gate file sets for a rehearsal.
fn parameters(root: &Utf8Path, gate: &Gate) -> Result<Vec<String>, RehearsalError> {
    let played = gate
        .played()
        .map_err(|error| RehearsalError::Other(format!("[rehearsal]: {error}")))?;
    let own = [
        format!("workspace={}", root.join("workspace")),
        format!("state_dir={}", root.join("state")),
    ];
    let set = leaves(&played.parameters).into_iter().map(|(name, value)| {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let value = match value {
            Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
            other => text(other),
        };
        format!("{name}={value}")
    });
    Ok(own.into_iter().chain(set).collect())
}
