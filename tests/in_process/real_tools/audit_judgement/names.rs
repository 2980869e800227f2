//! Fixes whose tests only name what the fix brings: none is a proof. The code did the same before.

use canary_gate::audit::Verdict::Unproven;

use super::{Case, File};

const OLD: &[File] = &[("src/app/q.py", BEFORE)];

const BEFORE: &str = r"class Lane:
    def __init__(self, name):
        self.name = name


def run(hook):
    return hook()


def classify(state):
    return state
";

const AFTER: &str = r#"import functools

TABLE = {"a": 1}


class Lane:
    NEW = "new"

    def __init__(self, name, fresh=None):
        self.name = name
        self.count = 0

    def fresh(self):
        return self.name


def _note(state):
    return state


def run(hook):
    return hook()


@functools.lru_cache
def classify(state, strict=False):
    return _note(state)
"#;

/// A case whose test file is this text.
const fn names(name: &'static str, fix: &'static [File]) -> Case {
    Case {
        name,
        expected: Unproven,
        why: "which proves nothing",
        before: OLD,
        fix,
        more: "",
    }
}

macro_rules! case {
    ($name:literal, $test:literal) => {
        names($name, &[("src/app/q.py", AFTER), ("tests/test_q.py", $test)])
    };
    ($name:literal, $test:literal, $(($path:literal, $text:expr)),+) => {
        names($name, &[("src/app/q.py", AFTER), ("tests/test_q.py", $test), $(($path, $text)),+])
    };
}

pub(super) const CASES: &[Case] = &[
    case!(
        "patch around the call",
        r#"
from unittest.mock import patch
from app.q import classify

def test_a():
    with patch("app.q._note"):
        assert classify("x") != "planned"
"#
    ),
    case!(
        "patch as a decorator",
        r#"
from unittest.mock import patch
from app.q import classify

@patch("app.q._note")
def test_a(note):
    assert classify("y") != "planned"
"#
    ),
    case!(
        "patch.object",
        r#"
from unittest.mock import patch
from app import q

def test_a():
    with patch.object(q.Lane, "fresh"):
        assert q.classify("x") == "x"
"#
    ),
    case!(
        "patch.dict by name",
        r#"
from unittest.mock import patch
from app import q

def test_a():
    with patch.dict("app.q.TABLE", {"b": 2}):
        assert q.classify("x") == "x"
"#
    ),
    case!(
        "monkeypatch.setattr on a module",
        r#"
from app import q

def test_a(monkeypatch):
    monkeypatch.setattr(q, "_note", lambda state: state)
    assert q.classify("x") == "x"
"#
    ),
    case!(
        "monkeypatch.setattr by name",
        r#"
from app import q

def test_a(monkeypatch):
    monkeypatch.setattr("app.q._note", lambda state: state)
    assert q.classify("x") == "x"
"#
    ),
    case!(
        "monkeypatch.setattr on an object",
        r#"
from app import q

def test_a(monkeypatch):
    lane = q.Lane("x")
    monkeypatch.setattr(lane, "count", 3)
    assert lane.name == "x"
"#
    ),
    case!(
        "monkeypatch.delattr",
        r#"
from app import q

def test_a(monkeypatch):
    monkeypatch.delattr(q, "TABLE")
    assert q.classify("x") == "x"
"#
    ),
    case!(
        "mocker.patch",
        r#"
from app import q

def test_a(mocker):
    mocker.patch("app.q._note", return_value="x")
    assert q.classify("x") == "x"
"#
    ),
    case!(
        "mocker.patch.object",
        r#"
from app import q

def test_a(mocker):
    mocker.patch.object(q, "_note", return_value="x")
    assert q.classify("x") == "x"
"#
    ),
    case!(
        "mocker.spy",
        r#"
from app import q

def test_a(mocker):
    mocker.spy(q.Lane, "fresh")
    assert q.classify("x") == "x"
"#
    ),
    case!(
        "a mock of the class's own attributes",
        r"
from unittest.mock import Mock
from app import q

def test_a():
    lane = Mock(spec=q.Lane)
    lane.fresh.return_value = 1
    assert lane.fresh() == 1
"
    ),
    case!(
        "an autospec of the function",
        r#"
from unittest.mock import create_autospec
from app import q

def test_a():
    fake = create_autospec(q.Lane.__init__)
    fake(None, "x", fresh=1)
    assert q.Lane("x").name == "x"
"#
    ),
    case!(
        "an import in the test",
        r#"
def test_a():
    from app.q import _note
    assert _note("x") == "x"
"#
    ),
    case!(
        "an import by name",
        r#"
import importlib

def test_a():
    fresh = importlib.import_module("app.fresh")
    assert fresh.VALUE == 1
"#,
        ("src/app/fresh.py", "VALUE = 1\n")
    ),
    case!(
        "an import that may be skipped",
        r#"
import pytest
fresh = pytest.importorskip("app.fresh")

def test_a():
    assert fresh.VALUE == 1
"#,
        ("src/app/fresh.py", "VALUE = 1\n")
    ),
    case!(
        "getattr",
        r#"
from app import q

def test_a():
    note = getattr(q, "_note")
    assert note("x") == "x"
"#
    ),
    case!(
        "all names of a module",
        r#"
from app.q import *

def test_a():
    assert TABLE["a"] == 1
"#
    ),
    case!(
        "a keyword of a function",
        r#"
from app.q import classify

def test_a():
    assert classify("x", strict=True) == "x"
"#
    ),
    case!(
        "a keyword of a class",
        r#"
from app.q import Lane

def test_a():
    assert Lane("x", fresh=1).name == "x"
"#
    ),
    case!(
        "a keyword behind functools.partial",
        r#"
import functools
from app.q import Lane

def test_a():
    assert functools.partial(Lane, fresh=1)("x").name == "x"
"#
    ),
    case!(
        "one argument more",
        r#"
from app.q import Lane

def test_a():
    assert Lane("x", 1).name == "x"
"#
    ),
    case!(
        "a new method",
        r#"
from app.q import Lane

def test_a():
    assert Lane("x").fresh() == "x"
"#
    ),
    case!(
        "a new attribute",
        r#"
from app.q import Lane

def test_a():
    assert Lane("x").count == 0
"#
    ),
    case!(
        "a new value of a class",
        r#"
from app.q import Lane

def test_a():
    assert Lane.NEW == "new"
"#
    ),
    case!(
        "what a decorator adds",
        r#"
from app.q import classify

def test_a():
    classify.cache_clear()
    assert classify("x") == "x"
"#
    ),
    case!(
        "in a fixture",
        r#"
import pytest
from app import q

@pytest.fixture
def note():
    return q._note("x")

def test_a(note):
    assert note == "x"
"#
    ),
    case!(
        "in a fixture of conftest.py",
        r#"
from app import q

def test_a(table):
    assert q.classify("x") == "x"
"#,
        (
            "tests/conftest.py",
            "import pytest\nfrom app import q\n\n@pytest.fixture\ndef table():\n    return q.TABLE\n"
        )
    ),
    case!(
        "imported by conftest.py",
        r#"
from app import q

def test_a(table):
    assert q.classify("x") == "x"
"#,
        (
            "tests/conftest.py",
            "import pytest\nfrom app.q import TABLE\n\n@pytest.fixture\ndef table():\n    return dict(TABLE)\n"
        )
    ),
    case!(
        "in a helper of another file",
        r#"
from tests.helpers import check

def test_a():
    check("x")
"#,
        ("tests/__init__.py", ""),
        (
            "tests/helpers.py",
            "from app import q\n\ndef check(state):\n    assert q._note(state) == state\n"
        )
    ),
    case!(
        "imported by a helper of another file",
        r#"
from tests.helpers import check

def test_a():
    check("x")
"#,
        ("tests/__init__.py", ""),
        (
            "tests/helpers.py",
            "from app.q import _note\n\ndef check(state):\n    assert _note(state) == state\n"
        )
    ),
    case!(
        "in a function that the product calls",
        r#"
from app import q

def test_a():
    assert q.run(lambda: q._note("x")) == "x"
"#
    ),
    case!(
        "in what a class sets up",
        r#"
import unittest
from app import q

class Lanes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table = q.TABLE

    def test_a(self):
        self.assertEqual(q.classify("x"), "x")
"#
    ),
    case!(
        "in the parameters",
        r#"
import pytest
from app import q

@pytest.mark.parametrize("key", sorted(q.TABLE))
def test_a(key):
    assert q.classify(key) == key
"#
    ),
    case!(
        "caught, and told as a failure",
        r#"
import pytest

def test_a():
    try:
        from app.q import _note
    except ImportError:
        pytest.fail("there is no note")
    assert _note("x") == "x"
"#
    ),
    case!(
        "caught, and told as another error",
        r#"
def test_a():
    try:
        from app.q import _note
    except ImportError as error:
        raise AssertionError("there is no note") from error
    assert _note("x") == "x"
"#
    ),
    case!(
        "caught, and its cause hidden",
        r#"
def test_a():
    try:
        from app.q import _note
    except ImportError:
        raise AssertionError("there is no note") from None
    assert _note("x") == "x"
"#
    ),
    case!(
        "caught, and asserted on later",
        r"
def test_a():
    try:
        from app.q import _note
        there = True
    except ImportError:
        there = False
    assert there
"
    ),
    case!(
        "asked for with hasattr",
        r#"
from app import q

def test_a():
    assert hasattr(q, "_note")
"#
    ),
    case!(
        "asked for with callable and getattr",
        r#"
from app import q

def test_a():
    assert callable(getattr(q.Lane, "fresh", None))
"#
    ),
    case!(
        "several at once in a group",
        r#"
from app import q

def test_a():
    errors = []
    for one in (lambda: q._note("x"), lambda: q.TABLE["a"]):
        try:
            one()
        except Exception as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("several", errors)
"#
    ),
    case!(
        "in a subtest",
        r#"
def test_a(subtests):
    with subtests.test("one"):
        from app.q import _note
        assert _note("x") == "x"
"#
    ),
    case!(
        "in a subtest of unittest",
        r#"
import unittest

class Lanes(unittest.TestCase):
    def test_a(self):
        with self.subTest(lane="x"):
            from app.q import _note
            self.assertEqual(_note("x"), "x")
"#
    ),
    case!(
        "imported by the module, beside tests that pass without it",
        r#"
from app.q import classify, _note

def test_a():
    assert _note("x") == "x"

def test_b():
    assert classify("x") == "x"
"#
    ),
];
