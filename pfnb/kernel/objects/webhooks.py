"""Webhooks in a notebook: the object that cells hold, how to find one again, and how to call it for a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pfnb.client.rows import Rows
from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.objects.events import Events
from pfnb.kernel.objects.testcall import Answer, Request, request_of, send
from pfnb.language.masking import MASK
from pfnb.rows.event import EventRow
from pfnb.rows.webhook import HandshakeState, RefusedRow, WebhookRow
from pfnb.uuid_tail import masked_uuid, tail

OVERLAP = 3600.0
"""Seconds for which a rotated uuid still works by default: time to give its callers the new one."""


class Address(str):
    """A webhook's `url`. Its display names the `path_url`, too, unless that is empty."""

    path_url: str

    def __new__(cls, url: str, path_url: str) -> Address:
        made = super().__new__(cls, url)
        made.path_url = path_url
        return made

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        also = f"\n# for senders that allow no query: {self.path_url}" if self.path_url else ""
        printer.text(f"{str(self)!r}{also}")


class Webhook:
    """A webhook of this notebook's owner. `uuid` and `url` are secrets: displays and reprs mask them."""

    def __init__(self, fields: WebhookRow, notebook: Notebook) -> None:
        self.fields = fields.copy()
        self._notebook = notebook

    @property
    def uuid(self) -> str:
        return self.fields["uuid"]

    @property
    def url(self) -> str:
        """The address for callers, with the uuid in its query. Append further parameters with `&`: httpx's `params` replaces
        the query."""
        return self.fields["webhookUrl"]

    @property
    def path_url(self) -> str:
        """The address without a query, for senders that allow none or append one of their own."""
        return self.fields["pathUrl"]

    def address(self, *, show: bool) -> Address:
        """Both addresses for a display: with the secret if `show`, else masked, for outputs that are saved."""
        urls = (self.url, "" if self.fields["path"] else self.path_url)
        return Address(*(urls if show else [url.replace(self.uuid, masked_uuid(self.uuid)) for url in urls]))

    @property
    def event_key(self) -> str:
        return self.fields["eventKey"]

    @property
    def payload_type(self) -> str:
        return self.fields["payloadType"]

    def send(
        self,
        body: Any = None,
        *,
        fields: Mapping[str, str] | None = None,
        files: Sequence[str | Path] = (),
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        wait: bool = False,
        timeout: float = 30.0,
    ) -> Answer:
        """Call it through HTTP, as an outside caller would.

        `body` is sent unchanged if it is bytes or a text, else as JSON; `fields` and `files` are sent as a form. With `wait`
        the answer is the pipeline's, after `timeout` seconds at most.
        """
        return self.call(request_of(body, fields, files, headers, method, wait=wait, timeout=timeout))

    async def asend(
        self,
        body: Any = None,
        *,
        fields: Mapping[str, str] | None = None,
        files: Sequence[str | Path] = (),
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        wait: bool = False,
        timeout: float = 30.0,  # noqa: ASYNC109 - the hub's, not ours
    ) -> Answer:
        """The same for a coroutine: `answer = await hook.asend({"name": "Ada"})`."""
        request = request_of(body, fields, files, headers, method, wait=wait, timeout=timeout)
        return await self._notebook.door.run(send(self._notebook.hub_url, self.uuid, request))

    def call(self, request: Request) -> Answer:
        """Send a prepared request."""
        return self._notebook.run_sync(send(self._notebook.hub_url, self.uuid, request))

    def logs(self, limit: int = 20) -> Events:
        """What it has received, newest first, and what was refused."""
        entries = self._notebook.run_sync(self._entries(limit))
        refused = self._notebook.run_sync(self._notebook.hub.webhook_logs(self.uuid, refused=True))
        return Events(entries, cast(list[RefusedRow], refused))

    async def _entries(self, limit: int) -> list[EventRow]:
        """Read pages until there are `limit` rows: the hub answers with fewer at a time if bodies are large."""
        logs, entries = self._notebook.hub.webhook_logs, list[EventRow]()
        page = await logs(self.uuid, limit=limit)
        while page:
            entries += cast(list[EventRow], page)
            left = limit - len(entries)
            page = await logs(self.uuid, limit=left, before=entries[-1]["id"]) if left > 0 else []
        return entries

    def rotate(self, overlap: float = OVERLAP) -> Webhook:
        """Give it a new uuid, when others have seen the old one. The old one works for `overlap` more seconds. Returns the
        webhook with its new uuid."""
        return Webhook(
            self._notebook.run_sync(self._notebook.hub.rotate_webhook(self.uuid, overlap=overlap)), self._notebook
        )

    def handshake(self, *, show: bool = False) -> HandshakeState:
        """The newest handshake. The verify token and the sender's secret are masked unless `show`: outputs are saved."""
        state = self._notebook.run_sync(self._notebook.hub.get_handshake(self.uuid))
        if show:
            return state
        return {**state, "verifyToken": MASK, "secret": state["secret"] and MASK}

    def delete(self) -> None:
        """Delete the webhook. Callers of its URL still get the same answer, but it fires no events."""
        self.fields = self._notebook.run_sync(self._notebook.hub.delete_webhook(self.uuid))

    def __repr__(self) -> str:
        return f"Webhook({self.event_key!r}, {masked_uuid(self.uuid)})"

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import webhook_bundle

        return webhook_bundle(self.fields)


class Webhooks(Rows[Webhook]):
    """Several webhooks, shown as a table."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import webhooks_bundle

        return webhooks_bundle([webhook.fields for webhook in self])


def put(
    notebook: Notebook, fields: Mapping[str, Any], *, new: bool = False, defaults: Mapping[str, Any] | None = None
) -> Webhook:
    """Update this owner's active webhook of the same event key (so a cell can run again), or the one of the `uuid` in `fields`.
    Create one if there is none, or if `new`, with `defaults` for missing fields. ParameterError if several are active."""
    return Webhook(notebook.run_sync(_put(notebook, fields, defaults or {}, new=new)), notebook)


async def _put(notebook: Notebook, fields: Mapping[str, Any], defaults: Mapping[str, Any], *, new: bool) -> WebhookRow:
    given = dict(fields)
    if not new and "uuid" not in given and "eventKey" in given:
        present = await notebook.hub.get_webhooks(event_key=given["eventKey"])
        active = [webhook for webhook in present if _is_current(webhook)]
        if len(active) > 1:
            raise ParameterError(
                f"there are {len(active)} active webhooks of {given['eventKey']} ({_tails(active)}): say which with uuid=, "
                "or new=true for another"
            )
        if active:
            given["uuid"] = active[0]["uuid"]
    return await notebook.hub.put_webhook(given if "uuid" in given else {**defaults, **given})


def find(notebook: Notebook, *, uuid: str | None = None, event_key: str | None = None) -> Webhook:
    """The webhook of this uuid, of the end of a uuid as displays show it (`…6936bd`), or of this event key.

    NotFoundError if there is none, ParameterError if there are several.
    """
    present = notebook.run_sync(notebook.hub.get_webhooks(event_key=event_key))
    given = (uuid or "").strip().lower().lstrip("…")
    found = [one for one in present if given in (one["uuid"], tail(one["uuid"]))]
    if uuid is None:
        found = [one for one in present if _is_current(one)] or present
    named = f"uuid {masked_uuid(given)}" if uuid is not None else f"event key {event_key}"
    if not found:
        known = f"it is one of {_tails(present)}" if present else "%webhook get lists yours, %webhook put creates one"
        raise NotFoundError(f"you have no webhook of {named}: {known}")
    if len(found) > 1:
        raise ParameterError(f"you have several webhooks of {named} ({_tails(found)}): say which with uuid=")
    return Webhook(found[0], notebook)


def listed(notebook: Notebook, event_key: str | None = None) -> Webhooks:
    """All webhooks of this owner, or those of one event key."""
    present = notebook.run_sync(notebook.hub.get_webhooks(event_key=event_key))
    return Webhooks(Webhook(fields, notebook) for fields in present)


def _is_current(webhook: WebhookRow) -> bool:
    """Whether it is active and not the old uuid of a rotated webhook."""
    return webhook["active"] and webhook["expires"] is None


def _tails(webhooks: Iterable[WebhookRow]) -> str:
    return ", ".join(f"{webhook['eventKey']} {masked_uuid(webhook['uuid'])}" for webhook in list(webhooks)[:10])
