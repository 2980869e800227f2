"""A small CLI with the candidate's surface, for tests of the harness alone.

BUGS names what is wrong with it: "1141", "1182", "body".
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
import uuid

BUGS = "@BUGS@".split()
VERSION = "3.2.0rc16"
HOME = os.environ["HOME"]
STATE = os.path.join(HOME, ".kittify")
OWNER = os.path.join(STATE, "sync", "daemon", "owner.json")
LANES = ["planned", "doing", "for_review", "in_review", "approved", "done"]


def database():
    os.makedirs(STATE, exist_ok=True)
    db = sqlite3.connect(os.path.join(STATE, "queue.db"))
    db.execute(
        "create table if not exists queue (id integer primary key, event_id text,"
        " mission text, wp text, kind text, payload text)"
    )
    return db


def queue(mission, wp, kind, payload):
    with database() as db:
        db.execute(
            "insert into queue (event_id, mission, wp, kind, payload) values (?,?,?,?,?)",
            (str(uuid.uuid4()), mission, wp, kind, json.dumps(payload)),
        )


def status_file(mission):
    return os.path.join(STATE, "status", f"{mission}.json")


def load(path):
    with open(path) as file:
        return json.load(file)


def save(path, document):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(document, file)


def post(path, document):
    request = urllib.request.Request(
        os.environ["SPEC_KITTY_SAAS_URL"] + path,
        json.dumps(document).encode(),
        {"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        return json.load(refusal)


def move(wp, lane, mission):
    lanes = load(status_file(mission))
    old = lanes[wp]
    claimed = "1141" in BUGS and lane == "in_review" and lanes.get("claimed")
    if LANES.index(lane) != LANES.index(old) + 1 or claimed:
        print(f"illegal transition from='{old}' to='{lane}'", file=sys.stderr)
        return 1
    lanes[wp] = lane
    if lane == "in_review" and "1141" in BUGS:
        lanes["claimed"] = True
    save(status_file(mission), lanes)
    queue(mission, wp, "WPStatusChanged", {"from": old, "to": lane})
    return 0


def sync_now():
    with database() as db:
        rows = db.execute("select id, event_id, mission, wp, kind, payload from queue").fetchall()
        if "1141" in BUGS:
            roll_back(rows)
        if "1182" in BUGS:
            print(f"synced: 0\nrejected: 0\nunknown: {len(rows)}\nerrors: {len(rows)}")
            print("error: sync.event_loop_unavailable\n" * len(rows), end="")
            return 1
        synced, refused = 0, []
        for row, event_id, mission, wp, kind, payload in rows:
            event = {"event_id": event_id, "mission": mission, "wp": wp, "kind": kind}
            answer = post("/api/v1/events/", dict(event, payload=json.loads(payload)))
            if answer["status"] == "rejected":
                refused.append(f"{answer['failure_class']}: {answer['detail']}")
                continue
            db.execute("delete from queue where id = ?", (row,))
            synced += 1
    print(f"synced: {synced}\npending: 0\nrejected: {len(refused)}\nerrors: {len(refused)}")
    print("\n".join(refused))
    return 1 if refused else 0


def roll_back(rows):
    for _, _, mission, wp, _, payload in rows:
        if json.loads(payload).get("to") == "in_review":
            lanes = load(status_file(mission))
            lanes[wp] = "for_review"
            save(status_file(mission), lanes)


def upload(mission, path):
    with open(path) as file:
        answer = post("/api/v1/bodies/", {"mission": mission, "body": file.read()})
    if "body" in BUGS:
        answer["receipt"]
    print(answer)
    return 0 if answer["status"] == "accepted" else 1


def check():
    record = load(OWNER) if os.path.exists(OWNER) else {"pid": None, "package_version": None}
    keys = "auth_required live_orphan_daemon_count active_queue legacy_queue mismatches"
    document = dict.fromkeys(keys.split() + ["orphan_records"])
    document.update(ok=False, exit_code=2, auth_present=False, daemon_owner_record=record)
    document["foreground"] = {"package_version": VERSION}
    print(json.dumps(document))
    return 2


def daemon_start():
    if os.path.exists(OWNER):
        return 0
    read, write = os.pipe()
    subprocess.Popen(
        [sys.executable, os.path.abspath(__file__), "daemon-run", str(write)],
        start_new_session=True,
        pass_fds=[write],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    return 0 if os.read(read, 1) == b"r" else 1


def daemon_run(ready):
    def end(*_):
        os.unlink(OWNER)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    save(OWNER, {"pid": os.getpid(), "port": 9400, "package_version": VERSION})
    os.write(ready, b"r")
    os.close(ready)
    while True:
        signal.pause()


def daemon_stop():
    import time

    if os.path.exists(OWNER):
        os.kill(load(OWNER)["pid"], signal.SIGTERM)
        while os.path.exists(OWNER):
            time.sleep(0.01)
    return 0


def main(words):
    if words == ["--version"]:
        print("  /\\_/\\ \n" * 30 + f"spec-kitty-cli version {VERSION}")
        return 0
    if words[:2] == ["mission", "create"]:
        save(status_file(words[2]), dict.fromkeys(["WP01", "WP02", "WP03"], "planned"))
        queue(words[2], None, "MissionCreated", {"name": words[2]})
        return 0
    if words[:3] == ["agent", "tasks", "move-task"]:
        return move(words[3], words[5], words[7])
    if words[:2] == ["sync", "upload-body"]:
        return upload(words[3], words[4])
    if words[0] == "daemon-run":
        return daemon_run(int(words[1]))
    calls = {"now": sync_now, "status": check}
    daemon = {"start": daemon_start, "stop": daemon_stop}
    return daemon[words[2]]() if words[1] == "daemon" else calls[words[1]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
