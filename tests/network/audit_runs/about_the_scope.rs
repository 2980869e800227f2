//! A proof is about the change in scope: what comes from elsewhere is none.

use canary_gate::audit::Verdict;

use super::{Stage, expect, pytest_line};

const OLD: &str = "def f(x):\n    y = x\n    return y\n";
/// The same behaviour in other words.
const SAME: &str = "def f(x):\n    return (lambda y: y)(x)\n";
const FIXED: &str = "def f(x):\n    return x or \"d\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_file_proves_is_no_proof() {
    let before = [
        ("pkg/__init__.py", OLD),
        ("other/__init__.py", "def g(x):\n    return x\n"),
    ];
    let other = ("other/__init__.py", "def g(x):\n    return x or \"d\"\n");
    let test = (
        "test_a.py",
        "import other\nimport pkg\n\n\ndef test_g():\n    assert other.g(\"\") == \"d\"\n",
    );
    let stage = Stage::new(&before, &[("pkg/__init__.py", SAME), other, test]);
    let mut req = stage.request(&["pkg/"]);
    req.tests = pytest_line();
    let report = stage.audit(&req).await;
    expect(&report, Verdict::Unproven, "what it proves lies elsewhere");

    // The honest twin changes both, and a test of its own proves what is in scope.
    let both = (
        "test_a.py",
        "import other\nimport pkg\n\n\ndef test_g():\n    assert other.g(\"\") == \"d\"\n\n\ndef test_f():\n    assert pkg.f(\"\") == \"d\"\n",
    );
    let stage = Stage::new(&before, &[("pkg/__init__.py", FIXED), other, both]);
    let mut req = stage.request(&["pkg/"]);
    req.tests = pytest_line();
    let report = stage.audit(&req).await;
    expect(&report, Verdict::Substantive, "proved by 1 of 2 tests");
    expect(&report, Verdict::Substantive, "proves something else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_setting_or_chance_proves_is_no_proof() {
    let before = [("pkg/__init__.py", OLD)];
    let by_environment = "import os\n\nimport pkg\n\n\ndef test_a():\n    assert pkg.f(1) == 1\n    assert os.path.exists(\"once\") or open(\"once\", \"w\") and \"before\" not in os.getcwd()\n";
    let stage = Stage::new(
        &before,
        &[("pkg/__init__.py", SAME), ("test_a.py", by_environment)],
    );
    let mut req = stage.request(&["pkg/"]);
    req.tests = pytest_line();
    let report = stage.audit(&req).await;
    assert_eq!(
        report.decision.verdict,
        Verdict::Unproven,
        "{}",
        report.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sides_that_fight_for_a_port_are_run_one_after_the_other() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let number = port.local_addr().unwrap().port();
    drop(port);
    let test = |asserts: &str| {
        format!(
            "import socket\nimport time\n\nimport pkg\n\n\ndef test_server():\n    server = socket.socket()\n    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n    server.bind((\"127.0.0.1\", {number}))\n    server.listen()\n    time.sleep(1)\n    server.close()\n    assert {asserts}\n"
        )
    };
    let dishonest = test("pkg.f(1) == 1");
    let honest = test("pkg.f(\"\") == \"d\"");
    for _ in 0..3 {
        let stage = Stage::new(
            &[("pkg/__init__.py", OLD), ("test_a.py", &dishonest)],
            &[
                ("pkg/__init__.py", SAME),
                ("test_a.py", &format!("{dishonest}# tidied\n")),
            ],
        );
        let mut req = stage.request(&["pkg/"]);
        req.tests = pytest_line();
        let report = stage.audit(&req).await;
        assert_eq!(
            report.decision.verdict,
            Verdict::Unproven,
            "{}",
            report.text()
        );

        let stage = Stage::new(
            &[("pkg/__init__.py", OLD)],
            &[("pkg/__init__.py", FIXED), ("test_a.py", &honest)],
        );
        let mut req = stage.request(&["pkg/"]);
        req.tests = pytest_line();
        expect(&stage.audit(&req).await, Verdict::Substantive, "proves it");
        req.in_turn = true;
        expect(&stage.audit(&req).await, Verdict::Substantive, "proves it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_alike_on_both_sides_beside_a_proof_is_not_run_again() {
    let test = |asserts: &str| {
        format!(
            "import pkg\n\n\ndef test_far():\n    raise OSError(\"no network\")\n\n\ndef test_f():\n    assert {asserts}\n"
        )
    };
    let stage = |asserts: &str| {
        Stage::new(
            &[("pkg/__init__.py", OLD)],
            &[("pkg/__init__.py", FIXED), ("test_a.py", &test(asserts))],
        )
    };
    let proved = stage("pkg.f(\"\") == \"d\"");
    let mut req = proved.request(&["pkg/"]);
    req.tests = pytest_line();
    let report = proved.audit(&req).await;
    expect(&report, Verdict::Substantive, "proves it");
    assert_eq!(report.proof.unwrap().in_turn, None);

    // Where nothing proves the fix yet, the other side may be why.
    let open = stage("pkg.f(1) == 1");
    let mut req = open.request(&["pkg/"]);
    req.tests = pytest_line();
    let report = open.audit(&req).await;
    assert_eq!(report.decision.verdict, Verdict::Unproven);
    assert!(report.proof.unwrap().in_turn.is_some());
}
