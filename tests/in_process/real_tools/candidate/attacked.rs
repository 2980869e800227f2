//! What is installed tries to get at the operator while it is built or installed, and gets
//! nothing. The table of what it tries is in `tests/adversary/README.md`.

use canary_gate::candidate::install;
use canary_gate::model::Outcome;
use canary_gate::store::sha256_hex;
use canary_gate::verb::{Act, VerbError};
use canary_gate::verbs::UvSync;
use serde_json::json;

use crate::candidate_support::shelf::{Entry, Index};
use crate::candidate_support::stage::Stage;
use crate::candidate_support::{cli, events};

use super::request;

const ATTACKER: &str = include_str!("../../../adversary/installed.py");

/// The backend of a source distribution that only builds.
const HONEST: &str = "import os, zipfile

def build_wheel(directory, settings=None, metadata=None):
    name = 'built-1.0-py3-none-any.whl'
    info = 'built-1.0.dist-info/'
    with zipfile.ZipFile(os.path.join(directory, name), 'w') as wheel:
        wheel.writestr('built.py', 'MADE = 1\\n')
        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: built\\nVersion: 1.0\\n')
        wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\n'
                       'Root-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(info + 'RECORD', '')
    return name
";

/// An operator with logins and a shell, and the attacker who knows where they are.
fn scene() -> (Stage, String) {
    let token = "s3cr3t-0123456789abcdef0123456789abcdef0123";
    let stage = Stage::with("http://127.0.0.1:1/simple/", &[("GH_TOKEN", token)]);
    let root = stage.root.clone();
    for (file, text) in [
        (
            "home/.netrc",
            "machine github.com login me password s3cr3t-of-another-host\n",
        ),
        ("home/.bashrc", "# mine\n"),
        ("run/journal.jsonl", "s3cr3t\n"),
    ] {
        std::fs::write(root.join(file), text).unwrap();
    }
    let attacker = ATTACKER
        .replace("@HOME@", root.join("home").as_str())
        .replace("@RUN@", root.join("run").as_str())
        .replace("@GATE@", &std::process::id().to_string());
    (stage, attacker)
}

/// A project of the harness's whose lock names one source distribution.
async fn synced(stage: Stage, backend: &str) -> (Stage, Outcome) {
    let built = Entry::new("built", "1.0").built_by(backend);
    let digest = sha256_hex(&built.bytes());
    let index = Index::serve(&[built]).await;
    let stage = stage.on(&index.url);
    let project = stage.root.join("workspace/e2e");
    std::fs::create_dir_all(&project).unwrap();
    let toml = "[project]\nname = \"e2e\"\nversion = \"0\"\ndependencies = [\"built\"]\n";
    std::fs::write(project.join("pyproject.toml"), toml).unwrap();
    let (simple, files) = (&index.url, index.url.replace("/simple/", "/files"));
    let lock = format!(
        "version = 1\nrequires-python = \">=3.9\"\n\n[[package]]\nname = \"built\"\n\
         version = \"1.0\"\nsource = {{ registry = \"{simple}\" }}\n\
         sdist = {{ url = \"{files}/built-1.0.tar.gz\", hash = \"sha256:{digest}\" }}\n\n\
         [[package]]\nname = \"e2e\"\nversion = \"0\"\nsource = {{ virtual = \".\" }}\n\
         dependencies = [{{ name = \"built\" }}]\n"
    );
    std::fs::write(project.join("uv.lock"), lock).unwrap();
    let verb: UvSync = serde_json::from_value(json!({"project": "e2e", "as": "synced"})).unwrap();
    let outcome = verb.act(&stage.ctx()).await;
    (stage, outcome.unwrap_or_else(VerbError::outcome))
}

fn assert_untouched(stage: &Stage) {
    for (file, text) in [
        ("home/.bashrc", "# mine\n"),
        ("run/journal.jsonl", "s3cr3t\n"),
    ] {
        assert_eq!(
            std::fs::read_to_string(stage.root.join(file)).unwrap(),
            text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_distribution_gets_nothing_where_it_is_built() {
    let (stage, attacker) = scene();
    let (stage, outcome) = synced(stage, &attacker).await;
    let said = format!("{outcome:?}");
    assert!(said.contains("GOT nothing"), "{said}");
    assert_untouched(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_source_distribution_is_built_and_installed() {
    let (stage, outcome) = synced(scene().0, HONEST).await;
    assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
    let lib = stage.root.join("workspace/e2e/.venv/lib");
    let found = lib.read_dir_utf8().unwrap().flatten().any(|python| {
        let module = python.path().join("site-packages/built.py");
        module.is_file()
    });
    assert!(found, "it is not there");
}

/// Installs a candidate with a dependency that attacks; what it told with each start of Python.
async fn installed(stage: Stage, attacker: String) -> (Stage, Vec<String>) {
    let hostile = events("5.1.0")
        .file("attacker.py", attacker)
        .file("attacker.pth", "import attacker\n");
    let index = Index::serve(&[cli("3.2.0rc16"), hostile]).await;
    let stage = stage.on(&index.url);
    // It is installed: nobody can tell what it tries from what a package may do.
    let installed = install(&stage.ctx(), request("3.2.0rc16")).await;
    let told = stage.run("home/pipx/venvs/spec-kitty-cli/told-by-the-attacker");
    let told = std::fs::read_to_string(told)
        .unwrap_or_else(|error| panic!("it never ran: {error}; {installed:?}"));
    (stage, told.lines().map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wheel_gets_nothing_where_its_environment_starts() {
    let (stage, attacker) = scene();
    let (stage, told) = installed(stage, attacker).await;
    assert!(told.iter().all(|line| line == "GOT nothing"), "{told:?}");
    assert_untouched(&stage);
}

/// The other way round: the attackers are some, where nothing keeps them in.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_both_get_through() {
    let (stage, attacker) = scene();
    let (_, outcome) = synced(stage.without_sandbox(), &attacker).await;
    let said = format!("{outcome:?}");
    assert!(
        said.contains("GOT ") && said.contains("the operator's shell"),
        "{said}"
    );
    let (stage, attacker) = scene();
    let (_, told) = installed(stage.without_sandbox(), attacker).await;
    assert!(told[0].contains("the operator's shell"), "{told:?}");
}
