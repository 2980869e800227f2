# Says what an installed candidate really is, as JSON on the last line.
# Arguments: throwaway home, entry point, name of the package.
import hashlib
import importlib.metadata
import json
import os
import re
import sys
import sysconfig

home, entry, package = sys.argv[1:4]
inside_of = os.path.realpath(home) + os.sep


def inside(path):
    return os.path.realpath(path).startswith(inside_of)


def first_line(path):
    """How a script starts: its first line, and the second where a shell finds the interpreter."""
    try:
        with open(path, "rb") as file:
            lines = [file.readline(512).decode("utf-8", "replace").strip() for _ in range(2)]
    except OSError:
        return None
    return " ".join(lines) if lines[0] == "#!/bin/sh" else lines[0]


def tree(root):
    """Digest over the files of an environment: bytecode aside, and what names its directory or
    the machine's interpreter."""
    digest = hashlib.sha256()
    count = 0
    for directory, below, files in os.walk(root):
        below[:] = sorted(name for name in below if name != "__pycache__")
        for name in sorted(files):
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, root)
            aside = relative in ("pipx_metadata.json", "pyvenv.cfg") or name.endswith(".pyc")
            if aside or os.path.islink(path):
                continue
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{content}  {relative}\n".encode())
            count += 1
    return count, digest.hexdigest()


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


files, files_sha256 = tree(sys.prefix)
distributions = {normalised(d.metadata["Name"]): d.version for d in importlib.metadata.distributions()}
print()
print(
    json.dumps(
        {
            "python": sys.executable,
            "python_version": ".".join(map(str, sys.version_info[:3])),
            "prefix": sys.prefix,
            "site_packages": sysconfig.get_path("purelib"),
            "prefix_inside": inside(sys.prefix),
            "entry": os.path.realpath(entry),
            "entry_there": os.path.isfile(entry),
            "entry_inside": inside(entry),
            "shebang": first_line(entry),
            "version": distributions.get(normalised(package)),
            "distributions": distributions,
            "files": files,
            "files_sha256": files_sha256,
        },
        sort_keys=True,
    )
)
