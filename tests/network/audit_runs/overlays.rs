//! What the old side has of the fix: everything but the product.

use canary_gate::audit::Verdict;

use super::{Stage, expect, pytest_line};

const OLD: &str = "def f(x):\n    return x\n";
const SAME: &str = "def f(x):\n    return x or None\n";
const FIXED: &str = "def f(x):\n    return x or \"d\"\n";

async fn verdict(
    before: &[super::File<'_>],
    after: &[super::File<'_>],
    scope: &[&str],
) -> canary_gate::audit::AuditReport {
    let stage = Stage::new(before, after);
    let mut req = stage.request(scope);
    req.tests = pytest_line();
    stage.audit(&req).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_and_settings_of_tests_are_on_both_sides() {
    let reads = "import json\nimport pathlib\n\nfrom pkg import f\n\n\ndef test_f():\n    case = json.loads((pathlib.Path(__file__).parent / \"fixtures/case.json\").read_text())\n    assert f(case[\"given\"]) == case[\"wanted\"]\n";
    let before = [("pkg/__init__.py", OLD)];
    for scope in [&["pkg/"][..], &[]] {
        let harmless = ("fixtures/case.json", "{\"given\": 1, \"wanted\": 1}");
        let report = verdict(
            &before,
            &[("pkg/__init__.py", SAME), ("test_f.py", reads), harmless],
            scope,
        )
        .await;
        assert_eq!(report.decision.verdict, Verdict::Unproven);
        let telling = ("fixtures/case.json", "{\"given\": \"\", \"wanted\": \"d\"}");
        let report = verdict(
            &before,
            &[("pkg/__init__.py", FIXED), ("test_f.py", reads), telling],
            scope,
        )
        .await;
        expect(&report, Verdict::Substantive, "proves it");
    }
    // A setting of pytest's, without which the test cannot even be found.
    let named = "from pkg import f\n\n\ndef check_f():\n    assert f(1) == 1\n";
    let setting = ("pytest.ini", "[pytest]\npython_functions = check_*\n");
    let report = verdict(
        &before,
        &[("pkg/__init__.py", SAME), ("test_f.py", named), setting],
        &["pkg/"],
    )
    .await;
    assert_eq!(report.decision.verdict, Verdict::Unproven);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_the_product_is_not() {
    let loads = "import pathlib\n\n\ndef f(x):\n    return x or (pathlib.Path(__file__).parent / \"default.txt\").read_text()\n";
    let same = "import pathlib\n\n\ndef f(x):\n    path = pathlib.Path(__file__).parent\n    return x or (path / \"default.txt\").read_text() or None\n";
    let before = [("pkg/__init__.py", loads), ("pkg/default.txt", "c")];
    let test = (
        "test_f.py",
        "from pkg import f\n\n\ndef test_f():\n    assert f(\"\") == \"d\"\n",
    );
    let report = verdict(
        &before,
        &[("pkg/__init__.py", same), ("pkg/default.txt", "d"), test],
        &[],
    )
    .await;
    expect(&report, Verdict::Substantive, "proves it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tests_that_read_the_only_data_that_changed_are_run() {
    let reads = "import pathlib\n\nfrom pkg import f\n\n\ndef test_f():\n    for line in (pathlib.Path(__file__).parent / \"data/cases.txt\").read_text().splitlines():\n        assert f(line) == (line or \"d\")\n";
    let before = [
        ("pkg/__init__.py", OLD),
        ("tests/test_f.py", reads),
        ("tests/test_other.py", "def test_other():\n    pass\n"),
        ("tests/data/cases.txt", "a\n"),
    ];
    let report = verdict(
        &before,
        &[
            ("pkg/__init__.py", FIXED),
            ("tests/data/cases.txt", "a\n\nb\n"),
        ],
        &["pkg/"],
    )
    .await;
    expect(
        &report,
        Verdict::Substantive,
        "tests/test_f.py on each side",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_cannot_be_collected_stops_no_other() {
    let fixed = "def _d():\n    return \"d\"\n\n\ndef f(x):\n    return x or _d()\n";
    let report = verdict(
        &[
            ("pkg/__init__.py", OLD),
            ("test_b.py", "from pkg import f\n"),
        ],
        &[
            ("pkg/__init__.py", fixed),
            (
                "test_a.py",
                "from pkg import f\n\n\ndef test_f():\n    assert f(\"\") == \"d\"\n",
            ),
            (
                "test_b.py",
                "from pkg import _d\n\n\ndef test_d():\n    assert _d() == \"d\"\n",
            ),
        ],
        &["pkg/"],
    )
    .await;
    expect(&report, Verdict::Substantive, "test_a::test_f");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_tests_use_is_on_both_sides() {
    let test = "import pathlib\nimport sys\n\nsys.path.insert(0, str(pathlib.Path(__file__).parent / \"tasks\"))\n\nfrom capabilities import GIVEN\nfrom pkg import f\n\n\ndef test_f():\n    assert f(GIVEN) == \"d\"\n";
    let before = [("pkg/__init__.py", OLD), ("tasks/capabilities.py", "")];
    let after = [
        ("pkg/__init__.py", FIXED),
        ("tasks/capabilities.py", "GIVEN = \"\"\n"),
        ("test_f.py", test),
    ];
    let report = verdict(&before, &after, &["pkg/"]).await;
    expect(&report, Verdict::Substantive, "proves it");
}
