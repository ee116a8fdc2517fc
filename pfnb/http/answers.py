"""The answer to the caller of a run: text as text, bytes as bytes, a file as its content, all else as JSON."""

from __future__ import annotations

from typing import Any

from pfnb.http.handler import content_type, to_json
from pfnb.hub.workers.callers import Answer
from pfnb.language.content import genuine_id
from pfnb.language.plain_data import in_thread_if_many
from pfnb.language.port import HubPort
from pfnb.language.run import Response, RunResult

OCTETS = "application/octet-stream"


async def answer_of(result: RunResult, hub: HubPort) -> Answer:
    """RunLimitError for a body that is too long."""
    response = result.response or Response()
    body = result.body if response.body is None else response.body
    if (content_id := await genuine_id(body, hub)) is not None:
        kind = str(body.get("contentType") or OCTETS)
        return Answer(response.status, {"Content-Type": kind, **response.headers}, content=content_id)
    data = body if isinstance(body, bytes) else await in_thread_if_many(body, lambda: _encoded(body))
    return Answer(response.status, {"Content-Type": content_type(body), **response.headers}, data)


def _encoded(body: Any) -> bytes:
    """An unpaired surrogate, which UTF-8 cannot encode, becomes a question mark."""
    return (body if isinstance(body, str) else to_json(body)).encode(errors="replace")
