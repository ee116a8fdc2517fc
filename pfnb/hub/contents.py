"""The bytes behind content references: bodies and files of events, and of uploads for as long as their run lasts."""

from __future__ import annotations

import asyncio
import uuid as uuids

from pfnb.exceptions import NotFoundError
from pfnb.hub.request import Body, FilePart, Received
from pfnb.hub.stores.bodies import discard_body, read_body, read_slice
from pfnb.hub.stores.store import Store


class Contents:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._uploads: dict[str, Received] = {}

    def hold(self, upload: Received) -> str:
        """Make an upload readable; the id of its content. `release` ends that."""
        content_id = uuids.uuid4().hex
        self._uploads[content_id] = upload
        return content_id

    async def release(self, content_id: str) -> None:
        upload = self._uploads.pop(content_id, None)
        if upload is not None:
            await discard_body(upload.body)

    async def read(self, content_id: str) -> bytes:
        """The bytes of `$uri:attachment:<content_id>`: `<id>` is a whole body, `<id>.<n>` its n-th file, from 0."""
        owner, _, number = content_id.partition(".")
        upload = self._uploads.get(owner)
        if upload is not None:
            return await asyncio.to_thread(_read_upload, upload.body, _part(upload.files, number, content_id))
        event = await self._store.event(owner)
        if event is None:
            raise NotFoundError(f"there is no content {content_id}: it was removed, or never was")
        part = _part(event.files, number, content_id)
        if part is None:
            return await self._store.body(owner)
        return await self._store.body_slice(owner, part.offset, part.size)


def _part(files: tuple[FilePart, ...], number: str, content_id: str) -> FilePart | None:
    if not number:
        return None
    if not number.isdecimal() or int(number) >= len(files):
        raise NotFoundError(f"there is no content {content_id}: its event has {len(files)} files")
    return files[int(number)]


def _read_upload(body: Body, part: FilePart | None) -> bytes:
    return read_body(body) if part is None else read_slice(body, part.offset, part.size)
