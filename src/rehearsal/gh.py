"""A STAND-IN for gh, made by `gate rehearse` where PATH has none. It is not GitHub's program.

It makes the few calls that a gate makes, with the words, shapes and exit codes of gh 2.23, and
refuses everything else. It reaches the embedded GitHub's socket only, as the configuration in
GH_CONFIG_DIR names it.
"""

import http.client
import json
import os
import re
import socket
import sys

VERSION = "gh version 2.23.0 (stand-in/rehearsal)"
ADDRESS = "https://api.github.com/graphql"
NO_LOGIN = """To get started with GitHub CLI, please run:  gh auth login
Alternatively, populate the GH_TOKEN environment variable with a GitHub API authentication token."""
ISSUE = """query IssueByNumber($owner: String!, $repo: String!, $number: Int!) {
    repository(owner: $owner, name: $repo) {
      hasIssuesEnabled
      issue: issueOrPullRequest(number: $number) {
        __typename
        ...on Issue{FIELDS}
        ...on PullRequest{FIELDS}
      }
    }
  }"""
COMMENT = """mutation CommentCreate($input:AddCommentInput!){addComment(input: $input){\
commentEdge{node{url}}}}"""
CHANGES = {
    "close": ("Closed", "CLOSED", "mutation IssueClose($input:CloseIssueInput!){"
              "closeIssue(input: $input){issue{id}}}"),
    "reopen": ("Reopened", "OPEN", "mutation IssueReopen($input:ReopenIssueInput!){"
               "reopenIssue(input: $input){issue{id}}}"),
}


def fail(words, code=1):
    print(words, file=sys.stderr)
    sys.exit(code)


def setting(file, name):
    """A value from one of gh's two configuration files; they are ours, and have one form."""
    try:
        with open(os.path.join(os.environ.get("GH_CONFIG_DIR", ""), file), encoding="utf-8") as lines:
            found = re.search(rf"^ *{name}: *(.+)$", lines.read(), re.MULTILINE)
    except OSError:
        return None
    return found and found[1].strip().strip('"')


class Connection(http.client.HTTPConnection):
    """HTTP over the embedded GitHub's socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(PLACE)


def ask(query, variables):
    """Status, its words, and the text of the answer to a GraphQL request."""
    body = json.dumps({"query": query, "variables": variables})
    headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json; charset=utf-8"}
    try:
        connection = Connection("api.github.com")
        connection.request("POST", "/graphql", body.encode(), headers)
        answer = connection.getresponse()
        return answer.status, answer.reason, answer.read().decode()
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        fail(f'Post "{ADDRESS}": dial unix {PLACE}: connect: {words}')


def messages(answer):
    return [error.get("message", "") for error in answer.get("errors") or []]


def refused(status, answer):
    """The words of gh for an answer that is not 200."""
    words = "\n".join(messages(answer)) or answer.get("message", "")
    told = f"HTTP {status}: {words} ({ADDRESS})"
    return told + "\nTry authenticating with:  gh auth login" if status == 401 else told


def query(text, variables):
    """The data of a query of gh's own."""
    status, _, answer = ask(text, variables)
    answer = json.loads(answer)
    if status != 200:
        fail(refused(status, answer))
    errors = answer.get("errors") or []
    if errors:
        path = lambda error: ".".join(map(str, error.get("path") or []))
        words = [f"{error['message']} ({path(error)})" for error in errors]
        fail("GraphQL: " + ", ".join(words))
    return answer["data"]


def mutate(text, values):
    """The data of a mutation; gh words its errors in another way than those of a query."""
    status, reason, answer = ask(text, {"input": values})
    if status != 200:
        body = json.dumps(answer, ensure_ascii=False)
        fail(f"non-200 OK status code: {status} {reason} body: {body}")
    answer = json.loads(answer)
    if answer.get("errors"):
        error = answer["errors"][0]
        places = " ".join(
            "{Line:%d Column:%d}" % (place["line"], place["column"])
            for place in error.get("locations") or []
        )
        fail(f"Message: {error['message']}, Locations: [{places}]")
    return answer["data"]


def options(words, names):
    """Values of the options by name, several each, and the other words."""
    given, plain = {}, []
    words = iter(words)
    for word in words:
        if word in names:
            given.setdefault(names[word], []).append(next(words, ""))
        elif word.startswith("-"):
            fail(f"unknown flag: {word} (this is a stand-in)")
        else:
            plain.append(word)
    return given, plain


def issue(words, fields, extra=()):
    """An issue's fields, and the options."""
    names = {"--repo": "repo", "-R": "repo", **dict(extra)}
    given, plain = options(words, names)
    owner, _, repo = given.get("repo", [""])[0].partition("/")
    if len(plain) != 1 or not plain[0].isdigit() or not repo:
        fail("the stand-in needs one issue number and --repo owner/name")
    asked = fields(given)
    text = ISSUE.replace("FIELDS", ",".join(asked))
    data = query(text, {"owner": owner, "repo": repo, "number": int(plain[0])})
    return data["repository"]["issue"], given


def view(words):
    known = {"closedAt", "number", "state", "title", "url"}

    def fields(given):
        asked = [one for one in given.get("fields", [""])[0].split(",") if one]
        if not asked or not known.issuperset(asked):
            fail(f"the stand-in's `issue view` answers with --json of {', '.join(sorted(known))} only")
        return [*asked, "id"]

    found, given = issue(words, fields, {"--json": "fields"}.items())
    asked = sorted(given["fields"][0].split(","))
    print(json.dumps({name: found[name] for name in asked}, ensure_ascii=False, separators=(",", ":")))


def comment(words):
    found, given = issue(words, lambda _: ["id", "url"], {"--body-file": "body", "-F": "body"}.items())
    if given.get("body") != ["-"]:
        fail("the stand-in takes a comment from standard input only: --body-file -")
    body = sys.stdin.buffer.read().decode()
    posted = mutate(COMMENT, {"subjectId": found["id"], "body": body})
    print(posted["addComment"]["commentEdge"]["node"]["url"])


def change(verb, words):
    done, state, mutation = CHANGES[verb]
    found, _ = issue(words, lambda _: ["id", "number", "title", "state"])
    name = f"#{found['number']} ({found['title']})"
    if found["state"] == state:
        print(f"! Issue {name} is already {state.lower()}", file=sys.stderr)
        return
    mutate(mutation, {"issueId": found["id"]})
    print(f"✓ {done} issue {name}", file=sys.stderr)


def value(text):
    """What `--field` makes of a value."""
    if text in ("true", "false", "null"):
        return json.loads(text)
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else text


def graphql(words):
    names = {"-f": "raw", "--raw-field": "raw", "-F": "field", "--field": "field"}
    given, plain = options(words, names)
    if plain:
        fail(f"the stand-in's `api graphql` takes fields only, not `{plain[0]}`")
    split = lambda text: (text.partition("=")[0], text.partition("=")[2])
    variables = dict(split(one) for one in given.get("raw", []))
    variables |= {name: value(text) for name, text in map(split, given.get("field", []))}
    status, _, answer = ask(variables.pop("query", ""), variables)
    sys.stdout.write(answer)
    sys.stdout.flush()
    told = json.loads(answer)
    words = messages(told)
    if words:
        fail("gh: " + "\n".join(words))
    if status != 200:
        fail(f"gh: {told.get('message', '')} (HTTP {status})")


def main(words):
    global PLACE, TOKEN
    if words in (["--version"], ["version"]):
        print(VERSION)
        return
    PLACE = setting("config.yml", "http_unix_socket")
    if not PLACE:
        fail("the stand-in reaches the embedded GitHub only, and GH_CONFIG_DIR names no socket")
    environment = os.environ.get("GH_TOKEN") or os.environ.get("GITHUB_TOKEN")
    TOKEN = environment or setting("hosts.yml", "oauth_token")
    if not TOKEN:
        fail(NO_LOGIN, 4)
    match words:
        case ["issue", "view", *rest]:
            view(rest)
        case ["issue", "comment", *rest]:
            comment(rest)
        case ["issue", "close" | "reopen" as verb, *rest]:
            change(verb, rest)
        case ["api", "graphql", *rest]:
            graphql(rest)
        case _:
            fail(f"unknown command \"{' '.join(words[:2])}\" for \"gh\" (this is a stand-in)")


sys.stdout.reconfigure(encoding="utf-8")
sys.stderr.reconfigure(encoding="utf-8")
main(sys.argv[1:])
