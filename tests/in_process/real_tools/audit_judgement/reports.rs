//! What reports hold besides plain failures: subtests, names of all kinds, tests that never ran.

use canary_gate::audit::Verdict;
use canary_gate::audit::Verdict::{LogProofOnly, Substantive, Undetermined, Unproven};

use super::{Case, File};

const BEFORE: &[File] = &[(
    "src/app/q.py",
    "LANES = (\"a\", \"b\")\n\ndef run(x):\n    return 0\n\ndef same(x):\n    return x\n",
)];
const AFTER: &str =
    "LANES = (\"a\",)\n\ndef run(x):\n    return x or 0\n\ndef same(x):\n    return x\n";

const fn with(
    name: &'static str,
    expected: Verdict,
    why: &'static str,
    more: &'static str,
    fix: &'static [File],
) -> Case {
    Case {
        name,
        expected,
        why,
        before: BEFORE,
        fix,
        more,
    }
}

macro_rules! case {
    ($name:literal, $expected:expr, $why:literal, $test:literal) => {
        case!($name, $expected, $why, $test, "")
    };
    ($name:literal, $expected:expr, $why:literal, $test:literal, $more:literal $(, ($path:literal, $text:expr))*) => {
        with($name, $expected, $why, $more, &[("src/app/q.py", AFTER), ("tests/test_q.py", $test) $(, ($path, $text))*])
    };
}

pub(super) const CASES: &[Case] = &[
    case!(
        "a subtest that fails, and one that is skipped",
        Substantive,
        "proved by 1 of 1",
        r#"
import unittest
from app.q import run

class Lanes(unittest.TestCase):
    def test_a(self):
        with self.subTest(os="linux"):
            self.assertEqual(run(1), 1)
        with self.subTest(os="windows"):
            self.skipTest("only on Windows")
"#
    ),
    case!(
        "a subtest that is skipped, and one that fails",
        Substantive,
        "proved by 1 of 1",
        r#"
import pytest
from app.q import run

def test_a(subtests):
    with subtests.test("windows"):
        pytest.skip("only on Windows")
    with subtests.test("linux"):
        assert run(1) == 1
"#
    ),
    case!(
        "all subtests are skipped",
        Undetermined,
        "skipped: ",
        r#"
import pytest

def test_a(subtests):
    with subtests.test("windows"):
        pytest.skip("only on Windows")
"#
    ),
    case!(
        "a subtest of a new name first, and one that fails",
        Unproven,
        "which proves nothing",
        r#"
def test_a(subtests):
    with subtests.test("one"):
        from app.fresh import keep
    with subtests.test("two"):
        from app.q import run
        assert run(1) == 1
"#,
        "",
        ("src/app/fresh.py", "keep = 1\n")
    ),
    case!(
        "colons in a parameter",
        Substantive,
        "proved by 1 of 1",
        r#"
import pytest
from app.q import run

@pytest.mark.parametrize("peer", ["::1"])
def test_a(peer):
    assert run(peer) == peer
"#
    ),
    case!(
        "brackets, slashes, spaces and letters in parameters",
        Substantive,
        "proved by 5 of 5",
        r#"
import pytest
from app.q import run

@pytest.mark.parametrize("peer", ["[a-b]", "a/b c", "é", "x@y", "a::b[c]"])
def test_a(peer):
    assert run(peer) == peer
"#
    ),
    case!(
        "a group of xdist",
        Substantive,
        "proved by 1 of 1",
        r#"
import pytest
from app.q import run

@pytest.mark.xdist_group("db")
def test_a():
    assert run(1) == 1
"#,
        "-n 2 --dist loadgroup"
    ),
    case!(
        "a group of xdist with a parameter",
        Substantive,
        "proved by 1 of 1",
        r#"
import pytest
from app.q import run

@pytest.mark.parametrize("peer", [pytest.param("x", marks=pytest.mark.xdist_group("db@a"))])
def test_a(peer):
    assert run(peer) == peer
"#,
        "-n 2 --dist loadgroup"
    ),
    case!(
        "the checkout's path in a parameter",
        Substantive,
        "proved by 1 of 1",
        r#"
import os
import pytest
from app.q import run, same

@pytest.mark.parametrize("path", [__file__, os.path.dirname(__file__), os.getcwd()])
def test_path(path):
    assert same(path) == path

def test_a():
    assert run(1) == 1
"#
    ),
    case!(
        "the checkout's path in a parameter that proves it",
        Substantive,
        "proved by 1 of 1",
        r#"
import pytest
from app.q import run

@pytest.mark.parametrize("path", [__file__])
def test_a(path):
    assert run(path) == path
"#
    ),
    case!(
        "a parameter that the fix takes away",
        Substantive,
        "proved by 1 of 1",
        r#"
import pytest
from app.q import LANES, run, same

@pytest.mark.parametrize("lane", LANES)
def test_lane(lane):
    assert same(lane) == lane

def test_a():
    assert run(1) == 1
"#
    ),
    case!(
        "a parameter whose name comes from the code",
        Substantive,
        "proved by 1 of 1",
        r#"
import pytest
from app import q

@pytest.mark.parametrize("count", [len(q.LANES)])
def test_a(count):
    assert q.run(count) == count
"#
    ),
    case!(
        "a method of a base class in another file",
        Substantive,
        "proved by 1 of 1",
        r"
from tests.base import Base

class TestLanes(Base):
    pass
",
        "",
        ("tests/__init__.py", ""),
        (
            "tests/base.py",
            "from app.q import run\n\nclass Base:\n    def test_a(self):\n        assert run(1) == 1\n"
        )
    ),
    case!(
        "two classes with a test of one name",
        Substantive,
        "proved by 1 of 1",
        r"
from app.q import run, same

class TestOne:
    def test_a(self):
        assert same(1) == 1

class TestTwo:
    def test_a(self):
        assert run(1) == 1
"
    ),
    case!(
        "a test that nobody wrote down",
        Undetermined,
        "its source was not found",
        r#"
exec("def test_" + "a():\n    from app.q import run\n    assert run(1) == 1\n")
"#
    ),
    case!(
        "skipped on both sides",
        Undetermined,
        "skipped: no network",
        r#"
import pytest
from app.q import run

@pytest.mark.skip(reason="no network")
def test_a():
    assert run(1) == 1
"#
    ),
    case!(
        "a module that skips itself on both sides",
        Undetermined,
        "could not import 'nowhere'",
        r#"
import pytest
from app.q import run
nowhere = pytest.importorskip("nowhere")

def test_a():
    assert run(1) == 1
"#
    ),
    case!(
        "a module that can be collected on neither side",
        Undetermined,
        "No module named 'nowhere'",
        r"
import nowhere
from app.q import run

def test_a():
    assert run(1) == 1
"
    ),
    case!(
        "one module that cannot be collected, and another that proves it",
        Substantive,
        "proved by 1 of 1",
        r"
from app.q import run

def test_a():
    assert run(1) == 1
",
        "",
        (
            "tests/test_r.py",
            "import nowhere\n\ndef test_r():\n    assert nowhere\n"
        )
    ),
    case!(
        "one module that cannot be collected, and another that proves nothing",
        Undetermined,
        "No module named 'nowhere'",
        r"
from app.q import same

def test_a():
    assert same(1) == 1
",
        "",
        (
            "tests/test_r.py",
            "import nowhere\n\ndef test_r():\n    assert nowhere\n"
        )
    ),
    case!(
        "all tests deselected",
        Undetermined,
        "no test ran on either side",
        r"
from app.q import run

def test_a():
    assert run(1) == 1
",
        "-k nothing"
    ),
    case!(
        "no test in the test module",
        Undetermined,
        "no test ran on either side",
        r"
from app.q import run

def check_a():
    assert run(1) == 1
"
    ),
    case!(
        "expected to fail, and it does on neither side",
        Unproven,
        "expected to fail",
        r#"
import pytest
from app.q import run

@pytest.mark.xfail(reason="known")
def test_a():
    assert run(1) == 1
"#
    ),
    case!(
        "an exit code that is not the report's",
        Undetermined,
        "does not agree",
        r"
from app.q import run

def test_a():
    assert run(1) == 1
",
        "",
        (
            "tests/conftest.py",
            "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"
        )
    ),
    case!(
        "a report that was told to be all green",
        Undetermined,
        "does not agree",
        r"
from app.q import run

def test_a():
    assert run(1) == 1
",
        "",
        (
            "tests/conftest.py",
            "def pytest_sessionfinish(session):\n    session.exitstatus = 3\n"
        )
    ),
    case!(
        "a test that fails with the fix as well",
        Unproven,
        "no test of the fix passes with it",
        r"
from app.q import run

def test_a():
    assert run(1) == 2
"
    ),
    case!(
        "a test that fails and then breaks when torn down",
        Substantive,
        "proved by 1 of 1",
        r#"
import pytest
from app.q import run

@pytest.fixture
def lane():
    yield []
    if run(1) != 1:
        raise RuntimeError("not cleaned up")

def test_a(lane):
    assert run(1) == 1
"#
    ),
    case!(
        "long tracebacks",
        Substantive,
        "proved by 1 of 1",
        r"
from app.q import run

def test_a():
    assert run(1) == 1
",
        "--tb=long"
    ),
    case!(
        "no tracebacks at all",
        Substantive,
        "proved by 1 of 1",
        r"
from app.q import run

def test_a():
    assert run(1) == 1
",
        "--tb=no"
    ),
    case!(
        "Python's own tracebacks of a new name",
        Unproven,
        "which proves nothing",
        r#"
from unittest.mock import patch
from app.q import run

def test_a():
    with patch("app.q.fresh"):
        pass
    assert run(0) == 0
"#,
        "--tb=native",
        (
            "src/app/q.py",
            "def run(x):\n    return fresh(x)\n\ndef fresh(x):\n    return x or 0\n"
        )
    ),
    case!(
        "no traceback of a new name",
        Unproven,
        "which proves nothing",
        r"
from app import q

def test_a():
    assert q.fresh(0) == 0
",
        "--tb=no",
        (
            "src/app/q.py",
            "def run(x):\n    return fresh(x)\n\ndef fresh(x):\n    return x or 0\n"
        )
    ),
    Case {
        name: "a record that the product formats wrongly",
        expected: LogProofOnly,
        why: "captured logs",
        before: &[(
            "src/app/q.py",
            "import logging\n\ndef run(x):\n    logging.warning(\"%d\", x)\n    return 0\n",
        )],
        fix: &[
            (
                "src/app/q.py",
                "import logging\n\ndef run(x):\n    logging.warning(\"%s\", x)\n    return x\n",
            ),
            (
                "tests/test_q.py",
                "from app.q import run\n\ndef test_a(caplog):\n    run(\"z\")\n    assert \"z\" in caplog.text\n",
            ),
        ],
        more: "",
    },
    Case {
        name: "a warning of the product that is made an error",
        expected: LogProofOnly,
        why: "captured logs",
        before: &[(
            "src/app/q.py",
            "import warnings\n\ndef run(x):\n    warnings.warn(\"old\")\n    return 0\n",
        )],
        fix: &[
            ("src/app/q.py", "def run(x):\n    return x\n"),
            (
                "tests/test_q.py",
                "import warnings\nfrom app.q import run\n\ndef test_a():\n    with warnings.catch_warnings(record=True) as told:\n        warnings.simplefilter(\"error\")\n        run(1)\n    assert len(told) == 0\n",
            ),
        ],
        more: "",
    },
];
