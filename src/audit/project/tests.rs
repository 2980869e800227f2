//! Conventions of real projects, each with the expected choice.

use super::read::declares;
use super::*;

fn project(files: &[(&str, &str)]) -> Project {
    let paths = files.iter().map(|(path, _)| (*path).to_owned()).collect();
    let texts = files
        .iter()
        .filter(|(path, _)| declares(path))
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    Project::new(paths, texts)
}

fn chosen(files: &[(&str, &str)]) -> Choice {
    choose(&project(files), None)
}

#[test]
fn an_extra_with_a_lock_is_taken_from_the_lock() {
    let choice = chosen(&[
        (
            "pyproject.toml",
            "[project]\nname = \"p\"\ndependencies = [\"httpx\"]\n[project.optional-dependencies]\ntest = [\"pytest>=8\", \"pytest-asyncio\"]\ndocs = [\"sphinx\"]\n",
        ),
        ("uv.lock", ""),
    ]);
    let locked = choice.locked.unwrap();
    assert_eq!(
        (locked.extras, locked.groups),
        (vec!["test".to_owned()], vec![])
    );
    assert!(choice.why[0].contains("extra `test`"), "{:?}", choice.why);
}

#[test]
fn groups_include_groups_and_extras_of_the_project_itself() {
    let choice = chosen(&[(
        "pyproject.toml",
        "[project]\nname = \"my-p\"\n[project.optional-dependencies]\nspeed = [\"orjson\"]\n[dependency-groups]\nTests = [\"My_P[speed]\", {include-group = \"base\"}]\nbase = [\"pytest\"]\ndev = [\"ruff\", {include-group = \"tests\"}]\n",
    )]);
    assert_eq!(choice.locked, None);
    assert_eq!(choice.inputs, ["orjson", "pytest"]);
}

#[test]
fn of_development_and_tests_that_which_names_pytest_counts() {
    let choice = chosen(&[(
        "pyproject.toml",
        "[tool.uv]\ndev-dependencies = [\"pytest\", \"mypy\"]\n[project]\nname = \"p\"\n",
    )]);
    assert_eq!(choice.inputs, ["pytest", "mypy"]);
    let choice = chosen(&[
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\npython = \"^3.9\"\nattrs = \"^23\"\n[tool.poetry.group.test.dependencies]\npytest = \"^7.4\"\n",
        ),
        (
            "poetry.lock",
            "[[package]]\nname = \"attrs\"\nversion = \"23.1.0\"\n",
        ),
    ]);
    assert_eq!(choice.inputs, ["attrs>=23,<24", "pytest>=7.4,<8"]);
    assert_eq!(choice.constraints, ["attrs==23.1.0"]);
}

#[test]
fn files_of_requirements_name_each_other_and_one_is_taken() {
    let choice = chosen(&[
        (
            "requirements/tests.txt",
            "# made by pip-compile\npytest==7.4.0 \\\n    --hash=sha256:aa\n-r base.txt\n",
        ),
        ("requirements/tests.in", "pytest\n"),
        ("requirements/base.txt", "attrs==23.1.0  # of the base\n"),
        ("requirements/dev.txt", "pytest==6\n-r tests.txt\n"),
        (
            "setup.py",
            "setup(name='p', install_requires=['click>=8'])\n",
        ),
    ]);
    assert_eq!(
        choice.inputs,
        ["click>=8", "pytest==7.4.0", "attrs==23.1.0"]
    );
    let choice = chosen(&[
        (
            "requirements.txt",
            "-e .[cli,http2]\n--index-url somewhere\npytest==8.0\ngit+https://example.invalid/x\n",
        ),
        (
            "pyproject.toml",
            "[project]\nname = \"p\"\n[project.optional-dependencies]\ncli = [\"rich\"]\nhttp2 = [\"h2\"]\n",
        ),
    ]);
    assert_eq!(choice.inputs, ["rich", "h2", "pytest==8.0"]);
}

#[test]
fn runners_of_tests_say_what_they_install() {
    let tox = chosen(&[
        (
            "tox.ini",
            "[tox]\nenvlist = py\n[testenv]\ndeps =\n  pytest>=7\n  cov: coverage\n  -r{toxinidir}/requirements/extra.txt\n  {[base]deps}\ncommands = pytest\n",
        ),
        ("requirements/extra.txt", "six\n"),
    ]);
    assert_eq!(tox.inputs, ["pytest>=7", "coverage", "six"]);
    let nox = chosen(&[
        (
            "noxfile.py",
            "import nox\n\n@nox.session\ndef tests(session):\n    session.install(\"-r\", \"tests/requirements.txt\")\n    session.install('pytest', \".\")\n\n@nox.session\ndef docs(session):\n    session.install('furo')\n",
        ),
        ("tests/requirements.txt", "pretend\n"),
    ]);
    assert_eq!(nox.inputs, ["pretend", "pytest"]);
    let hatch = chosen(&[(
        "pyproject.toml",
        "[project]\nname=\"p\"\n[tool.hatch.envs.test]\ndependencies = [\"pytest\"]\n",
    )]);
    assert_eq!(hatch.inputs, ["pytest"]);
}

#[test]
fn without_any_place_it_is_pytest_alone_and_that_is_said() {
    let choice = chosen(&[("app.py", ""), ("test_app.py", "")]);
    assert_eq!(choice.inputs, ["pytest"]);
    assert!(
        choice.why[0].contains("no place names it"),
        "{:?}",
        choice.why
    );
    assert!(
        choice
            .looked_at
            .iter()
            .any(|place| place.contains("tox.ini"))
    );
}

#[test]
fn a_built_distribution_says_what_its_extras_are() {
    let metadata = Metadata::parse(
        "Metadata-Version: 2.1\nName: My.P\nRequires-Dist: click>=8\nRequires-Dist: pytest ; extra == \"tests\"\nRequires-Dist: tomli ; python_version < \"3.11\" and extra == 'tests'\nRequires-Dist: my-p[tests] ; extra == 'dev'\nProvides-Extra: tests\nProvides-Extra: dev\n\nRequires-Dist: not-this\n",
    );
    assert_eq!(metadata.requires, ["click>=8"]);
    assert_eq!(
        metadata.extras["tests"],
        ["pytest", "tomli ; python_version < \"3.11\""]
    );
    let choice = choose(&project(&[("setup.py", "")]), Some(&metadata));
    assert_eq!(
        choice.inputs,
        ["click>=8", "pytest", "tomli ; python_version < \"3.11\""]
    );
}

#[test]
fn what_is_no_package_is_not_built() {
    assert_eq!(
        project(&[("pyproject.toml", "[project]\nname = \"p\"\n")]).build(),
        None
    );
    let own = "[build-system]\nrequires = []\nbuild-backend = \"poetry.core.masonry.api\"\nbackend-path = [\"src\"]\n";
    let build = project(&[("pyproject.toml", own)]).build().unwrap();
    assert_eq!(build.path, ["src"]);
    assert!(project(&[("setup.py", "")]).build().is_some());
    let roots = project(&[("src/app/__init__.py", "")]).source_roots();
    assert_eq!(roots, ["src", ""]);
}

#[test]
fn modules_are_told_from_what_they_use() {
    let plain = project(&[]);
    for (path, is) in [
        ("tests/test_a.py", true),
        ("a_test.py", true),
        ("tests/data/test_a.json", false),
        ("tests/conftest.py", false),
        ("tests/helpers.py", false),
    ] {
        assert_eq!(is_test_module(&plain, path), is, "{path}");
    }
}

#[test]
fn the_settings_of_pytest_name_modules_of_tests() {
    let table = "[tool.pytest.ini_options]\npython_files = [\"check_*.py\", \"unit/*.py\"]\n";
    for settings in [
        ("pyproject.toml", table),
        (
            "pytest.ini",
            "[pytest]\npython_files =\n    check_*.py\n    unit/*.py\n",
        ),
        ("tox.ini", "[pytest]\npython_files = check_*.py unit/*.py\n"),
        (
            "setup.cfg",
            "[tool:pytest]\npython_files = check_*.py unit/*.py\n",
        ),
    ] {
        let project = project(&[settings]);
        for (path, is) in [
            ("tests/check_a.py", true),
            ("tests/unit/a.py", true),
            ("tests/unit/conftest.py", false),
            ("tests/unit/__init__.py", false),
            ("tests/a.py", false),
            // A pattern does not turn the product into a test.
            ("src/app/check_a.py", false),
        ] {
            assert_eq!(is_test_module(&project, path), is, "{path} {settings:?}");
        }
    }
}

#[test]
fn the_project_is_the_nearest_one_above_all_sources() {
    use super::read::root_of;

    let paths = [
        "pyproject.toml",
        "src/app/q.py",
        "packages/one/pyproject.toml",
        "packages/one/src/one/q.py",
        "packages/one/src/one/data/setup.cfg",
        "packages/two/setup.py",
    ];
    let paths = paths.map(str::to_owned);
    for (sources, root) in [
        (&["src/app/q.py"][..], ""),
        (&["packages/one/src/one/q.py"], "packages/one"),
        (
            &[
                "packages/one/src/one/q.py",
                "packages/one/src/one/data/r.py",
            ],
            "packages/one",
        ),
        // A directory with the same prefix is a different one.
        (&["packages/one/a.py", "packages/one-b/a.py"], ""),
        (&["packages/one/a.py", "packages/two/a.py"], ""),
        (&[], ""),
    ] {
        assert_eq!(root_of(&paths, sources), root, "{sources:?}");
    }
}
