"""What an outside program sends to the notebook's webhooks, and how its answers are checked."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.demo.error import DemoError
from tests.live.hub import HubClient

ISSUE_KEY = "webhook.github.issues"
FILES_KEY = "webhook.quote.received"
FILES = {"quote.pdf": "application/pdf", "birdhouse.png": "image/png", "parts.csv": "text/csv"}


def send_issue(hub: HubClient, samples: Path) -> Iterator[str]:
    """A delivery of the shape GitHub gives it, byte for byte as the sample has it."""
    body = (samples / "github-issue.json").read_bytes()
    headers = json.loads((samples / "github-issue.headers.json").read_text())
    headers["x-github-delivery"] = str(uuid.uuid4())
    value = _answer(httpx.post(_receiver(hub, ISSUE_KEY), content=body, headers=headers, timeout=40, trust_env=False))
    yield f"GitHub-shaped delivery, {len(body)} bytes: the pipeline answered {value!r}"
    title = json.loads(body)["issue"]["title"]
    if title not in str(value):
        raise DemoError(f"the answer should name the issue's title {title!r}")


def send_files(hub: HubClient, samples: Path) -> Iterator[str]:
    """One multipart request with every sample file in a field of its own, and a form field between them."""
    sent = {name: (samples / name).read_bytes() for name in FILES}
    parts = [(f"file{number}", (name, sent[name], FILES[name])) for number, name in enumerate(FILES, 1)]
    url = _receiver(hub, FILES_KEY)
    value = _answer(httpx.post(url, files=parts, data={"customer": "Ada"}, timeout=40, trust_env=False))
    yield f"Multipart request, {len(parts)} files: the pipeline answered with what the notebook read"
    read = {file["name"]: file["sha256"] for file in value}
    for name, content in sent.items():
        if read.get(name) != hashlib.sha256(content).hexdigest():
            raise DemoError(f"{name} was sent with other bytes than the notebook read: {value}")
        yield f"  {name:<14} {read[name]}  as sent"
    if len(read) != len(sent):
        raise DemoError(f"the notebook read files that nobody sent: {sorted(read.keys() - sent.keys())}")


def _receiver(hub: HubClient, event_key: str) -> str:
    hooks = hub.command("webhook.get", eventKey=event_key)
    if len(hooks) != 1:
        raise DemoError(f"the notebook should have left one webhook for {event_key}, and there are {len(hooks)}")
    return hub.receiver(hooks[0]["uuid"], wait="true")


def _answer(response: httpx.Response) -> Any:
    if response.status_code != httpx.codes.OK:
        raise DemoError(f"the webhook answered {response.status_code}: {response.text[:500]}")
    answer = response.json()
    if isinstance(answer, dict) and answer.get("status") == "running":
        raise DemoError("the webhook did not answer with a result: no pipeline of the notebook listens to it")
    return answer["value"] if isinstance(answer, dict) and "value" in answer else answer
