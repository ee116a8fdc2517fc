"""Files attached to properties: bytes too large for a value, kept like bodies of events."""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid as uuids
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.hub.keeping.contents import Contents
from pfnb.hub.keeping.properties import Properties
from pfnb.hub.receiving.body import BodySink
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.property import Attachment
from pfnb.hub.stores.bodies import discard_body
from pfnb.hub.stores.changes import PropertyChange
from pfnb.hub.stores.store import Store
from pfnb.language.media_types import OCTETS

MAX_NAME = 255
CHUNK = 1024 * 1024
_REFUSED = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff]")


class Attachments:
    """Bytes of `memory` or more go to a file in `folder`. The owner of a property owns its attachments."""

    def __init__(
        self,
        store: Store,
        properties: Properties,
        contents: Contents,
        now: Callable[[], int],
        *,
        memory: int,
        folder: Path,
    ) -> None:
        self._store = store
        self._properties = properties
        self._contents = contents
        self._now = now
        self._memory = memory
        self._folder = folder

    async def list(self, path: str, owner: str) -> list[Attachment]:
        """NotFoundError if there is no such property."""
        return await self._store.properties.attachments((await self._properties.get(path, owner)).uuid)

    async def put(
        self,
        path: str,
        name: str,
        content_id: str,
        content_type: str | None,
        owner: str,
        *,
        content_owner: str | None = None,
        roles: Collection[str] = (),
    ) -> Attachment:
        """Attach a copy of a content that this owner or `content_owner` may read; it replaces an attachment of the same name.
        NotFoundError when there is no such property or content; LockedError if this user, who has these roles, may not change
        the property."""
        if not 0 < len(name) <= MAX_NAME or _REFUSED.search(name):
            raise ParameterError(f"an attachment's name must have 1 to {MAX_NAME} characters, without / and \\")
        await self._properties.get(path, owner)
        body, digest = await self._copied(content_id, content_owner or owner)
        try:
            async with self._properties.turn:
                found = await self._properties.get(path, owner)
                self._properties.check_unlocked(found, roles)
                mine = found.uuid
                before = next((one for one in await self._store.properties.attachments(mine) if one.name == name), None)
                now = self._now()
                kind = content_type or (before.content_type if before is not None else OCTETS)
                made = Attachment(uuids.uuid4().hex, mine, owner, name, kind, body.size, digest, now)
                if before is not None:
                    made = replace(made, created=before.created, updated=now)
                detached = [before.id] if before is not None else []
                await self._store.properties.change(PropertyChange(attached=[(made, body)], detached=detached), [])
        except BaseException:
            await discard_body(body)
            raise
        return made

    async def delete(self, path: str, name: str, owner: str, roles: Collection[str] = ()) -> None:
        """NotFoundError if there is none of that name; LockedError."""
        async with self._properties.turn:
            self._properties.check_unlocked(await self._properties.get(path, owner), roles)
            found = next((one for one in await self.list(path, owner) if one.name == name), None)
            if found is None:
                raise NotFoundError(f"the property {path} has no attachment {name}")
            await self._store.properties.change(PropertyChange(detached=[found.id]), [])

    async def _copied(self, content_id: str, owner: str) -> tuple[Body, str]:
        """The content's bytes as a body of their own, and their SHA-256. At most one chunk is in memory."""
        sink, digest, offset = BodySink(self._memory, self._folder), hashlib.sha256(), 0
        try:
            while chunk := await self._contents.read(content_id, owner, offset, CHUNK):
                await asyncio.to_thread(_take, chunk, sink, digest)
                offset += len(chunk)
            return await asyncio.to_thread(sink.finish), digest.hexdigest()
        except BaseException:
            sink.discard()
            raise


def _take(chunk: bytes, sink: BodySink, digest: hashlib._Hash) -> None:
    sink.write(chunk)
    digest.update(chunk)
