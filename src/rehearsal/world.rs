//! The embedded world as a whole: builds its parts in one temporary directory, gives the gate an
//! operator environment in it, and reports the final state.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::answering::Answering;
use super::github::{self, GitHubServer, RepositoryFacts, SharedState};
use super::harness::{self, HarnessPlan, Locking};
use super::home::{self, Snapshot};
use super::known::facts;
use super::product::index::{self, IndexServer};
use super::product::orphans::{self, Orphans};
use super::product::repositories::{Product, Repositories};
use super::product::tree::Tree;
use super::product::wheels;
use super::product::{pytest_wheels, stale_cli};
use super::root::{self, blocking};
use super::saas::{self, Deployment, SaasServer};
use super::{Fault, Faults, RehearsalError, flyctl, gh, host, operator, readers};
use crate::session;
use crate::toolbox::Needed;
use crate::world::fault::{Break, EffectKind, FaultLayer, no_space};
use crate::world::live::Operator;

/// What the index and the candidate are called in this world.
const CANDIDATE: &str = "3.2.0rc16";
const BASELINE_TAG: &str = "v3.2.0rc15";
/// What the service is called on Fly.
const FLY_APP: &str = "spec-kitty-dev";

/// A running embedded world.
pub struct World {
    directory: tempfile::TempDir,
    root: Utf8PathBuf,
    faults: Faults,
    operator: Operator,
    stand_ins: Vec<&'static str>,
    parameters: Vec<String>,
    saas: SaasServer,
    index: IndexServer,
    github: SharedState,
    github_server: GitHubServer,
    orphans: std::sync::Mutex<Orphans>,
    before: Snapshot,
    github_before: Value,
}

impl World {
    /// Builds the world. `outer` is whoever rehearses: their tools are used; nothing of theirs is
    /// changed except the gate's own cache.
    ///
    /// # Errors
    /// If a tool is missing, or a file or server of the world cannot be created.
    pub async fn build(outer: &Operator, faults: &Faults) -> Result<Self, RehearsalError> {
        let (directory, root) = root::make(&[
            "bin",
            "workspace",
            "wheels",
            "state",
            "cache",
            "operator/home",
        ])?;
        let cache = operator::cache_of(outer);
        let tools = session::tools(outer, &cache, &Needed::All)
            .await
            .map_err(|error| RehearsalError::Other(format!("{error}; {}", error.remedy())))?;
        let path = operator::path_of(&root, outer, &tools);
        let python = operator::find("python3", &path)?;
        let wheels = operator::pytest_wheels_directory(outer, &cache);
        let made = {
            let (root, faults, python) = (root.clone(), faults.clone(), python.clone());
            blocking(move || Made::build(&root, &wheels, &python, &faults)).await?
        };
        let index = index::serve(
            root.join("wheels").as_std_path(),
            &made.releases,
            std::slice::from_ref(&made.pytest),
        )
        .await?;
        let saas = saas::serve(Deployment::default(), faults).await?;
        let operator = operator::operator(&root, outer, path, &index, faults);
        operator::write_home(&root)?;
        readers::build(&root, faults)?;
        let locking = Locking {
            uv: operator::find("uv", &operator.path())?,
            env: operator::locking_env(&operator, &root),
        };
        {
            let (root, url, faults) = (root.clone(), saas.url(), faults.clone());
            blocking(move || build_harness(&root, &url, &faults, &locking)).await?;
        }
        // uv created the gate's cache with open permissions.
        session::close_cache(&root.join("cache/gate"))
            .map_err(|error| RehearsalError::Other(error.to_string()))?;
        let stand_ins = put_stand_ins(&root, &operator, &python, faults)?;
        if faults.contains(&Fault::StalePathCli) {
            made.put_stale_cli(&root, &python)?;
        }
        let facts = facts(&made.repositories);
        let (github, github_server) = serve_github(&root, &facts, faults).await?;
        let github_before = github.final_state()["repositories"].clone();
        let before = home::snapshot(root.join("operator/home").as_std_path())?;
        let parameters = operator::parameters(&root, &saas, &made.repositories, faults);
        Ok(Self {
            directory,
            root,
            faults: faults.clone(),
            operator,
            stand_ins,
            parameters,
            saas,
            index,
            github,
            github_server,
            orphans: std::sync::Mutex::new(made.orphans),
            before,
            github_before,
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

    /// Its GitHub.
    #[must_use]
    pub fn github(&self) -> SharedState {
        self.github.clone()
    }

    /// Programs that are stand-ins here.
    #[must_use]
    pub fn stand_ins(&self) -> &[&'static str] {
        &self.stand_ins
    }

    /// Parameters as `name=value` that point a gate, run as a separate program and without
    /// extra layers, at this world.
    #[must_use]
    pub fn parameters(&self) -> Vec<String> {
        let mut parameters = self.parameters.clone();
        parameters.push(readers::parameter(&self.root));
        parameters
    }

    /// The same for a gate whose outside is wrapped: there the paths are every machine's.
    #[must_use]
    pub(crate) fn parameters_within(&self) -> Vec<String> {
        self.parameters.clone()
    }

    /// Replaces what would reach the real outside: files for readers are in this world, and a full
    /// disk is where evidence would be written.
    #[must_use]
    pub fn wrap(&self, outside: Arc<dyn crate::world::World>) -> Arc<dyn crate::world::World> {
        let outside: Arc<dyn crate::world::World> = Arc::new(Answering(outside));
        let outside: Arc<dyn crate::world::World> = Arc::new(readers::Readers {
            inner: outside,
            root: self.root.clone(),
        });
        if self.faults.contains(&Fault::DiskFull) {
            return Arc::new(FaultLayer::new(
                outside,
                vec![Break::every(
                    &[EffectKind::KeepFiles, EffectKind::Pack],
                    no_space("copy"),
                )],
            ));
        }
        outside
    }

    /// The final state of the world.
    #[must_use]
    pub fn final_state(&self) -> Value {
        let mut orphans = self
            .orphans
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let alive = orphans::daemons_below(self.root.as_std_path()).unwrap_or_default();
        let alive: Vec<u32> = alive.iter().map(|daemon| daemon.pid).collect();
        let bystanders: BTreeMap<&str, bool> = orphans
            .bystanders()
            .into_iter()
            .map(|(name, _, alive)| (name, alive))
            .collect();
        let home = self.root.join("operator/home");
        json!({
            "github": self.github.final_state(),
            "github_before": self.github_before,
            "saas": self.saas.final_state(),
            "index_requests": self.index.requests().len(),
            "daemons_alive": alive,
            "bystanders_alive": bystanders,
            "for_readers": readers::found(&self.root),
            "home_changes": home::changes(&self.before, home.as_std_path()),
            "attempts": host::list_dir(self.root.join("state/attempts").as_std_path()).unwrap_or_default(),
            "state_directory": self.root.join("state"),
        })
    }

    /// Ends the world; `keep` keeps its directory for inspection.
    pub async fn end(self, keep: bool) {
        let Self {
            directory,
            github_server,
            orphans,
            root,
            ..
        } = self;
        github_server.stop().await;
        drop(orphans);
        drop(orphans::end_daemons_below(root.as_std_path()));
        if keep {
            let _kept = directory.keep();
        } else {
            host::make_removable(root.join("state/attempts").as_std_path());
        }
    }
}

/// The parts that need no server.
struct Made {
    repositories: Repositories,
    releases: Vec<wheels::Release>,
    pytest: PathBuf,
    orphans: Orphans,
    old: Tree,
}

impl Made {
    fn build(
        root: &Utf8Path,
        wheels: &Path,
        python: &Path,
        faults: &Faults,
    ) -> Result<Self, RehearsalError> {
        let pytest = pytest_wheels::ensure(wheels, python)?;
        let product = Product::new(&pytest_wheels::read(&pytest)?, faults)?;
        let repositories = product.make_repositories(root.join("workspace").as_std_path())?;
        let releases = wheels::write(&product, root.join("wheels").as_std_path(), faults)?;
        let old = product.tagged(BASELINE_TAG).ok_or_else(|| {
            RehearsalError::Other(format!("the product has no tag {BASELINE_TAG}"))
        })?;
        let orphans = Orphans::start(
            root.join("operator/home/orphans").as_std_path(),
            old,
            python,
            faults,
        )?;
        let old = old.clone();
        Ok(Self {
            repositories,
            releases,
            pytest,
            orphans,
            old,
        })
    }

    /// Puts an older command first on PATH.
    fn put_stale_cli(&self, root: &Utf8Path, python: &Path) -> Result<(), RehearsalError> {
        let home = root.join("old-cli");
        stale_cli::put(
            root.join("bin").as_std_path(),
            home.as_std_path(),
            &self.old,
            python,
        )
    }
}

/// Puts stand-ins first on PATH: always for `flyctl`, which has no embedded service, and for `gh`
/// if it is not installed. Returns their names.
fn put_stand_ins(
    root: &Utf8Path,
    operator: &Operator,
    python: &Path,
    faults: &Faults,
) -> Result<Vec<&'static str>, RehearsalError> {
    let bin = root.join("bin");
    let log = root.join("flyctl.log");
    flyctl::write_stand_in(bin.as_std_path(), FLY_APP, log.as_std_path(), faults)?;
    if operator::find("gh", &operator.path()).is_ok() {
        return Ok(vec!["flyctl"]);
    }
    gh::write_stand_in(bin.as_std_path(), python)?;
    Ok(vec!["flyctl", "gh"])
}

/// Starts the embedded GitHub and stores the operator's login to it.
async fn serve_github(
    root: &Utf8Path,
    facts: &RepositoryFacts,
    faults: &Faults,
) -> Result<(SharedState, GitHubServer), RehearsalError> {
    let github = SharedState::new(github::phase4(facts, faults));
    let server = github::serve_to(root, github.clone()).await?;
    Ok((github, server))
}

fn build_harness(
    root: &Utf8Path,
    saas_url: &str,
    faults: &Faults,
    locking: &Locking,
) -> Result<(), RehearsalError> {
    let checkout = root.join("workspace/spec-kitty-end-to-end-testing");
    harness::build(&HarnessPlan {
        checkout: checkout.as_std_path(),
        saas_url,
        candidate: CANDIDATE,
        faults,
        locking,
    })
}
