use super::super::syntax::FilePair;
use super::*;

const NOBODY: BTreeSet<String> = BTreeSet::new();

fn fails(message: &str) -> Outcome {
    Outcome::Fails {
        message: message.to_owned(),
        at: vec![("tests/test_q.py".to_owned(), 5)],
    }
}

fn cannot(why: &str) -> Outcome {
    Outcome::Cannot {
        why: why.to_owned(),
    }
}

fn run(all: &[(&str, Outcome)]) -> [SideRun; 1] {
    let outcomes = all
        .iter()
        .map(|(id, outcome)| ((*id).to_owned(), outcome.clone()));
    [SideRun {
        outcomes: outcomes.collect(),
        no_report: None,
        milliseconds: 1,
        timed_out: false,
        confined: None,
    }]
}

fn weighed(test: &str, old: &[(&str, Outcome)], new: &[(&str, Outcome)]) -> Proof {
    let sources = TestSources::new(&[("tests/test_q.py".to_owned(), test.to_owned())].into());
    let pair = FilePair {
        path: "src/app/q.py".to_owned(),
        before: Some("class Lane:\n    def old(self): ...\n".to_owned()),
        after: Some("class Lane:\n    def old(self): ...\n    def fresh(self): ...\n".to_owned()),
    };
    let brought = Brought::new(&[pair], []);
    let scales = Scales {
        sources: &sources,
        about: &[],
        brought: &brought,
        stubbed: &NOBODY,
    };
    weigh(&run(old), &run(new), &scales)
}

const TEST: &str = "def test_a():\n    assert f()\n";
const A: &str = "tests.test_q::test_a";

fn fails_then_passes(test: &str, message: &str) -> Proof {
    weighed(test, &[(A, fails(message))], &[(A, Outcome::Passes)])
}

#[test]
fn a_method_that_only_the_fix_brings_is_no_proof_where_the_test_calls_it() {
    for (message, proves) in [
        (
            "AttributeError: 'Lane' object has no attribute 'fresh'",
            false,
        ),
        (
            "AttributeError: 'Lane' object has no attribute 'fresh'. Did you mean: 'old'?",
            false,
        ),
        (
            "AttributeError: 'Lane' object has no attribute 'other'",
            true,
        ),
        (
            "AttributeError: 'dict' object has no attribute 'fresh'",
            true,
        ),
        (
            "AttributeError: 'NoneType' object has no attribute 'fresh'",
            true,
        ),
        ("KeyError: 'fresh'", true),
    ] {
        let proof = fails_then_passes(TEST, message);
        assert_eq!(proof.fail_to_pass.len(), usize::from(proves), "{message}");
        assert_eq!(
            proof.cannot_without.len(),
            usize::from(!proves),
            "{message}"
        );
    }
    let mut below = fails("AttributeError: 'Lane' object has no attribute 'fresh'");
    if let Outcome::Fails { at, .. } = &mut below {
        at.push(("src/app/q.py".to_owned(), 7));
    }
    let proof = weighed(TEST, &[(A, below)], &[(A, Outcome::Passes)]);
    assert_eq!(proof.fail_to_pass.len(), 1, "the product's own error");
}

#[test]
fn a_test_that_only_asks_whether_a_name_is_there_proves_nothing() {
    let swallows = "def test_a():\n    try:\n        from app.q import fresh\n        ok = True\n    except ImportError:\n        ok = False\n    assert ok\n";
    let asks = "def test_a():\n    from app.q import Lane\n    assert Lane\n\n    assert hasattr(Lane, 'fresh')\n";
    let suppresses = "def test_a():\n    with suppress(AttributeError):\n        done = Lane().fresh()\n\n    assert done\n";
    for test in [swallows, asks, suppresses] {
        let proof = fails_then_passes(test, "assert False");
        assert!(proof.fail_to_pass.is_empty(), "{test}");
    }
    let other = "def test_a():\n    try:\n        old()\n    except ValueError:\n        ok = False\n    assert hasattr(f(), 'old')\n";
    assert_eq!(
        fails_then_passes(other, "assert False").fail_to_pass.len(),
        1
    );
    let elsewhere = "def test_a():\n    from app.q import Lane\n    assert hasattr(Lane, 'fresh')\n\n    assert f() == 2\n";
    assert_eq!(
        fails_then_passes(elsewhere, "assert 1 == 2")
            .fail_to_pass
            .len(),
        1
    );
}

#[test]
fn a_parameter_that_is_gone_is_not_broken() {
    let (a, b, c) = (
        "t.test_q::test_a[a]",
        "t.test_q::test_a[b]",
        "t.test_q::test_a[c]",
    );
    let passes = Outcome::Passes;
    let proof = weighed(
        TEST,
        &[(a, passes.clone()), (b, passes.clone())],
        &[(a, passes.clone())],
    );
    assert_eq!(
        (proof.broken.len(), proof.gone.as_slice()),
        (0, &[b.to_owned()][..])
    );
    assert_eq!(proof.pass_to_pass, 1);
    // A case whose name comes from the code is the same test.
    let proof = weighed(
        TEST,
        &[(a, passes.clone()), (b, fails("assert 1 == 2"))],
        &[(a, passes.clone()), (c, passes.clone())],
    );
    assert_eq!(proof.fail_to_pass.len(), 1);
    assert_eq!(proof.fail_to_pass[0].id, c);
    assert!(proof.cannot_without.is_empty() && proof.gone.is_empty());
    // A whole test that was removed is a different case.
    let proof = weighed(TEST, &[(A, passes)], &[]);
    assert_eq!(proof.broken.len(), 1);
}

#[test]
fn a_module_that_cannot_be_collected_tells_for_its_tests() {
    let module = "::tests.test_q";
    let old = cannot("cannot be collected: ImportError: x");
    let proof = weighed(TEST, &[(module, old)], &[(A, Outcome::Passes)]);
    assert!(proof.cannot_without[0].what.contains("ImportError: x"));
    // If the product itself raised it, the tests fail.
    let mut old = fails("cannot be collected: ImportError: x");
    if let Outcome::Fails { at, .. } = &mut old {
        at.push(("src/app/q.py".to_owned(), 1));
    }
    let proof = weighed(TEST, &[(module, old)], &[(A, Outcome::Passes)]);
    assert_eq!(proof.fail_to_pass.len(), 1);
}

#[test]
fn a_subtest_that_is_skipped_beside_others_is_no_skip() {
    let beside = "def test_a(subtests):\n    with subtests.test('one'):\n        assert f()\n    with subtests.test('two'):\n        pytest.skip('later')\n";
    let alone =
        "def test_a(subtests):\n    with subtests.test('two'):\n        pytest.skip('later')\n";
    let whole = "def test_a(subtests):\n    if windows:\n        pytest.skip('later')\n    with subtests.test('one'):\n        assert f()\n";
    for (test, proves) in [(beside, 1), (alone, 0), (whole, 0)] {
        let proof = weighed(
            test,
            &[(A, fails("assert 1 == 2"))],
            &[(A, cannot("skipped: later"))],
        );
        assert_eq!(proof.fail_to_pass.len(), proves, "{test}");
    }
}

#[test]
fn what_can_run_on_neither_side_is_kept_apart() {
    let skipped = cannot("skipped: no network");
    let proof = weighed(TEST, &[(A, skipped.clone())], &[(A, skipped)]);
    assert_eq!((proof.neither.len(), proof.not_passing.len()), (1, 0));
}
