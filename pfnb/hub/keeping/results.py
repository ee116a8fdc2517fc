"""The results of events, for senders who ask for them later with the correlation id that they got. Kept in memory for a while.

A result is running until a pipeline has answered the event, or `async.complete` has. Who asks a second time gets the same result.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pfnb.exceptions import ParameterError, PayloadTooLargeError
from pfnb.hub.dispatch.outcomes import Ends
from pfnb.hub.records.delivery import Outcome
from pfnb.hub.records.event import Event
from pfnb.language.extent import check_written, written
from pfnb.rows.result import ResultRow, ResultStatus

RUNNING_SECONDS: Final = 3600
"""How long a result may be running; `async.ping` makes it as long again."""
ENDED_SECONDS: Final = 900
"""How long a result is kept once it has ended."""
MAX_RESULTS: Final = 10_000
MAX_SIZE: Final = 64 * 1024 * 1024
MAX_VALUE: Final = 1024 * 1024
"""Bytes of all results, and of one: a longer one would hold up the loop while it is written."""
_CODES: Final[dict[ResultStatus, int]] = {"running": 202, "finished": 200, "error": 500, "cancelled": 200, "gone": 410}


@dataclass(slots=True)
class Result:
    """`data` is its value and response as JSON. `expires` is in milliseconds since the epoch. `ended` is resolved at its end."""

    event_id: str
    correlation_id: str
    webhook: str | None
    owner: str
    created: int
    expires: int
    ends: Ends
    status: ResultStatus = "running"
    message: str = ""
    data: bytes = b""
    waiting: set[asyncio.Future[None]] = field(default_factory=set)

    @property
    def answer(self) -> dict[str, Any]:
        """Its `value`, and the `response` that a pipeline has set, if any."""
        answer: dict[str, Any] = json.loads(self.data) if self.data else {"value": None, "response": None}
        return answer

    def to_json(self, *, value: bool = True) -> ResultRow:
        row: ResultRow = {
            "correlationId": self.correlation_id,
            "status": self.status,
            "statusCode": _CODES[self.status],
            "created": self.created,
        }
        if self.message:
            row["statusMessage"] = self.message
        if value and self.status == "finished":
            answer = self.answer
            body = (answer["response"] or {}).get("body")
            row["value"] = answer["value"] if body is None else body
        return row


def gone(correlation_id: str) -> ResultRow:
    """The row of an id that the hub does not know, or no longer."""
    return {"correlationId": correlation_id, "status": "gone", "statusCode": _CODES["gone"], "statusMessage": "Gone"}


class Results:
    """Call `began` for each event of a webhook, `settle` for each delivery that has ended. To make room, the oldest are
    removed."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._results: dict[str, Result] = {}
        self._ids: dict[str, str] = {}
        self._used = 0

    def began(self, event: Event, listeners: Sequence[str]) -> None:
        """An event was stored, for these pipelines. One that is repeated keeps its result."""
        if event.correlation_id in self._results:
            return
        if len(self._results) >= MAX_RESULTS:
            self._remove(next(iter(self._results.values())))
        expires = self._now() + 1000 * RUNNING_SECONDS
        self._results[event.correlation_id] = Result(
            event.id, event.correlation_id, event.webhook, event.owner, event.created, expires, Ends(tuple(listeners))
        )
        self._ids[event.id] = event.correlation_id

    def settle(self, event_id: str, listener: str, outcome: Outcome | None) -> None:
        """A delivery has ended. A pipeline without a result leaves it running: something else may complete it."""
        result = self._results.get(self._ids.get(event_id, ""))
        if result is None or result.status != "running":
            return
        is_over, answer = result.ends.add(listener, outcome)
        if not is_over or answer is None:
            return
        if not answer.succeeded:
            self._end(result, "error", message=str((answer.error or {}).get("statusMessage", "the run failed")))
        elif answer.value is not None or answer.response is not None:
            self._finish(result, answer.value, answer.response)

    def complete(self, correlation_id: str, owner: str, value: Any) -> ResultRow:
        """End it with this value; the first end counts, later ones do nothing. ParameterError for what is not JSON."""
        result = self.find(correlation_id, owner)
        if result is None:
            return gone(correlation_id)
        if result.status == "running":
            check_written(value)
            self._finish(result, value, None, strict=True)
        return result.to_json(value=False)

    def cancel(self, correlation_id: str, owner: str) -> Result | None:
        """End it as cancelled, if it is running. None if there is none."""
        result = self.find(correlation_id, owner)
        if result is not None and result.status == "running":
            self._end(result, "cancelled")
        return result

    def ping(self, correlation_id: str, owner: str) -> ResultRow:
        """Somebody still waits for it: it may be running for as long again."""
        result = self.find(correlation_id, owner)
        if result is None:
            return gone(correlation_id)
        if result.status == "running":
            result.expires = self._now() + 1000 * RUNNING_SECONDS
        return result.to_json(value=False)

    def find(self, correlation_id: str, owner: str | None = None) -> Result | None:
        """The result of this owner, or of any; None if there is none, or none any more."""
        result = self._results.get(correlation_id)
        if result is None or owner not in (None, result.owner):
            return None
        if result.expires <= self._now():
            self._remove(result)
            return None
        return result

    async def wait(self, result: Result, seconds: float) -> None:
        """Return once it has ended, or after these seconds."""
        if result.status != "running" or seconds <= 0:
            return
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        result.waiting.add(ended)
        try:
            await asyncio.wait([ended], timeout=seconds)
        finally:
            result.waiting.discard(ended)

    def of(self, owner: str, status: str | None) -> list[ResultRow]:
        """All of this owner's, oldest first, without their values."""
        now = self._now()
        mine = [one for one in self._results.values() if one.owner == owner and one.expires > now]
        return [one.to_json(value=False) for one in mine if status in (None, one.status)]

    def forget(self, owner: str) -> None:
        """Remove all of this owner's."""
        for result in [one for one in self._results.values() if one.owner == owner]:
            self._remove(result)

    def _finish(self, result: Result, value: Any, response: dict[str, Any] | None, *, strict: bool = False) -> None:
        answer = {"value": value, "response": response}
        too_large = PayloadTooLargeError(f"the result has more than {MAX_VALUE:,} bytes", limit=MAX_VALUE)
        try:
            if written(answer) > MAX_VALUE:
                raise too_large
            data = json.dumps(answer, allow_nan=False).encode()
            if len(data) > MAX_VALUE:
                raise too_large
        except (TypeError, ValueError, RecursionError) as error:
            if strict:
                raise ParameterError(f"a result must be JSON: {error}") from error
            self._end(result, "error", message=f"the result is not JSON: {error}")
        except PayloadTooLargeError as error:
            if strict:
                raise
            self._end(result, "error", message=error.message)
        else:
            self._make_room(len(data), result)
            result.data = data
            self._used += len(data)
            self._end(result, "finished")

    def _make_room(self, size: int, kept: Result) -> None:
        for result in list(self._results.values()):
            if self._used + size <= MAX_SIZE:
                return
            if result is not kept and result.data:
                self._remove(result)

    def _end(self, result: Result, status: ResultStatus, message: str = "") -> None:
        result.status, result.message = status, message
        result.expires = self._now() + 1000 * ENDED_SECONDS
        self._release(result)

    def _remove(self, result: Result) -> None:
        self._results.pop(result.correlation_id, None)
        self._ids.pop(result.event_id, None)
        self._used -= len(result.data)
        self._release(result)

    def _release(self, result: Result) -> None:
        for ended in result.waiting:
            if not ended.done():
                ended.set_result(None)
