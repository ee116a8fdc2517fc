"""What `pfnb listen` shows: addresses, requests, answers, and at the end how many there were."""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from typing import Any

from pfnb.client.contents import Unreadable
from pfnb.client.event import Event
from pfnb.client.pieces import beginning, pieces
from pfnb.display.terminal import PREVIEW, event_line, preview_lines, refused_line, time_of
from pfnb.display.units import human_size
from pfnb.display.visible import visible
from pfnb.exceptions import PfnbError
from pfnb.http.protocol import KernelPort
from pfnb.hub.clock import now
from pfnb.language.charset import charset_of, text_or_none
from pfnb.listen.answered import Answered
from pfnb.pi.output import Output, note
from pfnb.pi.show import as_json
from pfnb.rows.event import EventRow
from pfnb.rows.webhook import RefusedRow

KNOWN = 1_000
"""How many of the newest requests keep their number."""
SHORT = 64 * 1024
"""Bodies of up to this size are parsed on the loop."""


class Report:
    """`wanted` is how many events are waited for; `reached` is set then. As JSON, standard output has one object in each line;
    what is for people only goes to standard error."""

    def __init__(self, out: Output, *, as_json: bool, wanted: int | None) -> None:
        self._out = out
        self._as_json = as_json
        self._wanted = wanted
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self.reached = asyncio.Event()
        self.received = self.forwarded = self.failed = self.refusals = self._ended = 0

    @property
    def summary(self) -> str:
        counts = {"forwarded": self.forwarded, "failed": self.failed, "refused": self.refusals}
        return ", ".join([f"{self.received} received", *(f"{count} {what}" for what, count in counts.items() if count)])

    async def ready(self, event_key: str, url: str, lines: list[str]) -> None:
        """The webhook's address: `url`, or for people these lines."""
        if self._as_json:
            await self._object("ready", eventKey=event_key, url=url)
            for line in lines:
                note(line)
        else:
            await self._out.line("\n".join([*lines, ""]))

    async def event(self, hub: KernelPort, row: EventRow, *, is_first: bool = True) -> None:
        """A request has arrived. An attempt that is not the first shows it only if nothing has shown it before."""
        again = row["id"] in self._numbers
        if again and not is_first:
            return
        if not again:
            self.received += 1
            self._numbers[row["id"]] = self.received
            if len(self._numbers) > KNOWN:
                self._numbers.popitem(last=False)
        try:
            if self._as_json:
                await self._object("event", **await _whole(hub, row))
            else:
                await self._draw(hub, row, again=again)
        except PfnbError as error:
            note(f"pfnb: event {row['id']} cannot be shown: {visible(error.message, one_line=True)}")

    async def _draw(self, hub: KernelPort, row: EventRow, *, again: bool) -> None:
        head = await beginning(hub, row, PREVIEW)
        paint, width = self._out.paint, self._out.width
        lead = self._number(row) + (" again" if again else "")
        lines = [event_line(row, paint, width=width, lead=lead), *preview_lines(row, head, paint, width=width)]
        await self._out.line("\n".join(lines))

    async def answered(self, row: EventRow, answer: Answered, seconds: float, *, attempt: int, is_last: bool) -> None:
        """The target has answered. Not the last attempt: it is made again."""
        self._count(answer.status < 400, is_last=is_last)
        milliseconds = round(1000 * seconds, 1)
        if self._as_json:
            await self._object(
                "forward", id=row["id"], attempt=attempt, status=answer.status, milliseconds=milliseconds, size=len(answer.data)
            )  # fmt: skip
            return
        style = "green" if answer.status < 300 else "yellow" if answer.status < 400 else "red"
        again = "" if is_last else ", will be retried"
        await self._arrow(row, f"{answer.status}", style, f"{milliseconds:g} ms, {human_size(len(answer.data))}{again}")

    async def unanswered(self, row: EventRow, error: PfnbError, *, attempt: int, is_last: bool) -> None:
        self._count(False, is_last=is_last)
        if self._as_json:
            await self._object("forward", id=row["id"], attempt=attempt, error=error.message)
            return
        await self._arrow(row, "failed" if is_last else "will be retried", "red", error.message)
        if is_last:
            await self._out.line(f"  to send it again: pi events replay {row['id']}")

    def _count(self, succeeded: bool, *, is_last: bool) -> None:
        self.forwarded += succeeded
        self.failed += is_last and not succeeded

    async def _arrow(self, row: EventRow, state: str, style: str, said: str) -> None:
        paint = self._out.paint
        pieces: list[tuple[str, str | None]] = [
            (time_of(now()), "dim"),
            (f"  {self._number(row)} ", "bold"),
            ("→ ", None),
            (state, style),
            (f"  {visible(said, one_line=True)}", None),
        ]
        await self._out.line(paint.line(pieces, self._out.width))

    async def refused(self, key: str, row: RefusedRow) -> None:
        """A request was refused, and its sender got the answer of an unknown webhook, or an error."""
        self.refusals += 1
        if self._as_json:
            await self._object("refused", eventKey=key, **row)
        else:
            await self._out.line(refused_line(key, row, self._out.paint, width=self._out.width))

    def ended(self) -> None:
        """All that is to happen for one more event has happened."""
        self._ended += 1
        if self._wanted is not None and self._ended >= self._wanted:
            self.reached.set()

    def wants(self, row: EventRow) -> bool:
        """Whether this event is still to be shown: not if there are as many as were asked for."""
        return self._wanted is None or self.received < self._wanted or row["id"] in self._numbers

    def _number(self, row: EventRow) -> str:
        return f"#{self._numbers.get(row['id'], 0)}"

    async def _object(self, kind: str, **fields: Any) -> None:
        await self._out.line(as_json({"type": kind, **fields}, indent=None))


async def _whole(hub: KernelPort, row: EventRow) -> dict[str, Any]:
    """The row with its `body` in base64, and its `payload`, if the body is JSON, a form or a text."""
    data = b"".join([piece async for piece in pieces(hub, row)])
    if len(data) <= SHORT:
        return _with_payload(row, data)
    return await asyncio.to_thread(_with_payload, row, data)


def _with_payload(row: EventRow, data: bytes) -> dict[str, Any]:
    event = Event({**row, "body": base64.b64encode(data).decode()}, None, Unreadable())
    return {**event.entry, "payload": event.fields or _payload(event)}


def _payload(event: Event) -> Any:
    try:
        text = text_or_none(event.decoded, charset_of(event.content_type), latin=False)
        return event.json()
    except PfnbError:
        return None  # compressed in a way that cannot be read here
    except (ValueError, RecursionError):
        return text
