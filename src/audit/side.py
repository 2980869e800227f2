"""Builds the project of one side and links it into that side's environment.

build TREE OUT SITE BACKEND PATHS   calls the project's build backend; SITE is where it is installed
link SITE OUT KIND PROBE TREE ROOTS   SITE is the environment both sides share
Prints one line of JSON. Runs offline, with the python of the side's own environment.
"""

import importlib
import json
import os
import re
import site
import sys
import sysconfig
import zipfile


def missing(requirements):
    from importlib import metadata

    for requirement in requirements:
        if ";" in requirement:
            continue
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        try:
            metadata.version(name.group(0))
        except metadata.PackageNotFoundError:
            yield requirement


def build(tree, out, shared, backend, paths):
    site.addsitedir(shared)
    os.chdir(tree)
    sys.path[:0] = [os.path.join(tree, path) for path in json.loads(paths)]
    module, _, name = backend.partition(":")
    hooks = importlib.import_module(module)
    for part in filter(None, name.split(".")):
        hooks = getattr(hooks, part)
    os.makedirs(out, exist_ok=True)
    for kind in ("editable", "wheel"):
        asked = getattr(hooks, f"get_requires_for_build_{kind}", None)
        needs = list(missing(asked({}) if asked else ()))
        if needs:
            return {"needs": needs}
        made = getattr(hooks, f"build_{kind}", None)
        if made:
            wheel = os.path.join(out, made(out, {}, None))
            break
    else:
        raise RuntimeError(f"`{backend}` builds no wheel")
    with zipfile.ZipFile(wheel) as files:
        found = [n for n in files.namelist() if n.endswith(".dist-info/METADATA") and n.count("/") == 1]
        metadata = files.read(found[0]).decode("utf-8", "replace")
    return {"kind": kind, "wheel": os.path.basename(wheel), "metadata": metadata}


def script(path, module, function):
    with open(path, "w", encoding="utf-8") as to:
        name = function.partition(".")[0]
        to.write(f"#!{sys.executable}\nimport sys\nfrom {module} import {name}\nsys.exit({function}())\n")
    os.chmod(path, 0o755)


def unpack(wheel, to, code):
    scripts = sysconfig.get_path("scripts")
    with zipfile.ZipFile(wheel) as files:
        for name in files.namelist():
            data = re.match(r"[^/]+\.data/([^/]+)/(.+)", name)
            if name.endswith("/") or os.path.isabs(name) or ".." in name.split("/"):
                continue
            if not code and not re.match(r"[^/]+\.dist-info/", name):
                continue
            path = os.path.join(to, name)
            if data:
                kind, rest = data.groups()
                path = os.path.join(scripts if kind == "scripts" else to, rest)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(files.read(name))
            if data and data.group(1) == "scripts":
                os.chmod(path, 0o755)
        for name in files.namelist():
            if re.match(r"[^/]+\.dist-info/entry_points\.txt$", name):
                for line in files.read(name).decode("utf-8").partition("[console_scripts]")[2].splitlines()[1:]:
                    if line.startswith("["):
                        break
                    found = re.match(r"\s*([\w.-]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)", line)
                    if found:
                        script(os.path.join(scripts, found.group(1)), found.group(2), found.group(3))


def link(shared, out, kind, probe, tree, roots):
    to = sysconfig.get_path("purelib")
    wheels = [name for name in sorted(os.listdir(out)) if name.endswith(".whl")] if os.path.isdir(out) else []
    editable = kind == "editable"
    for wheel in wheels:
        unpack(os.path.join(out, wheel), to, editable)
    with open(os.path.join(to, "zz_gate_shared.pth"), "w", encoding="utf-8") as file:
        if not editable:
            file.writelines(os.path.join(tree, root).rstrip("/") + "\n" for root in json.loads(roots))
        file.write(f"import site; site.addsitedir({shared!r})\n")
        file.write(f"import sys; sys.path.append({os.path.dirname(probe)!r}); import gate_probe; sys.path.pop()\n")
    return {"linked": len(wheels)}


def main():
    verb, *words = sys.argv[1:]
    words = [os.path.abspath(w) if w.startswith("/") else w for w in words]
    # What a backend prints is no answer.
    answer, sys.stdout = sys.stdout, sys.stderr
    result = {"build": build, "link": link}[verb](*words)
    answer.write(json.dumps(result) + "\n")


main()
