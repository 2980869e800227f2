"""Reads from the SaaS."""

import http.client
import json
import os
import urllib.parse

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def settings():
    """The checkout's settings; the environment's address comes first."""
    with open(os.path.join(HERE, "e2e-settings.json"), encoding="utf-8") as file:
        found = json.load(file)
    found["saas_url"] = os.environ.get("SPEC_KITTY_SAAS_URL") or found["saas_url"]
    return found


def get(saas_url, path):
    """Status and document of one GET."""
    parts = urllib.parse.urlsplit(saas_url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, timeout=30)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", path, headers={"User-Agent": "spec-kitty-e2e/0.1.0"})
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body or b"null")
    finally:
        connection.close()


def counts(saas_url, mission):
    """What the SaaS counts for a mission; zeros before it knows it."""
    status, found = get(saas_url, f"/api/v1/missions/{mission}/")
    if status == 404:
        return {"events": 0, "bodies": 0}
    assert status == 200, f"HTTP {status} for mission {mission}: {found}"
    return {"events": found["events"], "bodies": found["bodies"]}
