"""The outcome of a run, as `finish_deliveries` takes it."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pfnb.client.delivery import is_body_of
from pfnb.client.event import EventFile
from pfnb.exceptions import ParameterError, PfnbError, RunRecord, StepError
from pfnb.language.extent import check_written
from pfnb.language.media_types import OCTETS
from pfnb.language.plain import plain
from pfnb.language.plain_data import has_more_values
from pfnb.language.port import HubPort
from pfnb.language.response import Response
from pfnb.language.run import RunResult, steps_of
from pfnb.rows.run import DeliveryFrame, Failed, Succeeded

T = TypeVar("T")


async def failed(error: PfnbError) -> Failed:
    """The outcome of a run that failed, or whose report failed, with this error."""
    steps = await _in_thread_if(_is_large(error.trace), lambda: [record.to_json() for record in steps_of(error)])
    outcome: Failed = {"status": "failed", "error": error.to_json(), "steps": steps}
    if error.is_final:
        outcome["final"] = True
    return outcome


def unexpected(error: Exception) -> StepError:
    """A StepError for an exception that is not pfnb's own and broke off a run."""
    failure = StepError(f"the run was interrupted by {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure


async def succeeded(result: RunResult, delivery: DeliveryFrame, hub: HubPort) -> Succeeded:
    """The outcome of a run with this result. The value is null if the listener left the body unchanged: that is the event, which
    a waiting caller must not see. Bytes are stored in the hub and replaced by a content reference.

    Raises ParameterError for a value that cannot be written as JSON, RunLimitError for one that is too long.
    """
    value = await _kept(result.body, hub, OCTETS)
    body = None if result.response is None else await _kept_body(result.response, hub)
    is_large = _is_large(result.trace) or has_more_values((value, body))
    return await _in_thread_if(is_large, lambda: _succeeded(result, delivery, value, body))


def _succeeded(result: RunResult, delivery: DeliveryFrame, value: Any, body: Any) -> Succeeded:
    response = result.response
    is_untouched = not result.has_result and is_body_of(result.body, delivery)
    return {
        "status": "succeeded",
        "value": None if is_untouched else _sendable(value),
        "response": None
        if response is None
        else {"status": response.status, "headers": response.headers, "body": _sendable(body)},
        "steps": [record.to_json() for record in result.steps],
        "skipped": result.skipped,
    }


async def _kept_body(response: Response, hub: HubPort) -> Any:
    """The response's body; bytes and files as content references."""
    body, declared = response.body, str(response.headers.get("Content-Type", ""))
    if isinstance(body, EventFile):
        return await _kept(await body.aread(), hub, declared or body.content_type)
    if isinstance(body, Path):
        kind = declared or mimetypes.guess_type(body.name)[0] or OCTETS
        return await _kept(await asyncio.to_thread(_bytes_of, body), hub, kind)
    is_raw = isinstance(body, bytes | bytearray | memoryview)
    return await _kept(bytes(body), hub, declared or OCTETS) if is_raw else body


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ParameterError(f"the file of the response cannot be read: {error}") from error


async def _kept(value: Any, hub: HubPort, content_type: str) -> Any:
    if isinstance(value, bytes):
        return await hub.put_content(value, name="body", content_type=content_type)
    return value


def _sendable(value: Any) -> Any:
    check_written(value)
    return plain(value, "the result", with_bytes=False)


def _is_large(trace: RunRecord | None) -> bool:
    return trace is not None and trace.is_large


async def _in_thread_if(is_large: bool, work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work) if is_large else work()
