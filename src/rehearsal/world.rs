//! The embedded world as a whole: builds its parts in one temporary directory, hands the gate an
//! operator who lives there, and says at the end what has become of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::github::{
    self, CheckoutFacts, FixFacts, GitHubServer, RepositoryFacts, SharedState, TagFact,
};
use super::harness::{self, HarnessPlan, Locking};
use super::home::{self, Snapshot};
use super::product::index::{self, IndexServer};
use super::product::orphans::{self, Orphans};
use super::product::repositories::{Product, Repositories};
use super::product::tree::Tree;
use super::product::wheels;
use super::product::{pytest_wheels, stale_cli};
use super::saas::{self, Deployment, SaasServer};
use super::{Fault, Faults, RehearsalError, flyctl, gh, host, operator};
use crate::session;
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
    /// Builds the world. `outer` is whoever rehearses: their tools are used, nothing of theirs
    /// is touched but the gate's own cache.
    ///
    /// # Errors
    /// If a tool is missing, or a file or server of the world cannot be made.
    pub async fn build(outer: &Operator, faults: &Faults) -> Result<Self, RehearsalError> {
        let (directory, root) = make_root()?;
        let cache = operator::cache_of(outer);
        let tools = session::tools(outer, &cache)
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
        let locking = Locking {
            uv: operator::find("uv", &operator.path())?,
            env: operator::locking_env(&operator, &root),
        };
        let harness_head = {
            let (root, url, faults) = (root.clone(), saas.url(), faults.clone());
            blocking(move || build_harness(&root, &url, &faults, &locking)).await?
        };
        let stand_ins = put_stand_ins(&root, &operator, &python, faults)?;
        if faults.contains(&Fault::StalePathCli) {
            made.put_stale_cli(&root, &python)?;
        }
        let facts = facts(&made.repositories, &harness_head);
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

    /// Programs that are not the real ones here.
    #[must_use]
    pub fn stand_ins(&self) -> &[&'static str] {
        &self.stand_ins
    }

    /// Parameters as `name=value` that lead the gate into this world.
    #[must_use]
    pub fn parameters(&self) -> Vec<String> {
        self.parameters.clone()
    }

    /// What is broken directly at the outside: a full disk is where evidence would be written.
    #[must_use]
    pub fn wrap(&self, outside: Arc<dyn crate::world::World>) -> Arc<dyn crate::world::World> {
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

    /// What has become of the world.
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
            "home_changes": home::changes(&self.before, home.as_std_path()),
            "attempts": host::list_dir(self.root.join("state/attempts").as_std_path()).unwrap_or_default(),
            "state_directory": self.root.join("state"),
        })
    }

    /// Ends the world; `keep` leaves its directory for a look.
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

/// What takes no server to make.
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

    /// An older command that stands first on PATH.
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

/// A short path: a Unix socket's name has room for about a hundred bytes.
fn make_root() -> Result<(tempfile::TempDir, Utf8PathBuf), RehearsalError> {
    let failed = |source| RehearsalError::File {
        operation: "make",
        path: std::env::temp_dir(),
        source,
    };
    let directory = tempfile::Builder::new()
        .prefix("gate-")
        .tempdir()
        .map_err(failed)?;
    let real = directory.path().canonicalize().map_err(failed)?;
    let root = Utf8PathBuf::from_path_buf(real)
        .map_err(|path| RehearsalError::Other(format!("`{}` is not UTF-8", path.display())))?;
    for below in [
        "bin",
        "workspace",
        "wheels",
        "state",
        "cache",
        "operator/home",
    ] {
        host::make_dir(root.join(below).as_std_path())?;
    }
    Ok((directory, root))
}

/// Puts stand-ins first on PATH: always for `flyctl`, which has no world to talk to, and for `gh`
/// where there is none. Returns their names.
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
    let socket = root.join("github.sock");
    let server = github::serve(socket.as_std_path(), github.clone()).await?;
    let config = root.join("operator/gh");
    let token = Some(github::STORED_TOKEN);
    github::write_gh_config(config.as_std_path(), socket.as_std_path(), token)?;
    Ok((github, server))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RehearsalError> + Send + 'static,
) -> Result<T, RehearsalError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| RehearsalError::Other(format!("a part of the rehearsal died: {error}")))?
}

fn build_harness(
    root: &Utf8Path,
    saas_url: &str,
    faults: &Faults,
    locking: &Locking,
) -> Result<String, RehearsalError> {
    let checkout = root.join("workspace/spec-kitty-end-to-end-testing");
    harness::build(&HarnessPlan {
        checkout: checkout.as_std_path(),
        saas_url,
        candidate: CANDIDATE,
        faults,
        locking,
    })?;
    let mut head = host::command("git");
    head.args(["-C", checkout.as_str(), "rev-parse", "HEAD"]);
    let head = host::run(&mut head, None)?;
    Ok(String::from_utf8_lossy(&head.stdout).trim().to_owned())
}

/// What GitHub has to know of the checkouts.
fn facts(repositories: &Repositories, harness_head: &str) -> RepositoryFacts {
    let tags = repositories
        .tags
        .iter()
        .map(|(name, commit)| tag(name, commit))
        .collect::<Vec<_>>();
    let fix = |commit: &str| FixFacts {
        merge: commit.to_owned(),
        head: commit.to_owned(),
    };
    let head = repositories
        .tags
        .get("v3.2.0rc16")
        .cloned()
        .unwrap_or_default();
    let first = repositories
        .diagnostics
        .as_deref()
        .unwrap_or(&repositories.rollback_fix);
    RepositoryFacts {
        spec_kitty: CheckoutFacts { head, tags },
        end_to_end: CheckoutFacts {
            head: harness_head.to_owned(),
            tags: Vec::new(),
        },
        events: CheckoutFacts {
            head: repositories.events_tag_commit.clone(),
            tags: vec![tag("v5.1.0", &repositories.events_tag_commit)],
        },
        first_rollback_fix: fix(first),
        rollback_fix: fix(&repositories.rollback_fix),
        classification_fix: fix(&repositories.classification_fix),
        harness_fix: fix(harness_head),
    }
}

fn tag(name: &str, commit: &str) -> TagFact {
    let prerelease = name.contains("rc") || name.contains('a');
    TagFact {
        name: name.to_owned(),
        commit: commit.to_owned(),
        object: None,
        prerelease,
        published_at: jiff::Timestamp::constant(1_779_271_200, 0),
    }
}
