//! Projects keep what their tests need in many places; each is found, and what was chosen is said.

use std::process::Command;

use canary_gate::audit::{TestCommand, Verdict};

use super::{File, Stage, expect};
use crate::audit_support::pytest;

const OLD: &str = "def f(x):\n    return x\n";
const NEW: &str = "def f(x):\n    return x or \"d\"\n";
const TEST: &str = "from app.q import f\n\n\ndef test_f():\n    assert f(\"\") == \"d\"\n";

/// A project with this way to declare its tests, in a `src` directory.
fn stage(declared: &[File<'_>], test: &str) -> Stage {
    let mut before = vec![("src/app/__init__.py", ""), ("src/app/q.py", OLD)];
    before.extend(declared);
    Stage::new(&before, &[("src/app/q.py", NEW), ("tests/test_q.py", test)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_habit_is_found_and_said() {
    let built = "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n[tool.hatch.build.targets.wheel]\npackages = [\"src/app\"]\n[project]\nname = \"the-app\"\nversion = \"1.5\"\n";
    let group = format!("{built}[dependency-groups]\ntests = [\"pytest\"]\n");
    let poetry = "[build-system]\nrequires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n[tool.poetry]\nname = \"the-app\"\nversion = \"1.5\"\ndescription = \"\"\nauthors = []\npackages = [{include = \"app\", from = \"src\"}]\n[tool.poetry.group.test.dependencies]\npytest = \">=7\"\n";
    let setup = "from setuptools import setup\nsetup(name='the-app', version='1.5', package_dir={'': 'src'}, packages=['app'])\n";
    // The version shows that the project itself is installed, and not only on the path.
    let test = "from importlib.metadata import version\n\nfrom app.q import f\n\n\ndef test_f():\n    assert version(\"the-app\") == \"1.5\"\n    assert f(\"\") == \"d\"\n";
    let cases: [(&[File<'_>], &str); 4] = [
        (&[("pyproject.toml", &group)], "chosen: group `tests`"),
        (&[("pyproject.toml", poetry)], "chosen: poetry group `test`"),
        (
            &[
                ("setup.py", setup),
                ("requirements/tests.txt", "pytest>=7\n"),
            ],
            "chosen: `requirements/tests.txt`",
        ),
        (
            &[
                ("setup.py", setup),
                ("tox.ini", "[testenv]\ndeps = pytest\n"),
            ],
            "chosen: what tox installs",
        ),
    ];
    for (declared, chosen) in cases {
        let stage = stage(declared, test);
        let report = stage.audit(&stage.request(&["src/"])).await;
        expect(&report, Verdict::Substantive, chosen);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_kept_to_and_its_environment_shared_with_the_next_audit() {
    let pyproject = "[project]\nname = \"the-app\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n[project.optional-dependencies]\ntest = [\"pytest==8.3.4\"]\n";
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("pyproject.toml"), pyproject).unwrap();
    let locked = Command::new(pytest::uv())
        .args(["lock", "--quiet"])
        .current_dir(directory.path())
        .status();
    assert!(locked.unwrap().success());
    let lock = std::fs::read_to_string(directory.path().join("uv.lock")).unwrap();
    let stage = stage(&[("pyproject.toml", pyproject), ("uv.lock", &lock)], TEST);
    let first = stage.audit(&stage.request(&["src/"])).await;
    expect(
        &first,
        Verdict::Substantive,
        "chosen: versions of `uv.lock`",
    );
    let environment = first.proof.unwrap().environment.unwrap();
    assert!(environment.packages.contains(&"pytest==8.3.4".to_owned()));
    let made = stage.environments();
    assert_eq!(made.len(), 1);
    stage.audit(&stage.request(&["src/"])).await;
    assert_eq!(stage.environments(), made, "the next audit takes the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_file_that_only_a_build_writes_is_there() {
    let pyproject = "[build-system]\nrequires = [\"setuptools>=64\", \"setuptools-scm>=8\"]\nbuild-backend = \"setuptools.build_meta\"\n[project]\nname = \"the-app\"\ndynamic = [\"version\"]\n[tool.setuptools_scm]\nversion_file = \"src/app/_version.py\"\n";
    let test = "from app._version import version\nfrom app.q import f\n\n\ndef test_f():\n    assert version and f(\"\") == \"d\"\n";
    let stage = stage(&[("pyproject.toml", pyproject)], test);
    let report = stage.audit(&stage.request(&["src/"])).await;
    expect(
        &report,
        Verdict::Substantive,
        "pytest by itself: no place names it",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_those_of_the_fixs_day() {
    let stage = stage(&[], TEST);
    let report = stage.audit(&stage.request(&["src/"])).await;
    // The generated fix is of November 2023.
    expect(&report, Verdict::Substantive, "as of 2023-11-14");
    let packages = report.proof.unwrap().environment.unwrap().packages;
    assert!(
        packages.contains(&"pytest==7.4.3".to_owned()),
        "{packages:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_fits_it_is_said_what_was_looked_at_and_what_to_set() {
    let pyproject = "[project]\nname = \"p\"\nversion = \"1\"\nrequires-python = \">=3.99\"\n";
    let stage_99 = stage(&[("pyproject.toml", pyproject)], TEST);
    let report = stage_99.audit(&stage_99.request(&["src/"])).await;
    expect(&report, Verdict::Undetermined, "`>=3.99`");
    expect(&report, Verdict::Undetermined, "`product.tests`");

    let nowhere = "[dependency-groups]\ntest = [\"pytest\", \"no-such-package-of-the-gate==1\"]\n";
    let nowhere = stage(&[("pyproject.toml", nowhere)], TEST);
    let report = nowhere.audit(&nowhere.request(&["src/"])).await;
    expect(&report, Verdict::Undetermined, "looked at `pyproject.toml`");
    expect(
        &report,
        Verdict::Undetermined,
        "no-such-package-of-the-gate",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_without_a_report_gives_the_first_error_as_its_cause() {
    let stage = stage(&[], TEST);
    let mut req = stage.request(&["src/"]);
    // Whatever it says last is progress.
    req.tests = TestCommand::from_line(
        "sh -c 'echo \"python: No module named pytest\" >&2; echo Installed 3 packages >&2; exit 1' pytest",
    );
    let report = stage.audit(&req).await;
    expect(
        &report,
        Verdict::Undetermined,
        "first error: python: No module named pytest",
    );
    expect(&report, Verdict::Undetermined, "Installed 3 packages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_neither_side_shows_nothing() {
    let stage = stage(&[], TEST);
    let copy = stage.path("copy/app");
    std::fs::create_dir_all(&copy).unwrap();
    std::fs::write(copy.join("__init__.py"), "").unwrap();
    std::fs::write(copy.join("q.py"), NEW).unwrap();
    let mut req = stage.request(&["src/"]);
    req.tests = super::pytest_line();
    let path = |path: &str| [("PYTHONPATH".to_owned(), path.to_owned())].into();
    req.tests.env = path(copy.parent().unwrap().to_str().unwrap());
    let report = stage.audit(&req).await;
    expect(
        &report,
        Verdict::Undetermined,
        "which is not the side under test",
    );
    req.tests.env = path("src");
    expect(&stage.audit(&req).await, Verdict::Substantive, "proves it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modules_that_only_the_settings_of_pytest_name_are_run() {
    let settings = "[pytest]\npython_files = check_*.py\n";
    let check = ("tests/check_q.py", TEST);
    let stage = |settings: &[File<'_>]| {
        let before = [settings, &[("app/__init__.py", ""), ("app/q.py", OLD)]].concat();
        Stage::new(&before, &[("app/q.py", NEW), check])
    };
    let named = stage(&[("pytest.ini", settings)]);
    let report = named.audit(&named.request(&["app/"])).await;
    expect(&report, Verdict::Substantive, "tests/check_q.py");
    let unnamed = stage(&[]);
    let report = unnamed.audit(&unnamed.request(&["app/"])).await;
    expect(&report, Verdict::Unproven, "the fix brings no test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_in_a_part_of_the_repository_is_found_and_built() {
    let pyproject = "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n[tool.hatch.build.targets.wheel]\npackages = [\"src/app\"]\n[project]\nname = \"the-app\"\nversion = \"1.5\"\n[dependency-groups]\ntests = [\"pytest\", \"pytest-mock\"]\n";
    let test = "from importlib.metadata import version\n\nfrom app.q import f\n\n\ndef test_f(mocker):\n    assert version(\"the-app\") == \"1.5\"\n    assert f(\"\") == \"d\"\n";
    let before = [
        ("pyproject.toml", "[tool.ruff]\nline-length = 88\n"),
        ("packages/app/pyproject.toml", pyproject),
        ("packages/app/src/app/__init__.py", ""),
        ("packages/app/src/app/q.py", OLD),
    ];
    let module = "packages/app/tests/test_q.py";
    let stage = Stage::new(
        &before,
        &[("packages/app/src/app/q.py", NEW), (module, test)],
    );
    let report = stage.audit(&stage.request(&["packages/app/src/"])).await;
    expect(
        &report,
        Verdict::Substantive,
        "the project in `packages/app`",
    );
    // What passes without the fix proves nothing there either.
    let test = test.replace("f(\"\") == \"d\"", "f(\"a\") == \"a\"");
    let stage = Stage::new(
        &before,
        &[("packages/app/src/app/q.py", NEW), (module, &test)],
    );
    let report = stage.audit(&stage.request(&["packages/app/src/"])).await;
    expect(&report, Verdict::Unproven, "1 pass on both sides");
}
