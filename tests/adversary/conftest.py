"""An attacker among the tests of a fix. It tries what a hostile commit would try against the
operator who audits it; what worked it names in the variable GOT, which its test shows."""

import os
import socket
import subprocess

GATE_HOME = os.environ.get("PWNED_HOME", "@HOME@")
REPOSITORY = "@REPOSITORY@"
PORT = int("@PORT@")
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


@attempt("the token, from its own environment")
def own_environment():
    return any("TOKEN" in name or "s3cr3t" in value for name, value in os.environ.items())


@attempt("the token, from another process's environment")
def environments():
    found = b""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                found += file.read()
        except OSError:
            pass
    return b"s3cr3t" in found


@attempt("the memory of another process")
def memory():
    parent = os.getppid()
    with open(f"/proc/{parent}/maps") as file:
        return "bin/gate" in file.read()


@attempt("the operator's shell")
def shell():
    return append(f"{GATE_HOME}/.bashrc", "touch /tmp/pwned\n")


@attempt("the operator's files")
def files():
    return bool(os.listdir(GATE_HOME))


@attempt("a hook of the repository")
def hook():
    return append(f"{REPOSITORY}/.git/hooks/post-checkout", "#!/bin/sh\n")


@attempt("the settings of the repository")
def settings():
    return append(f"{REPOSITORY}/.git/config", "[core]\n\tfsmonitor = /tmp/pwned\n")


@attempt("the settings of its own checkout, which the gate's git would read")
def own_settings():
    return append(".git/config", "[core]\n\tfsmonitor = /tmp/pwned\n")


@attempt("an object of the repository")
def objects():
    return append("/gate/objects/pwned", "x")


@attempt("which side it is, from a path")
def side():
    with open("/proc/self/mountinfo") as file:
        told = file.read()
    told += os.getcwd() + str(os.environ) + str(os.sys.argv)
    return "before" in told or "after" in told


@attempt("the network")
def network():
    return bool(socket.create_connection(("127.0.0.1", PORT), timeout=2))


@attempt("another report, by a link")
def report_link():
    os.remove("/gate/report.xml")
    os.symlink("/etc/passwd", "/gate/report.xml")
    return True


@attempt("another report, by a pipe")
def report_pipe():
    os.rename("/gate/report.xml", "/gate/work/was.xml")
    os.mkfifo("/gate/report.xml")
    return True


@attempt("the gate's logs, by a link")
def logs():
    run = os.path.realpath("/gate/work/../../../logs")
    os.rename(run, run + ".was")
    os.symlink("/tmp", run)
    return True


@attempt("a file of the system")
def system():
    return append("/usr/bin/env", "x") or append("/etc/passwd", "x")


# Nothing of these is there any more when the audit has ended: see the test.
subprocess.Popen(["setsid", "sh", "-c", "trap '' TERM HUP; exec sleep @SECONDS@"])
subprocess.Popen("(trap '' TERM; exec sleep @SECONDS@) &", shell=True)

os.environ["GOT"] = ", ".join(GOT) or "nothing"
