import pytest

from identity_boundary import preflight

COMPLETE = {
    "SPEC_KITTY_ENABLE_SAAS_SYNC": "1",
    "SPEC_KITTY_E2E_TRUSTED_RUNNER": "1",
    "SK_E2E_SPEC_KITTY_BIN": "/somewhere/spec-kitty",
    "SK_E2E_SPEC_KITTY_PYTHON": "/somewhere/python",
    "SK_E2E_SPEC_KITTY_REPO": "/nonexistent",
}


def problems(environ):
    return preflight.problems(environ, is_program=lambda path: path.startswith("/somewhere/"))


def test_a_complete_environment_will_do():
    assert problems(COMPLETE) == []


@pytest.mark.parametrize("name", sorted(COMPLETE))
def test_each_variable_is_needed(name):
    environ = {key: value for key, value in COMPLETE.items() if key != name}
    assert problems(environ) == [f"{name} is not set"]


def test_a_switch_must_be_on():
    environ = dict(COMPLETE, SPEC_KITTY_ENABLE_SAAS_SYNC="0")
    assert problems(environ) == ["SPEC_KITTY_ENABLE_SAAS_SYNC is '0', not '1'"]


def test_the_cli_must_be_a_program():
    environ = dict(COMPLETE, SK_E2E_SPEC_KITTY_BIN="/elsewhere")
    assert problems(environ) == ["SK_E2E_SPEC_KITTY_BIN is no program: /elsewhere"]
