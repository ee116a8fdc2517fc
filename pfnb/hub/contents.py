"""The bytes behind content references: bodies and files of events, attachments of properties, uploads for as long as their run
lasts, and files that pipelines make, for a while."""

from __future__ import annotations

import asyncio
import uuid as uuids
from collections.abc import Callable, Collection

from pfnb.exceptions import NotFoundError
from pfnb.hub.request import FilePart, Received
from pfnb.hub.shelf import Shelf
from pfnb.hub.stores.bodies import discard_body, read_slice
from pfnb.hub.stores.store import Store

MAX_MADE = 10_000
MAX_MADE_SIZE = 64 * 1024 * 1024
MADE_SECONDS = 3600.0
"""How many files made by an owner's pipelines are kept, how many bytes, and how long."""


class Contents:
    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._uploads: dict[str, Received] = {}
        self._made: dict[str, Shelf] = {}

    def put(self, owner: str, data: bytes) -> str:
        """Keep what a pipeline of this owner made; the id of its content. It is readable for an hour, or until newer ones
        need its room. PayloadTooLargeError if it is larger than all of that."""
        if owner not in self._made:
            self._made[owner] = Shelf(entries=MAX_MADE, size=MAX_MADE_SIZE, now=self._now)
        content_id = uuids.uuid4().hex
        self._made[owner].put(content_id, data, MADE_SECONDS)
        return content_id

    def hold(self, upload: Received) -> str:
        """Make an upload readable; the id of its content. `release` ends that."""
        content_id = uuids.uuid4().hex
        self._uploads[content_id] = upload
        return content_id

    async def release(self, content_id: str) -> None:
        upload = self._uploads.pop(content_id, None)
        if upload is not None:
            await discard_body(upload.body)

    async def read(
        self, content_id: str, owner: str, offset: int = 0, size: int | None = None, *, behind: Collection[str] = ()
    ) -> bytes:
        """The bytes of `$uri:attachment:<content_id>`: `<id>` is a whole body, `<id>.<n>` its n-th file, from 0. Of these at most
        `size`, from `offset` on. NotFoundError also when they belong neither to this owner nor to those behind them."""
        owners = (owner, *behind)
        name, _, number = content_id.partition(".")
        upload = self._uploads.get(name)
        if upload is not None:
            start, length = _slice(_part(upload.files, number, content_id), upload.body.size, offset, size)
            return await asyncio.to_thread(read_slice, upload.body, start, length)
        shelves = (self._made[owner] for owner in owners if owner in self._made)
        made = next((kept for shelf in shelves if (kept := shelf.get(name)) is not None), None)
        if made is not None:
            start, length = _slice(_part((), number, content_id), len(made.data), offset, size)
            return made.data[start : start + length]
        attachment = await self._store.attachment(name)
        if attachment is not None and attachment.owner in owners:
            start, length = _slice(_part((), number, content_id), attachment.size, offset, size)
            return await self._store.attachment_slice(name, start, length)
        event = await self._store.event(name)
        if event is None or event.owner not in owners:
            raise NotFoundError(f"there is no content {content_id}: it was removed, or never was")
        start, length = _slice(_part(event.files, number, content_id), event.size, offset, size)
        return await self._store.body_slice(name, start, length)


def _part(files: tuple[FilePart, ...], number: str, content_id: str) -> FilePart | None:
    if not number:
        return None
    if not number.isdecimal() or int(number) >= len(files):
        raise NotFoundError(f"there is no content {content_id}: its event has {len(files)} files")
    return files[int(number)]


def _slice(part: FilePart | None, whole: int, offset: int, size: int | None) -> tuple[int, int]:
    """Where in a body the bytes asked for begin, and how many there are."""
    begin, length = (0, whole) if part is None else (part.offset, part.size)
    left = max(0, length - offset)
    return begin + offset, left if size is None else min(size, left)
