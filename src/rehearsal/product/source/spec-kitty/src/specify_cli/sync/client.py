"""Posts events and bodies to the service."""

import base64
import json
import urllib.error
import urllib.request

from specify_cli import __version__, settings

TIMEOUT_SECONDS = 10.0


class ServiceError(Exception):
    """The service could not be reached, or what it said cannot be understood."""


class Reply:
    """What the service answered to one post."""

    def __init__(self, code, body):
        self.code = code
        self.status = body.get("status", "rejected" if code >= 400 else "accepted")
        self.failure_class = body.get("failure_class")
        self.detail = body.get("detail")
        self.body = body

    @property
    def taken(self):
        """Whether the service has it, now or from an earlier post."""
        return self.status in ("accepted", "duplicate")


def post_event(event):
    """Posts one event."""
    return _post("/api/v1/events/", event)


def post_body(body):
    """Posts one body."""
    document = {key: body[key] for key in ("body_id", "mission", "name")}
    document["content_base64"] = base64.b64encode(body["content"]).decode("ascii")
    return _post("/api/v1/bodies/", document)


def _post(path, document):
    headers = {"Content-Type": "application/json", "X-Spec-Kitty-Version": __version__}
    token = settings.token()
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(document).encode("utf-8")
    request = urllib.request.Request(settings.server_url() + path, data, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return Reply(answer.status, _document(answer.read()))
    except urllib.error.HTTPError as refusal:
        if refusal.code >= 500:
            raise ServiceError(f"POST {path}: HTTP {refusal.code}") from refusal
        return Reply(refusal.code, _document(refusal.read()))
    except OSError as failure:
        raise ServiceError(f"POST {path}: {failure}") from failure


def _document(data):
    try:
        document = json.loads(data or b"{}")
    except ValueError:
        return {"detail": data[:200].decode("utf-8", "replace")}
    return document if isinstance(document, dict) else {"detail": document}
