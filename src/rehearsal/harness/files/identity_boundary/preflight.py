"""Refuses a canary whose environment is not complete, before a run is spent."""

import os
import sys

EXPECTED = {
    "SPEC_KITTY_ENABLE_SAAS_SYNC": "1",
    "SPEC_KITTY_E2E_TRUSTED_RUNNER": "1",
    "SK_E2E_SPEC_KITTY_BIN": None,
    "SK_E2E_SPEC_KITTY_PYTHON": None,
    "SK_E2E_SPEC_KITTY_REPO": None,
}


def problems(environ, is_program=lambda path: os.access(path, os.X_OK)):
    """What is wrong with the environment, one line each; nothing when it will do."""
    found = []
    for name, wanted in EXPECTED.items():
        value = environ.get(name)
        if not value:
            found.append(f"{name} is not set")
        elif wanted is not None and value != wanted:
            found.append(f"{name} is {value!r}, not {wanted!r}")
    for name in ("SK_E2E_SPEC_KITTY_BIN", "SK_E2E_SPEC_KITTY_PYTHON"):
        path = environ.get(name)
        if path and not is_program(path):
            found.append(f"{name} is no program: {path}")
    return found


def main():
    found = problems(os.environ)
    for line in found:
        print(f"preflight: {line}", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main())
