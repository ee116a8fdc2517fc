"""One event that is open in an inspector: its body is read once and kept parsed, ready to unfold."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any

from pfnb.display.hexdump import hexdump
from pfnb.display.payload import PARSED, Payload, read_payload
from pfnb.display.visible import visible
from pfnb.exceptions import NotFoundError
from pfnb.http.protocol import KernelPort
from pfnb.kernel.widgets import branches
from pfnb.kernel.widgets.branches import Tree
from pfnb.kernel.widgets.facts import event_facts
from pfnb.kernel.widgets.previews import Preview, preview
from pfnb.language.masking import Mask
from pfnb.rows.event import ReadEvent

BODY = -1
"""The index of the body, in the place of a file's index."""
CHUNK = 1024 * 1024
"""Bytes of one part of a download: Jupyter's WebSockets limit the size of messages."""
_BYTES = 512


@dataclass
class OpenedEvent:
    """`trees` holds what can be unfolded, by file index: JSON files, and the payload under `BODY`."""

    hub: KernelPort
    entry: ReadEvent
    mask: Mask
    trees: dict[int, Tree] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """What the detail view shows. Call it in a thread: a long payload takes time."""
        payload = read_payload(self.entry)
        return {**event_facts(self.entry, self.mask), "payload": self._payload(payload)}

    async def preview(self, file: int) -> tuple[dict[str, Any], list[bytes]]:
        """The preview of a file. PreviewError if there is none."""
        name, content_type, size = self._about(file)

        async def read(offset: int, size: int) -> bytes:
            return await self.hub.read_event_content(self._content_id(file), offset=offset, size=size)

        found: Preview = await preview(read, size, name, content_type, self.mask)
        if found.tree is not None:
            self.trees[file] = found.tree
            return {**found.shown, **branches.top(found.tree)}, []
        return dict(found.shown), [found.picture] if found.picture else []

    async def part(self, file: int, offset: int) -> tuple[dict[str, Any], list[bytes]]:
        """A part of a file or of the body, and the size of the whole."""
        _, _, size = self._about(file)
        data = await self.hub.read_event_content(self._content_id(file), offset=offset, size=CHUNK) if size else b""
        return {"size": size}, [data]

    def tree(self, file: int) -> Tree:
        """The tree of a file or of the body. NotFoundError if it was not read as JSON."""
        if file not in self.trees:
            raise NotFoundError("this file was not read as JSON")
        return self.trees[file]

    def _payload(self, payload: Payload) -> dict[str, Any]:
        root, hint = _reach(self.entry, payload)
        shown: dict[str, Any] = {
            "kind": payload.kind,
            "note": payload.note or "",
            "hint": hint,
            "hasBody": self.entry["contentLength"] > 0,
        }
        if payload.kind == "nothing":
            return shown
        if payload.kind == "binary":
            return {**shown, "text": hexdump(self.mask.bytes(payload.value[:_BYTES]))}
        self.trees[BODY] = tree = Tree(payload.value, self.mask, root)
        if payload.kind == "text":
            return {**shown, "text": visible(self.mask.head(payload.value, branches.LONGEST_TEXT))}
        return {**shown, **branches.top(tree)}

    def _content_id(self, file: int) -> str:
        return self.entry["id"] if file == BODY else f"{self.entry['id']}.{file}"

    def _about(self, file: int) -> tuple[str, str, int]:
        """Name, content type and size of a file or of the body."""
        if file == BODY:
            return "body", self.entry["contentType"], self.entry["contentLength"]
        if not 0 <= file < len(self.entry["files"]):
            raise NotFoundError(f"this event has no file {file}")
        about = self.entry["files"][file]
        return about["filename"], about["contentType"], about["size"]


async def open_event(hub: KernelPort, event_id: str) -> tuple[OpenedEvent, dict[str, Any]]:
    """An event, and what the detail view shows of it. NotFoundError once retention has removed it."""
    entry = await hub.read_event(event_id, body=False)
    if 0 < entry["contentLength"] <= PARSED and not entry["fields"] and not entry["files"]:
        entry["body"] = base64.b64encode(await hub.read_event_content(event_id)).decode()
    opened = OpenedEvent(hub, entry, Mask.for_entries([entry]))
    return opened, await asyncio.to_thread(opened.facts)


def _reach(entry: ReadEvent, payload: Payload) -> tuple[str | None, str]:
    """The expression of what is shown, and an empty text; or None, and why a pipeline cannot read its fields."""
    seen = entry["event"]["payload"]
    if entry["files"] or entry["contentType"].lower().startswith("multipart/"):
        return ("body.payload.fields", "") if seen is not None else (None, _IGNORED)
    if seen is None and payload.value is not None:
        return None, _IGNORED
    if isinstance(seen, dict) and set(seen) == {"origin", "contentType", "contentLength"}:
        return None, _BASE64
    if isinstance(seen, dict) and str(seen.get("content")).startswith("$uri:attachment:"):
        return None, _REFERENCE
    return "body.payload", ""


_IGNORED = "Pipelines do not get this payload: the webhook says payloadType=ignore."
_BASE64 = (
    "Pipelines get this payload as base64. To read its fields as #{body.payload.…}, set payloadType=raw on the webhook."
)
_REFERENCE = "Pipelines get a reference to this payload, not its fields."
