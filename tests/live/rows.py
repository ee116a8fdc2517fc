"""Whole rows, as a hub gives them, to be shown or read by tests."""

from __future__ import annotations

import base64
from typing import Any


def event_row(body: bytes = b"", content_type: str = "application/json", **more: Any) -> dict[str, Any]:
    """A row of an event with this body."""
    return {
        "id": "01J9Z6Q8W2",
        "eventKey": "webhook.lead.created",
        "traceId": "6936bd:efg35ee",
        "correlationId": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "created": 1682349730659,
        "method": "POST",
        "query": {},
        "status": "accepted",
        "contentType": content_type,
        "contentLength": len(body),
        "headers": {"content-type": content_type},
        "fields": {},
        "files": [],
        "deliveries": [],
        "body": base64.b64encode(body).decode(),
        **more,
    }


def listed_row(seq: int, **more: Any) -> dict[str, Any]:
    """The row of an event in a list: with a sequence number, without a body unless one is given."""
    row = {**event_row(), "seq": seq}
    del row["body"]
    return row | more


def step_row(**more: Any) -> dict[str, Any]:
    """The record of a step of a run."""
    return {
        "number": 1,
        "command": "body.set",
        "line": 2,
        "started": 1682349730659,
        "milliseconds": 0.5,
        "input": None,
        "output": None,
        "error": None,
        "depth": 0,
        "iteration": [],
        "pipeline": None,
        **more,
    }


def listener_row(**more: Any) -> dict[str, Any]:
    """The row of a listener in a kernel."""
    return {
        "name": "lead",
        "pattern": "lead.*",
        "notebook": "a.ipynb",
        "owner": "ada",
        "connected": True,
        "workers": 1,
        "shared": False,
        "allNotebooks": False,
        "pending": 0,
        "lastMinute": 0,
        "created": 0,
        "source": "",
        "runningFor": None,
        **more,
    }


def webhook_row(uuid: str, **more: Any) -> dict[str, Any]:
    """A webhook object."""
    return {
        "eventKey": "webhook.lead.created",
        "uuid": uuid,
        "webhookUrl": f"http://192.168.1.5:8888/pfnb/api/v3/command/webhook.receive?uuid={uuid}",
        "pathUrl": f"http://192.168.1.5:8888/pfnb/hook/{uuid}",
        "payloadType": "raw",
        "maxPayloadLength": 512000,
        "path": "",
        "public": False,
        "active": True,
        "created": 1682349730659,
        "updated": 1682349730659,
        "lastReceived": None,
        "received": 0,
        "expires": None,
        "owner": "ada",
        "refused": 0,
        **more,
    }
