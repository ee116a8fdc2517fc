"""The requests an open inspector may make, and the hub's answers in the form it displays."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.http.protocol import KernelPort
from pfnb.kernel.listening.deliveries import Stopped
from pfnb.kernel.widgets import branches
from pfnb.kernel.widgets.facts import MOST, delivery_facts, refused_facts, row_facts, step_facts
from pfnb.kernel.widgets.opened import OpenedEvent, open_event
from pfnb.language.checked import Checked
from pfnb.rows.event import Filter, ListedEvent
from pfnb.uuid_tail import masked_uuid

PAGE = 100
"""Rows of the list in one answer."""
_KEPT = 2
"""Events whose payloads are kept, parsed."""
_SEARCH = 0.3
"""Seconds after which a search that has found nothing yet answers so; the browser then asks it to continue."""
_WHOSE = ("key", "webhook")
_ASKED = ("key", "status", "text")

Stop = Callable[[str], Awaitable[Stopped]]
"""Stops the run of a delivery in this kernel."""
_GOES_ON = (
    "The run has ended, but its thread waits in code that Python cannot interrupt. It holds up no other run. "
    "To end the thread, restart the kernel."
)
Answer = tuple[dict[str, Any], list[bytes]]


class Answers:
    """Answers one open inspector. `filter` is what it lists now; initially that of its cell."""

    def __init__(self, hub: KernelPort, filter: Filter, stop: Stop) -> None:  # noqa: A002 - the hub's word
        self.filter = filter.copy()
        self._hub = hub
        self._stop = stop
        self._opened: OrderedDict[str, OpenedEvent] = OrderedDict()
        asked: tuple[Callable[..., Awaitable[Answer]], ...] = (
            self.page, self.event, self.deliveries, self.steps, self.replay, self.address,
            self.stop, self.children, self.text, self.preview, self.part, self.refused,
        )  # fmt: skip
        self._known = {method.__name__: Checked(method.__name__, method) for method in asked}

    async def of(self, question: Mapping[str, Any]) -> Answer:
        """Answer a question. `ask` names one of the methods below, `with` has its arguments. Raises PfnbError."""
        found = self._known.get(str(question.get("ask")))
        if found is None:
            raise ParameterError(f"there is no question {question.get('ask')!r}: reload the page")
        answer: Answer = await found(question.get("with") or {})
        return answer

    def admits(self, row: ListedEvent) -> bool:
        """Whether a changed row still fits the status of the filter: watching reports rows of every status."""
        status = self.filter.get("status")
        return not status or any(one["status"] == status for one in row["deliveries"])

    def narrow(self, asked: Mapping[str, Any]) -> None:
        """Set key, status and text of the filter from the toolbar."""
        kept = {name: value for name, value in self.filter.items() if name not in _ASKED}
        self.filter = cast(Filter, kept | {name: asked[name] for name in _ASKED if asked.get(name)})

    def told(self) -> dict[str, Any]:
        """The filter, for the toolbar."""
        webhook = self.filter.get("webhook")
        shown = {name: self.filter.get(name) or "" for name in _ASKED}
        return {**shown, "webhook": masked_uuid(webhook) if webhook else ""}

    async def page(self, before: int | None = None, limit: int = PAGE) -> Answer:
        """Rows with a seq below `before`. A search for a text stops after a few tenths of a second; ask on with `next` as
        `before`."""
        found = await self._hub.list_events(self.filter, before=before, limit=limit)
        rows, total = [row_facts(row) for row in found["events"]], found["total"]
        end = time.monotonic() + _SEARCH
        while not rows and found["next"] is not None and time.monotonic() < end:
            found = await self._hub.list_events(self.filter, before=found["next"], limit=limit)
            rows = [row_facts(row) for row in found["events"]]
        return {"rows": rows, "next": found["next"], "total": total}, []

    async def refused(self) -> Answer:
        """The newest refused requests, and how many were refused in all."""
        whose = {name: value for name, value in self.filter.items() if name in _WHOSE}
        found = await self._hub.list_refused(cast(Filter, whose))
        rows = [refused_facts(webhook, row) for webhook in found for row in webhook["refused"]]
        rows.sort(key=lambda row: row["time"], reverse=True)
        return {"rows": rows[:MOST], "total": sum(webhook["count"] for webhook in found)}, []

    async def event(self, id: str) -> Answer:  # noqa: A002 - the protocol's name
        self._opened.pop(id, None)
        opened, shown = await open_event(self._hub, id)
        self._opened[id] = opened
        while len(self._opened) > _KEPT:
            self._opened.popitem(last=False)
        return shown, []

    async def children(self, id: str, file: int, place: list[int], offset: int) -> Answer:  # noqa: A002
        opened = await self._of(id)
        return await asyncio.to_thread(branches.page, opened.tree(file), place, offset), []

    async def text(self, id: str, file: int, place: list[int]) -> Answer:  # noqa: A002
        opened = await self._of(id)
        return await asyncio.to_thread(branches.whole_text, opened.tree(file), place), []

    async def preview(self, id: str, file: int) -> Answer:  # noqa: A002
        return await (await self._of(id)).preview(file)

    async def part(self, id: str, file: int, offset: int) -> Answer:  # noqa: A002
        return await (await self._of(id)).part(file, offset)

    async def steps(self, id: str, delivery: str) -> Answer:  # noqa: A002
        mask = (await self._of(id)).mask
        records = await self._hub.read_steps(delivery)
        return {"steps": [step_facts(record, mask) for record in records[:MOST]], "size": len(records)}, []

    async def replay(self, id: str, listener: str | None = None) -> Answer:  # noqa: A002
        done = await self._hub.replay_event(id, listener)
        return {"deliveries": len(done["deliveries"])}, []

    async def stop(self, id: str, delivery: str) -> Answer:  # noqa: A002
        """Stop the run of a delivery. `note` is what the user still has to do. NotFoundError if it runs elsewhere."""
        try:
            stopped = await self._stop(delivery)
        except NotFoundError:
            raise NotFoundError(await self._elsewhere(id, delivery)) from None
        return {"note": _GOES_ON if stopped.is_working else ""}, []

    async def _elsewhere(self, event_id: str, delivery: str) -> str:
        """Says where to stop a run that is not in this kernel."""
        entry = await self._hub.read_event(event_id, body=False)
        found = [one for one in entry["deliveries"] if one["id"] == delivery and one["status"] == "running"]
        if not found:
            return "this run has already ended"
        name, aside = found[0]["listener"], f"%webhook failed discard={delivery} discards it"
        listeners = await self._hub.list_listeners()
        notebook = next((one["notebook"] for one in listeners if one["name"] == name), "")
        if not notebook:
            return f"it runs in the hub: {aside}"
        return f"it runs in {notebook}: %pipeline stop {name} stops it there, and {aside}"

    async def deliveries(self, id: str) -> Answer:  # noqa: A002
        entry = await self._hub.read_event(id, body=False)
        return {"deliveries": delivery_facts(entry, (await self._of(id)).mask)}, []

    async def address(self, id: str) -> Answer:  # noqa: A002
        """The URL of the webhook that received an event: a secret, for the clipboard."""
        entry = (await self._of(id)).entry
        tail = entry["traceId"].partition(":")[0]
        found = await self._hub.get_webhooks(event_key=entry["eventKey"])
        urls = [one["webhookUrl"] for one in found if one["uuid"].endswith(tail)]
        urls += [one["webhookUrl"] for one in found if one["path"]]  # events at a path do not tell the end of the uuid
        if not urls or not tail:
            raise NotFoundError("the webhook of this event does not exist any more, or there never was one")
        return {"url": urls[0]}, []

    async def _of(self, event_id: str) -> OpenedEvent:
        if event_id not in self._opened:
            await self.event(event_id)
        return self._opened[event_id]
