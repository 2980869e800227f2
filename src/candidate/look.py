# Says what an installed candidate really is, as JSON on the last line.
# Arguments: throwaway home, entry point, name of the package.
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
    try:
        with open(path, "rb") as file:
            return file.readline(512).decode("utf-8", "replace").strip()
    except OSError:
        return None


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


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
        },
        sort_keys=True,
    )
)
