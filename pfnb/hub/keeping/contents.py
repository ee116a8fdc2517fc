"""The bytes behind content references: bodies and files of events, attachments of properties, uploads for as long as their run
lasts, and, for a while, files that pipelines create."""

from __future__ import annotations

import asyncio
import uuid as uuids
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from pfnb.exceptions import NotFoundError
from pfnb.hub.keeping.shelf import Shelf
from pfnb.hub.receiving.request import Body, FilePart, Received
from pfnb.hub.stores.bodies import discard_body, read_slice
from pfnb.hub.stores.store import Store

MAX_MADE = 10_000
MAX_MADE_SIZE = 64 * 1024 * 1024
MADE_SECONDS = 3600.0
"""Limits for files created by an owner's pipelines: count, bytes, and how long they are kept."""

Slices = Callable[[int, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Content:
    """`size` bytes, which begin at `begin` of what `slices` reads by offset and size."""

    size: int
    begin: int
    slices: Slices

    async def read(self, offset: int = 0, size: int | None = None) -> bytes:
        """At most `size` bytes from `offset` on. NotFoundError if they were removed meanwhile."""
        left = max(0, self.size - offset)
        return await self.slices(self.begin + offset, left if size is None else min(size, left))


class Contents:
    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._uploads: dict[str, tuple[str, Received]] = {}
        self._made: dict[str, Shelf] = {}

    def put(self, owner: str, data: bytes) -> str:
        """Keep what a pipeline of this owner created; returns the content's id. It is readable for an hour, or until newer ones
        need the space. PayloadTooLargeError if it exceeds all of that space."""
        if owner not in self._made:
            self._made[owner] = Shelf(entries=MAX_MADE, size=MAX_MADE_SIZE, now=self._now)
        content_id = uuids.uuid4().hex
        self._made[owner].put(content_id, data, MADE_SECONDS)
        return content_id

    def hold(self, owner: str, upload: Received) -> str:
        """Make an upload readable for its sender; returns the content's id. `release` ends that."""
        content_id = uuids.uuid4().hex
        self._uploads[content_id] = owner, upload
        return content_id

    async def release(self, content_id: str) -> None:
        held = self._uploads.pop(content_id, None)
        if held is not None:
            await discard_body(held[1].body)

    def forget(self, owner: str) -> None:
        """Delete what pipelines of this owner created."""
        self._made.pop(owner, None)

    async def read(self, content_id: str, owner: str, offset: int = 0, size: int | None = None) -> bytes:
        """The bytes of a content, at most `size` of them from `offset` on. See `open`."""
        return await (await self.open(content_id, owner)).read(offset, size)

    async def open(self, content_id: str, owner: str) -> Content:
        """A content, to be read piece by piece: `<id>` is a whole body, `<id>.<n>` its n-th file, from 0. NotFoundError also if
        it belongs to somebody else."""
        name, _, number = content_id.partition(".")
        holder, upload = self._uploads.get(name, (None, None))
        if upload is not None and holder == owner:
            part = _part(upload.files, number, content_id)
            return _content(part, upload.body.size, partial(_slice_of, upload.body))
        made = self._made[owner].get(name) if owner in self._made else None
        if made is not None:
            return _content(_part((), number, content_id), len(made.data), partial(_slice, made.data))
        attachment = await self._store.properties.attachment(name)
        if attachment is not None and attachment.owner == owner:
            slices = partial(self._store.properties.attachment_slice, name)
            return _content(_part((), number, content_id), attachment.size, slices)
        return await self._open_event(content_id, owner)

    async def read_event(self, content_id: str, owner: str, offset: int = 0, size: int | None = None) -> bytes:
        """The same as `read` for the contents of an event."""
        return await (await self._open_event(content_id, owner)).read(offset, size)

    async def _open_event(self, content_id: str, owner: str) -> Content:
        name, _, number = content_id.partition(".")
        event = await self._store.events.get(name)
        if event is None or event.owner != owner:
            raise NotFoundError(f"there is no content {content_id}: it was removed, or never existed")
        slices = partial(self._store.events.body_slice, name)
        return _content(_part(event.files, number, content_id), event.size, slices)


def _part(files: tuple[FilePart, ...], number: str, content_id: str) -> FilePart | None:
    if not number:
        return None
    if not number.isdecimal() or int(number) >= len(files):
        raise NotFoundError(f"there is no content {content_id}: its event has {len(files)} files")
    return files[int(number)]


def _content(part: FilePart | None, whole: int, slices: Slices) -> Content:
    return Content(whole, 0, slices) if part is None else Content(part.size, part.offset, slices)


async def _slice_of(body: Body, offset: int, size: int) -> bytes:
    return await asyncio.to_thread(read_slice, body, offset, size)


async def _slice(data: bytes, offset: int, size: int) -> bytes:
    return data[offset : offset + size]
