#!/usr/bin/env python3
"""Draws what a program prints into a pipe, as a log of CI shows it, as an SVG; standard library only.

    python3 .github/picture.py target/release/gate rehearse --yes > .github/rehearsal.svg

Nothing is invented: the lines are the program's with CI=1, where it draws no bar; in its colours,
which are asked for; cut at the right edge with a … where a viewer would wrap them.
"""

import html
import os
import re
import subprocess
import sys

COLUMNS = 128
LINE = 17
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "35": "#d2a8ff", "41": "#ff7b72"}


def run(argv):
    """Standard output and error as they come, in colour."""
    environment = {**os.environ, "CLICOLOR_FORCE": "1", "CI": "1"}
    environment.pop("NO_COLOR", None)
    done = subprocess.run(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return f"$ {os.path.basename(argv[0])} {' '.join(argv[1:])}\n{done.stdout}$ echo $?\n{done.returncode}\n"


def spans(line):
    """Yields (classes, text) of a line with ANSI colours, cut at the right edge."""
    left, style = COLUMNS, []
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            codes = part[2:-1].split(";")
            style = [code for code in codes if code not in ("", "0")]
        elif part and left > 0:
            yield style, part if len(part) <= left else part[: left - 1] + "…"
            left -= len(part)


def attributes(style):
    fill = next((COLOURS[code] for code in style if code in COLOURS), None)
    return "".join(
        [
            f' fill="{fill}"' if fill else "",
            ' font-weight="bold"' if "1" in style else "",
            ' opacity="0.6"' if "2" in style else "",
        ]
    )


def draw(text):
    lines = text.rstrip("\n").split("\n")
    width, height = COLUMNS * 8 + 32, len(lines) * LINE + 32
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    yield "<title>a rehearsal, as a log of CI shows it</title>"
    yield f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>'
    yield '<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="13" fill="#c9d1d9" xml:space="preserve">'
    for number, line in enumerate(lines):
        parts = "".join(
            f"<tspan{attributes(style)}>{html.escape(part)}</tspan>" for style, part in spans(line)
        )
        yield f'<text x="16" y="{28 + number * LINE}">{parts}</text>'
    yield "</g></svg>"


print("\n".join(draw(run(sys.argv[1:]))))
