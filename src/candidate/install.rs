//! Installs exactly a lock, with pipx, into a throwaway home, and shows that nothing else is
//! installed afterwards.

use serde_json::{Value, json};

use super::home::Home;
use super::installed::{Look, look, settle};
use super::installer::{beside, run_installer};
use super::lock::{self, Lock};
use super::python::interpreter;
use super::vendor::{check_wheels, vendor};
use crate::model::Finding;
use crate::verb::programs::must_succeed;
use crate::verb::{Ctx, VerbError};
use crate::world::{Place, Program};

/// What to install and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// Name of the package.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// The command it must provide.
    pub command: String,
    /// Resolve as of this time; none means now.
    pub as_of: Option<String>,
    /// The home to install into.
    pub home: Home,
    /// The directory in which the lock is kept.
    pub evidence: Place,
    /// Whether the installers may reach the network.
    pub network: Network,
}

/// Whether installers may reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// They may.
    Allowed,
    /// They may not: everything is already downloaded.
    Cut,
}

/// What was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The request.
    pub request: Install,
    /// The locked dependencies.
    pub lock: Lock,
    /// How it was installed.
    pub backend: Backend,
    /// What is installed now.
    pub look: Look,
}

/// How the locked packages get into the environment that pipx creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// pipx itself installs from the lock.
    PipxLock,
    /// pipx installs from a directory that contains exactly the lock's wheels, each checked against
    /// its hash before.
    PipxWheels,
}

impl Backend {
    /// What this pipx can do, by its own help.
    fn by_help(help: &str) -> Self {
        let knows = |option: &str| {
            let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '-';
            help.split(is_end).any(|word| word == option)
        };
        if knows("--lock") && knows("--backend") {
            Self::PipxLock
        } else {
            Self::PipxWheels
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::PipxLock => "pipx install --lock",
            Self::PipxWheels => "pipx install from hash-checked wheels",
        }
    }
}

impl Installed {
    /// The fact that `install-candidate` publishes.
    #[must_use]
    pub fn fact(&self) -> Value {
        let request = &self.request;
        let home = &request.home;
        json!({
            "home": home.root(),
            "bin": home.bin(),
            "command": home.bin().join(&request.command),
            "python": home.python(&request.package),
            "python_version": self.look.python_version,
            "package": request.package,
            "version": self.look.version,
            "as_of": request.as_of,
            "lock": self.lock.place,
            "lock_sha256": self.lock.sha256,
            "closure_sha256": self.lock.closure_sha256(),
            "packages": self.lock.packages_fact(),
            "backend": self.backend.name(),
            "files": self.look.files,
            "files_sha256": self.look.files_sha256,
        })
    }
}

/// Locks the dependencies, installs them, and inspects the result.
///
/// # Errors
/// If any step failed, or what is installed is not what was locked.
pub async fn install(ctx: &Ctx, request: Install) -> Result<Installed, VerbError> {
    let requirement = format!("{}=={}", request.package, request.version);
    ctx.progress(format!("locking the closure of {requirement}"));
    let place = request.evidence.join("pylock.toml");
    let lock = lock::lock(
        ctx,
        &request.home,
        place,
        &requirement,
        request.as_of.as_deref(),
    )
    .await?;
    must_hold(&lock, &request)?;
    install_lock(ctx, request, lock).await
}

/// Installs exactly a lock, and inspects the result.
///
/// # Errors
/// If this failed, or what is installed is not what was locked.
pub async fn install_lock(ctx: &Ctx, request: Install, lock: Lock) -> Result<Installed, VerbError> {
    must_hold(&lock, &request)?;
    ctx.progress(format!("installing {} packages", lock.packages.len()));
    let backend = backend(ctx, &request.home).await?;
    let python = interpreter(ctx).await?;
    match backend {
        Backend::PipxLock => pipx_lock(ctx, &request, &lock, &python).await?,
        Backend::PipxWheels => pipx_wheels(ctx, &request, &lock, &python).await?,
    }
    let Install {
        home,
        package,
        command,
        ..
    } = &request;
    let venv = home.python(package);
    let entry = home.bin().join(command);
    settle(ctx, home, venv.as_str()).await?;
    let seen = look(ctx, home, venv.as_str(), entry.as_str(), package).await?;
    let installed = Installed {
        request,
        lock,
        backend,
        look: seen,
    };
    let wrong = installed.differences();
    if wrong.is_empty() {
        return Ok(installed);
    }
    let mut finding = Finding::new("what is installed is not what was locked");
    finding.seen = wrong;
    Err(VerbError::error(finding))
}

impl Installed {
    fn differences(&self) -> Vec<String> {
        let mut wrong = self.look.differences(&self.lock);
        let (package, version) = (&self.request.package, &self.request.version);
        if self.look.version.as_ref() != Some(version) {
            let seen = self.look.version.as_deref().unwrap_or("not installed");
            wrong.push(format!("`{package}` is {seen}, asked for was {version}"));
        }
        if !self.look.entry_there {
            wrong.push(format!("it brings no command `{}`", self.request.command));
        }
        wrong
    }
}

/// Checks that the lock is for exactly the requested version.
fn must_hold(lock: &Lock, request: &Install) -> Result<(), VerbError> {
    let Install {
        package, version, ..
    } = request;
    let locked = lock.package(package).map(|locked| locked.version.as_str());
    if locked == Some(version) {
        return Ok(());
    }
    let seen = locked.unwrap_or("nothing");
    let what = format!("the lock holds {seen} of `{package}`, not {version}");
    Err(VerbError::error(
        Finding::new(what).seen(lock.place.to_string()),
    ))
}

async fn backend(ctx: &Ctx, home: &Home) -> Result<Backend, VerbError> {
    let argv = ["pipx", "install", "--help"].map(str::to_owned);
    let mut help = home.installer(argv.into());
    // Or the help is wrapped in the middle of an option.
    help.env.insert("COLUMNS".to_owned(), "200".to_owned());
    let finished = must_succeed(ctx, help).await?;
    Ok(Backend::by_help(&finished.stdout.text))
}

async fn pipx_lock(
    ctx: &Ctx,
    request: &Install,
    lock: &Lock,
    python: &str,
) -> Result<(), VerbError> {
    let requirement = format!("{}=={}", request.package, request.version);
    let argv = [
        "pipx",
        "install",
        "--force",
        "--backend",
        "uv",
        "--python",
        python,
        "--lock",
        lock.place.as_str(),
        &requirement,
    ];
    run_installer(ctx, request.installer(&argv, &lock.place)).await
}

/// For a pipx without `--lock`: the lock's wheels, hash-checked, in a directory that is all that
/// pip gets to see.
async fn pipx_wheels(
    ctx: &Ctx,
    request: &Install,
    lock: &Lock,
    python: &str,
) -> Result<(), VerbError> {
    let kept = match request.network {
        Network::Cut => lock.clone(),
        Network::Allowed => {
            let to = request.evidence.join("wheels-for-pipx");
            vendor(ctx, &request.home, lock, &request.evidence, &to).await?
        }
    };
    check_wheels(ctx, &kept).await?;
    let (beside, _) = kept.place.as_str().rsplit_once('/').unwrap_or_default();
    let pip = format!("--pip-args=--only-binary=:all: --no-index --find-links={beside}/wheels");
    let requirement = format!("{}=={}", request.package, request.version);
    let argv = [
        "pipx",
        "install",
        "--force",
        "--python",
        python,
        &pip,
        &requirement,
    ];
    run_installer(ctx, request.installer(&argv, &kept.place)).await
}

impl Install {
    /// An installer that reads a lock and the files beside it.
    fn installer(&self, argv: &[&str], lock: &Place) -> Program {
        let argv = argv.iter().map(|&word| word.to_owned()).collect();
        let mut program = self.home.installer(argv);
        let sandbox = program.sandbox.get_or_insert_default();
        sandbox.readable.push(beside(lock));
        if self.network == Network::Cut {
            sandbox.network = false;
            for name in ["UV_OFFLINE", "PIP_NO_INDEX"] {
                program.env.insert(name.to_owned(), "1".to_owned());
            }
        }
        program
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipx_is_known_by_its_help() {
        let new = "  --lock LOCK           Install the environment\n  --backend {pip,uv}";
        assert_eq!(Backend::by_help(new), Backend::PipxLock);
        let old = "  --python PYTHON  \n  --preinstall PREINSTALL\n  --locked";
        assert_eq!(Backend::by_help(old), Backend::PipxWheels);
    }
}
