"""An attacker who hands on a gate file: each of its gates tries one thing that a gate may not do.
Writes them into a directory, and prints one name a line, with words of the refusal behind it; the
first is honest.

Arguments: the directory, a file that nobody may read or change.
"""

import json
import os
import sys

into, secret = sys.argv[1:3]
RUN = "‹run›/home"
PAINT = "\x1b[2J\x1b]0;owned\x07\u202eDESSAP\u202c\x9b31mPASSED"


def text(value):
    return json.dumps(value)


def gate(name, subtask, expects, policy='comment = ["o/r#1"]', title="A gate"):
    lines = f"""format = 1
name = "hostile"
title = {text(title)}

[policy]
programs = ["bash", "git", "gh"]
{policy}

[[work_package]]
id = "W1"
title = "Look"
priority = "high"

[[work_package.subtask]]
id = "A1"
title = "Look"
{subtask}
"""
    with open(os.path.join(into, name + ".toml"), "w") as file:
        file.write(lines)
    print(name, expects, sep="\t", flush=True)


def program(argv, more=""):
    return f'uses = "run-program"\nargv = {text(argv)}\nas = "said"\n{more}'


def reads(address, more=""):
    return f'uses = "http"\nurl = {text(address)}\nas = "page"\n{more}'


def comment(template):
    return f'uses = "comment"\nissue = "o/r#1"\ntemplate = {text(template)}\nas = "told"'


SCRIPT = ["bash", "look.sh"]

gate("honest", program(SCRIPT, 'project = "x"\nreads = ["y"]\nwrites = ["x/target"]'), expects="")
gate("reads-outside", program(SCRIPT, 'reads = ["../../etc"]'), "no path in the workspace")
gate("writes-outside", program(SCRIPT, f"writes = [{text(secret)}]"), "no path in the workspace")
gate("works-above", program(SCRIPT, 'project = "x"\ncwd = "../.."'), "no path in the workspace")
gate("names-the-run", program(SCRIPT, f"reads = [{text(RUN)}]"), "no path in the workspace")
gate(
    "sets-what-it-passes",
    program(SCRIPT, 'env = { GH_TOKEN = "x" }\npass = ["GH_TOKEN"]'),
    "is set by `env` as well",
)
gate("writes-a-script", program(["bash", "-c", "true"]), "policy refuses")
gate("not-listed", program(["python3", "x.py"]), "not in policy.programs")
gate("pages", program(["git", "grep", "-Oless", "x"]), "policy refuses")
gate("unknown-field", program(SCRIPT, "sandbox = false"), "no field `sandbox`")
gate("a-file", reads("file:///etc/passwd"), "policy refuses")
gate("another-address", reads("http://127.0.0.1:1/"), "policy refuses")
gate("a-comment-not-listed", comment("t.md"), "policy does not list", policy="")
gate("a-template-from-elsewhere", comment(secret), "")
gate("a-template-from-above", comment("../../../../../../etc/passwd"), "")
gate(
    "closes-what-it-never-closes",
    'uses = "close-issue"\nissue = "o/r#1"\nafter_comment = "told"',
    "never",
    policy='close = ["o/r#1"]\nnever_close = ["O/R#1"]',
)
gate("painted-verb", f"uses = {text(PAINT)}", "no verb")
gate("painted-field", reads("http://127.0.0.1/", f"{text(PAINT)} = 1"), "no field")
gate("painted-title", program(SCRIPT), "control character", title=PAINT)
