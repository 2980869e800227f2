"""Makes the result document of a canary run, and writes it in one step."""

import json
import os
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(milliseconds=None, noise=None):
    """A ULID: 48 bits of time, 80 bits of noise."""
    if milliseconds is None:
        milliseconds = time.time_ns() // 1_000_000
    if noise is None:
        noise = os.urandom(10)
    number = (milliseconds << 80) | int.from_bytes(noise, "big")
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(26)))


def utc(seconds):
    """A time in the result's form."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def outcome(scenarios):
    """pass, fail or skip: a run with a failure fails, one with a skip is a skip."""
    statuses = {scenario["status"] for scenario in scenarios}
    if "fail" in statuses or not statuses:
        return "fail"
    return "skip" if "skip" in statuses else "pass"


def scenario(number, status, started, finished, reason, boundary):
    """One scenario's part of the result."""
    return {
        "scenario_id": number,
        "name": f"scenario-{number}",
        "status": status,
        "started_at": utc(started),
        "finished_at": utc(finished),
        "duration_seconds": round(finished - started, 3),
        "failure_reason": reason,
        "boundary_evidence": boundary,
    }


def write(path, document):
    """Writes beside and renames, so that a reader sees all of it or nothing."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    beside = f"{path}.{os.getpid()}.tmp"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
    os.replace(beside, path)
