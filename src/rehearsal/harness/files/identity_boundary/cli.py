"""Calls the CLI under test in a HOME of its own."""

import os
import subprocess
import tempfile


class Cli:
    """The CLI under test; each call is one real process."""

    def __init__(self, home, saas_url):
        self.home = str(home)
        os.makedirs(self.home, exist_ok=True)
        self.env = dict(os.environ, HOME=self.home, SPEC_KITTY_SAAS_URL=saas_url)
        self.program = os.environ.get("SK_E2E_SPEC_KITTY_BIN", "spec-kitty")

    def __repr__(self):
        # Shown in tracebacks; the environment may hold a token.
        return f"Cli({os.path.basename(self.home)})"

    def __call__(self, *arguments):
        """Exit code, stdout and stderr. Output goes to files: a daemon may outlive the call."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(
                [self.program, *arguments],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=120,
            )
            out.seek(0)
            err.seek(0)
            return Result(arguments, done.returncode, out.read(), err.read())

    @property
    def queue_db(self):
        return os.path.join(self.home, ".kittify", "queue.db")

    def status(self, mission):
        """The local lanes of a mission's work packages."""
        import json

        path = os.path.join(self.home, ".kittify", "status", f"{mission}.json")
        with open(path, encoding="utf-8") as file:
            return json.load(file)


class Result:
    """What one call gave."""

    def __init__(self, arguments, code, stdout, stderr):
        self.arguments = arguments
        self.code = code
        self.stdout = stdout
        self.stderr = stderr

    def __repr__(self):
        return f"Result({' '.join(self.arguments)}: exit {self.code})"

    def transcript(self):
        """The call as a terminal would show it."""
        return (
            f"$ spec-kitty {' '.join(self.arguments)}\n"
            f"{self.stdout}{self.stderr}[exit {self.code}]\n"
        )

    def ok(self):
        """This result, if the call succeeded."""
        assert self.code == 0, f"the CLI failed:\n{self.transcript()}"
        return self
