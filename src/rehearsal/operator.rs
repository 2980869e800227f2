//! The operator of the embedded world: their home, environment and PATH, and the parameters that
//! point the gate at this world.

use std::collections::BTreeMap;
use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};

use super::github;
use super::product::index::IndexServer;
use super::product::pytest_wheels;
use super::product::repositories::Repositories;
use super::saas::SaasServer;
use super::{Fault, Faults, RehearsalError, host};
use crate::session::Tools;
use crate::world::live::Operator;

/// A value that must never be seen anywhere.
const CANARY_TOKEN: &str = "canary-7f3c0b9e51d84a62a4d1";
/// Names of the operator's variables that the embedded world needs to work on this machine.
const FROM_OUTSIDE: [&str; 6] = [
    "TERM",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "UV_PYTHON",
    "PIPX_DEFAULT_PYTHON",
    "UV_PYTHON_DOWNLOADS",
];

pub(super) fn cache_of(outer: &Operator) -> Utf8PathBuf {
    let base = outer
        .var("XDG_CACHE_HOME")
        .map_or_else(|| outer.home.join(".cache"), Utf8PathBuf::from);
    base.join("gate")
}

/// The flake brings the wheels that the rehearsal's pytest needs; elsewhere they are fetched once.
pub(super) fn pytest_wheels_directory(outer: &Operator, cache: &Utf8Path) -> PathBuf {
    outer.var("GATE_REHEARSAL_WHEELS").map_or_else(
        || cache.join(pytest_wheels::directory_name()).into(),
        PathBuf::from,
    )
}

pub(super) fn path_of(root: &Utf8Path, outer: &Operator, tools: &Tools) -> Vec<Utf8PathBuf> {
    let mut path = vec![root.join("bin")];
    path.extend(tools.directories.0.iter().cloned());
    path.extend(outer.path());
    path.extend(tools.directories.1.iter().cloned());
    path
}

pub(super) fn find(program: &str, path: &[Utf8PathBuf]) -> Result<PathBuf, RehearsalError> {
    path.iter()
        .map(|entry| entry.join(program))
        .find(|candidate| candidate.is_file())
        .map(Utf8PathBuf::into_std_path_buf)
        .ok_or_else(|| {
            RehearsalError::Other(format!(
                "`{program}` is not on PATH; `gate doctor` says what to do"
            ))
        })
}

/// The operator of the embedded world: nothing of the outer one's but where the tools are.
pub(super) fn operator(
    root: &Utf8Path,
    outer: &Operator,
    path: Vec<Utf8PathBuf>,
    index: &IndexServer,
    faults: &Faults,
) -> Operator {
    let home = root.join("operator/home");
    let path: Vec<String> = path.into_iter().map(Utf8PathBuf::into_string).collect();
    let mut env: BTreeMap<String, String> = FROM_OUTSIDE
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), outer.var(name)?.to_owned())))
        .collect();
    let own = [
        ("HOME", home.to_string()),
        ("PATH", path.join(":")),
        ("GH_CONFIG_DIR", root.join("operator/gh").into_string()),
        ("GH_NO_UPDATE_NOTIFIER", "1".to_owned()),
        ("UV_DEFAULT_INDEX", index.url().to_owned()),
        ("PIP_INDEX_URL", index.url().to_owned()),
        ("XDG_CACHE_HOME", root.join("cache").into_string()),
        ("SPEC_KITTY_CANARY_TOKEN", CANARY_TOKEN.to_owned()),
    ];
    env.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if faults.contains(&Fault::TokenScopeError) {
        env.insert(
            "GITHUB_TOKEN".to_owned(),
            github::ENVIRONMENT_TOKEN.to_owned(),
        );
    }
    Operator {
        env,
        home,
        cwd: root.join("workspace"),
    }
}

pub(super) fn locking_env(operator: &Operator, root: &Utf8Path) -> BTreeMap<String, String> {
    let mut env = operator.env.clone();
    env.insert(
        "UV_CACHE_DIR".to_owned(),
        root.join("cache/gate/uv").into_string(),
    );
    env
}

/// What an operator has at home that the gate must not touch.
pub(super) fn write_home(root: &Utf8Path) -> Result<(), RehearsalError> {
    let home = root.join("operator/home");
    for (path, text) in [
        (".bashrc", "# mine\n"),
        (
            ".local/share/pipx/venvs/spec-kitty-cli/pipx_metadata.json",
            "{\"main_package\": {\"package_version\": \"3.1.4\"}}\n",
        ),
        (
            ".local/bin/spec-kitty",
            "#!/bin/sh\necho 'spec-kitty-cli version 3.1.4'\n",
        ),
        (
            ".spec-kitty/config.json",
            "{\"server_url\": \"https://example.invalid\"}\n",
        ),
    ] {
        host::write(home.join(path).as_std_path(), text)?;
    }
    Ok(())
}

pub(super) fn parameters(
    root: &Utf8Path,
    saas: &SaasServer,
    repositories: &Repositories,
    faults: &Faults,
) -> Vec<String> {
    let mut parameters = vec![
        format!("workspace={}", root.join("workspace")),
        format!("state_dir={}", root.join("state")),
        format!("saas.url={}", saas.url()),
        format!("rc.ancestor={}", repositories.boundary_base),
        "saas.retry_after=1s".to_owned(),
        // A run takes seconds here, not minutes.
        "canary.observe_every=200ms".to_owned(),
    ];
    let day = [Fault::LaterCandidate, Fault::ChosenLater];
    if day.iter().any(|fault| faults.contains(fault)) {
        parameters.push("rc.as_of=2026-05-21T00:00:00Z".to_owned());
    }
    for (fault, version) in [
        (Fault::ChosenNotNewest, "3.2.0rc16"),
        (Fault::ChosenMissing, "3.2.0rc11"),
        (Fault::ChosenYanked, "3.2.0rc28"),
        (Fault::ChosenLater, "3.2.0rc17"),
        (Fault::ChosenOld, "3.2.0rc14"),
    ] {
        if faults.contains(&fault) {
            parameters.push(format!("rc.candidate={version}"));
        }
    }
    if faults.contains(&Fault::ExtraMissing) {
        parameters.push("product.tests=uv run --frozen python -m pytest -q".to_owned());
    }
    if faults.contains(&Fault::SaasTimeout) {
        parameters.push("saas.answer_within=1s".to_owned());
    }
    if faults.contains(&Fault::CanaryHangs) {
        parameters.push("canary.run_limit=10s".to_owned());
    }
    parameters
}
