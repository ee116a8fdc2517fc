"""Packing files into zip archives, and unpacking them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from functools import partial
from mimetypes import guess_type
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.formats.zip import MAX_FILES, MAX_SIZE, pack, unpack
from pfnb.exceptions import ParameterError, PayloadTooLargeError
from pfnb.language.content import genuine_id, genuine_ids
from pfnb.language.context import Context
from pfnb.language.media_types import OCTETS
from pfnb.language.offload import threaded
from pfnb.language.pel.values import kind
from pfnb.rows.content import ContentReference
from pfnb.workshop.pool import call_if_large


@command("zip", anonymous=True)
async def zip_files(
    body: Any,
    context: Context,
    name: Annotated[str | None, Field(description="The archive's name. Default: made from the file's name.")] = None,
    level: Annotated[int | None, Field(description="How hard to compress.", ge=0, le=9)] = None,
) -> ContentReference:
    """Pack the body, which is a file, a collection of files, a list of files, or a text, into a zip archive.

    Example:
        body: some text
        pipeline:
          - zip: {name: text.zip}
          - body.set: "#{body.name} #{body.contentType}"
        # => "text.zip application/zip"
    """
    files = [file async for file in _files(body, context)]
    archive = await threaded(partial(pack, files, level))
    name = name or f"{files[0][0] if len(files) == 1 else uuid.uuid4().hex}.zip"
    return await context.hub.put_content(archive, name=name, content_type="application/zip")


@command("unzip", anonymous=True)
async def unzip(body: Any, context: Context) -> dict[str, Any]:
    """Take the files out of a zip archive: a collection with a content reference for each.

    Archives are refused if they unpack to more than 32 MiB or 1,000 files, are compressed suspiciously well, or contain links
    or names that lead out of the archive.

    Example:
        body: some text
        pipeline:
          - zip: {name: text.zip}
          - unzip:
          - body.set: "#{body.children.![name]}"
        # => ["text.txt"]
    """
    content_id = await genuine_id(body, context.hub)
    if content_id is None:
        raise ParameterError(f"unzip needs a file in the body, not {kind(body)}")
    archive = await context.hub.read_content(content_id)
    files = await threaded(partial(call_if_large, len(archive), unpack, archive))
    children = [
        await context.hub.put_content(data, name=name, content_type=guess_type(name)[0] or OCTETS)
        for name, data in files
    ]
    return {"path": "/", "children": children}


async def _files(body: Any, context: Context) -> AsyncIterator[tuple[str, bytes]]:
    if isinstance(body, str):
        yield "text.txt", body.encode()
        return
    is_collection = isinstance(body, dict) and isinstance(body.get("children"), list)
    references = body["children"] if is_collection else body if isinstance(body, list) else [body]
    ids = await genuine_ids(references, context.hub)
    if not ids:
        raise ParameterError(
            "zip needs files in the body: a content reference, a collection or a list of them, or a text"
        )
    if len(ids) > MAX_FILES:
        raise PayloadTooLargeError(f"zip: an archive may have at most {MAX_FILES:,} files, not {len(ids):,}")
    left = MAX_SIZE
    for content_id, reference in zip(ids, references, strict=True):
        data = await context.hub.read_content(content_id)
        left -= len(data)
        if left < 0:
            raise PayloadTooLargeError(f"zip: these files have more than {MAX_SIZE:,} bytes, the most for an archive")
        yield str(reference.get("name") or "file"), data
