"""Makes one tool once, from packages whose digests are known.

argv: directory, tool, version; standard input: the requirements with their hashes.
`bin` appears last and whole; so who sees it sees a finished tool.
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import venv


def works(program: pathlib.Path, version: str) -> bool:
    try:
        ended = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    except OSError:
        return False
    return ended.returncode == 0 and version in ended.stdout.split()


def make(home: pathlib.Path, tool: str, requirements: str) -> None:
    made, links = home / "env", home / "bin"
    shutil.rmtree(links, ignore_errors=True)
    venv.EnvBuilder(clear=True, symlinks=True, with_pip=True).create(made)
    listed = home / "requirements.txt"
    listed.write_text(requirements)
    pip = [made / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    strict = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", listed]
    # Not of the console's business; a failure's words are on standard error.
    subprocess.run([*pip, "install", "--quiet", *strict], check=True)
    beside = home / "beside"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    (beside / tool).symlink_to(made / "bin" / tool)
    beside.rename(links)


def main() -> None:
    directory, tool, version = sys.argv[1:]
    home = pathlib.Path(directory)
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "w") as lock:
        # Held until the end of this program, however it ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        program = home / "bin" / tool
        if works(program, version):
            print("there already")
            return
        make(home, tool, sys.stdin.read())
        if not works(program, version):
            sys.exit(f"{tool} {version} was made, but does not run")
        print("made")


main()
