"""The answer to the caller of a run: text as text, bytes as bytes, a file as its content, all else as JSON."""

from __future__ import annotations

import asyncio

from pfnb.exceptions import ParameterError
from pfnb.http.handler import content_type
from pfnb.http.json_text import in_utf8
from pfnb.hub.workers.callers import Answer
from pfnb.language.content import genuine_id
from pfnb.language.extent import is_long
from pfnb.language.media_types import OCTETS
from pfnb.language.port import HubPort
from pfnb.language.response import SET_COOKIE, Response
from pfnb.language.run import RunResult


async def answer_of(result: RunResult, hub: HubPort) -> Answer:
    """RunLimitError for a body that is too long, ParameterError for a response that is not for this address."""
    response = result.response or Response()
    if SET_COOKIE in response.headers:
        raise ParameterError(
            "http.response.set: only an answer of a webhook may set cookies, for that webhook's address: here they would be for "
            "the whole API"
        )
    body = result.body if response.body is None else response.body
    if (content_id := await genuine_id(body, hub)) is not None:
        kind = str(body.get("contentType") or OCTETS)
        return Answer(response.status, {"Content-Type": kind, **response.headers}, content=content_id)
    data = body
    if not isinstance(body, bytes):
        data = await asyncio.to_thread(in_utf8, body) if is_long(body) else in_utf8(body)
    return Answer(response.status, {"Content-Type": content_type(body), **response.headers}, data)
