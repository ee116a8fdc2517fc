"""Files attached to properties."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.inputs import chosen
from pfnb.commands.property import Path
from pfnb.exceptions import NotFoundError
from pfnb.language.content import genuine_id, genuine_ids
from pfnb.language.context import Context
from pfnb.language.extent import check_written
from pfnb.language.parameters import UNSET
from pfnb.rows.content import AttachmentRow

Name = Annotated[str, Field(description="The attachment's name.", min_length=1)]


@command("property.attachment.put", in_hub=True)
async def put_attachment(
    body: Any,
    context: Context,
    path: Path,
    name: Annotated[str | None, Field(description="The attachment's name. Default: the file's.")] = None,
    content: Annotated[Any, Field(description="A file, or a text. Default: the body.")] = UNSET,
    content_type: Annotated[str | None, Field(description="Its mime type. Default: the file's.")] = None,
) -> None:
    """Attach a file to a property, replacing an attachment of the same name; several files keep their own names. The body stays
    as it is.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/applicant, value: Ada}
          - property.attachment.put: {path: global/app/demo/applicant, name: cv.txt, content: "My life"}
          - property.attachment.list: {path: global/app/demo/applicant}
          - body.set: "#{body[0].name}: #{body[0].contentLength} bytes"
        # => "cv.txt: 7 bytes"
    """
    given = chosen(content, body)
    files = given.get("children") if isinstance(given, dict) and name is None else None
    if files and await genuine_ids(files, context.hub):
        for file in files:
            await context.hub.put_attachment(path, str(file.get("name") or ""), file, content_type=content_type)
        return
    if await genuine_id(given, context.hub) is None:
        check_written(given)
        text = "" if given is None else given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        kind = content_type or ("text/plain; charset=utf-8" if isinstance(given, str) else "application/json")
        given = await context.hub.put_content(text.encode("utf-8", "replace"), name=name or "", content_type=kind)
    name = name or str(given.get("name") or "")
    await context.hub.put_attachment(path, name, given, content_type=content_type)


@command("property.attachment.list", read_only=True, in_hub=True)
async def list_attachments(context: Context, path: Path) -> list[AttachmentRow]:
    """List a property's attachments as content references, by name.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/applicant, value: Ada}
          - property.attachment.list: {path: global/app/demo/applicant}
        # => []
    """
    return await context.hub.list_attachments(path)


@command("property.attachment.get", read_only=True, in_hub=True)
async def get_attachment(context: Context, path: Path, name: Name) -> dict[str, Any]:
    """Get an attachment's attributes: name, type, length, checksum, times.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/applicant, value: Ada}
          - property.attachment.put: {path: global/app/demo/applicant, name: cv.txt, content: "My life"}
          - property.attachment.get: {path: global/app/demo/applicant, name: cv.txt}
          - body.set: "#{body.contentType}"
        # => "text/plain; charset=utf-8"
    """
    found = await _attachment(context, path, name)
    return {key: value for key, value in found.items() if key != "content"}


@command("property.attachment.content", read_only=True, in_hub=True)
async def get_attachment_content(context: Context, path: Path, name: Name) -> AttachmentRow:
    """Get an attachment's file: a content reference, and over HTTP its bytes.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/applicant, value: Ada}
          - property.attachment.put: {path: global/app/demo/applicant, name: cv.txt, content: "My life"}
          - property.attachment.content: {path: global/app/demo/applicant, name: cv.txt}
          - body.set: "#{body.name}"
        # => "cv.txt"
    """
    return await _attachment(context, path, name)


@command("property.attachment.delete", in_hub=True)
async def delete_attachment(context: Context, path: Path, name: Name) -> None:
    """Delete an attachment. The body stays as it is.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/applicant, value: Ada}
          - property.attachment.put: {path: global/app/demo/applicant, name: cv.txt, content: "My life"}
          - property.attachment.delete: {path: global/app/demo/applicant, name: cv.txt}
          - property.attachment.list: {path: global/app/demo/applicant}
        # => []
    """
    await context.hub.delete_attachment(path, name)


async def _attachment(context: Context, path: str, name: str) -> AttachmentRow:
    for found in await context.hub.list_attachments(path):
        if found["name"] == name:
            return found
    raise NotFoundError(f"the property {path} has no attachment {name}")
