"""Files in the drive of a user, which the hub keeps."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import ParameterError
from pfnb.language.command import NULL
from pfnb.language.content import genuine_id, genuine_ids, without_codes
from pfnb.language.context import Context
from pfnb.language.extent import check_written
from pfnb.language.pel.values import kind
from pfnb.rows.content import ContentReference
from pfnb.rows.drive import ContentCollection, DriveEntry

Path = Annotated[str, Field(description="The path in the drive, such as `folder/file.txt`.", min_length=1)]
To = Annotated[str, Field(description="The folder that it comes into. It is created if it is missing.", min_length=1)]


@command("drive.read", in_hub=True, shorthand="path")
async def read(
    body: Any,
    context: Context,
    path: Annotated[
        str, Field(description="The path of a file, or of a folder, whose files are all read.", min_length=1)
    ],
    append: Annotated[bool, Field(description="Whether to add to the file or collection in the body.")] = False,
) -> ContentReference | ContentCollection:
    """Read a file from the drive: the body becomes its content reference, or for a folder a collection of them.

    A file has at most as many bytes as a request to the hub, a folder 32 MiB in 1,000 files. What was read stays the same for an
    hour, whatever becomes of the file.

    Example:
        body: Hello
        pipeline:
          - drive.save: {path: letters/hello.txt}
          - drive.read: {path: letters/hello.txt}
          - body.set: "#{body.name} #{body.contentLength}"
        # => "hello.txt 5"
    """
    before = await _collected(body, context) if append else []
    found = await context.hub.read_files(path)
    if not append:
        return found
    return {"path": "/", "children": [*before, *_files_in(found)]}


@command("drive.save", in_hub=True)
async def save(
    body: Any,
    context: Context,
    path: Annotated[
        str | None,
        Field(description="The path of the file, or of the folder for a collection. Default: the file's name."),
    ] = None,
    cleanup_body: Annotated[bool, Field(description="Whether the body becomes null.")] = False,
    naming_strategy: Annotated[str | None, Field(description="Must be empty: names stay as they are.")] = None,
) -> Any:
    """Save the body in the drive: a file, a collection of files, a text, or any other value as JSON. The body stays as it is.

    Missing folders are created. A file that is there is replaced, once the new one is complete. Of a collection, files are saved
    one after the other, so that an error leaves those before it.

    Example:
        body: {name: Ada}
        pipeline:
          - drive.save: {path: people/ada.json}
          - drive.exists: {path: people/ada.json}
        # => true
    """
    if naming_strategy:
        raise ParameterError(
            "drive.save knows no naming strategies: compute the name in path, and leave out namingStrategy"
        )
    given: Any = body.get("children") if isinstance(body, dict) else body
    if await genuine_id(body, context.hub) is not None:
        await context.hub.save_file(path or _name(body), body)
    elif isinstance(body, dict) and given == [] and body.keys() <= {"path", "children"}:
        pass  # an empty collection
    elif await genuine_ids(given, context.hub):
        for child in given:
            await context.hub.save_file(f"{path or ''}/{_name(child)}", child)
    else:
        await context.hub.write_file(_given(path), _bytes(body))
    return NULL if cleanup_body else None


@command("drive.list", read_only=True, in_hub=True, shorthand="path")
async def list_files(
    context: Context,
    path: Annotated[str, Field(description="The folder. Default: the whole drive.")] = "/",
    recursive: Annotated[bool, Field(description="Whether to list the folders in it, too.")] = False,
    include: Annotated[
        str | None, Field(description="A pattern such as `*.pdf` for names, or with a `/` for paths. Default: all.")
    ] = None,
    type: Annotated[  # noqa: A002
        Literal["file", "folder"] | None, Field(description="Only files, or only folders. Default: both.")
    ] = None,
) -> list[DriveEntry]:
    """List a folder of the drive, by path.

    Example:
        body: Hello
        pipeline:
          - drive.save: {path: letters/hello.txt}
          - drive.list: {path: letters}
          - body.set: "#{body.![path]}"
        # => ["letters/hello.txt"]
    """
    return await context.hub.list_files(path, recursive=recursive, include=include or None, kind=type)


@command("drive.exists", read_only=True, in_hub=True, shorthand="path")
async def exists(context: Context, path: Path) -> bool:
    """Whether the drive has a file or folder.

    Example:
        pipeline:
          - drive.exists: {path: letters/hello.txt}
        # => false
    """
    return await context.hub.has_file(path)


@command("drive.copy", in_hub=True)
async def copy(context: Context, path: Path, to: To) -> None:
    """Copy a file or folder of the drive into another folder. Files that are there are replaced. The body stays as it is.

    Example:
        body: Hello
        pipeline:
          - drive.save: {path: hello.txt}
          - drive.copy: {path: hello.txt, to: letters}
          - drive.list: {recursive: true, type: file}
          - body.set: "#{body.![path]}"
        # => ["hello.txt", "letters/hello.txt"]
    """
    await context.hub.copy_file(path, to)


@command("drive.move", in_hub=True)
async def move(context: Context, path: Path, to: To) -> None:
    """Move a file or folder of the drive into another folder, which must have none of that name. The body stays as it is.

    Example:
        body: Hello
        pipeline:
          - drive.save: {path: hello.txt}
          - drive.move: {path: hello.txt, to: letters}
          - drive.list: {recursive: true, type: file}
          - body.set: "#{body.![path]}"
        # => ["letters/hello.txt"]
    """
    await context.hub.move_file(path, to)


@command("drive.delete", in_hub=True, shorthand="path")
async def delete(context: Context, path: Path) -> None:
    """Delete a file of the drive, or a folder with all that is in it, if it is there. The body stays as it is.

    Example:
        body: Hello
        pipeline:
          - drive.save: {path: letters/hello.txt}
          - drive.delete: {path: letters}
          - drive.list:
        # => []
    """
    await context.hub.delete_file(path)


@command("drive.mkdir", in_hub=True, shorthand="path")
async def mkdir(
    context: Context,
    path: Path,
    recurse: Annotated[bool, Field(description="Whether to create the folders around it, too.")] = False,
) -> None:
    """Create a folder in the drive, unless it is there. The body stays as it is.

    Example:
        pipeline:
          - drive.mkdir: {path: letters/old, recurse: true}
          - drive.list: {path: letters}
          - body.set: "#{body.![path + ' ' + type]}"
        # => ["letters/old folder"]
    """
    await context.hub.make_folder(path, recurse=recurse)


def _files_in(found: ContentReference | ContentCollection) -> list[ContentReference]:
    given: Any = found
    files: list[ContentReference] = given.get("children", [given])
    return files


async def _collected(body: Any, context: Context) -> list[Any]:
    """The files of the body. Raises ParameterError if it has anything else."""
    if body is None:
        return []
    if await genuine_id(body, context.hub) is not None:
        return [body]
    children = body.get("children") if isinstance(body, dict) else None
    if children == [] or await genuine_ids(children, context.hub):
        return list(children or [])
    raise ParameterError(f"drive.read: append needs a file or a collection of files in the body, not {kind(body)}")


def _name(reference: dict[str, Any]) -> str:
    return _given(without_codes(str(reference.get("name") or "")))


def _given(path: str | None) -> str:
    if not path:
        raise ParameterError("drive.save needs a path: what is saved has no name of its own")
    return path


def _bytes(value: Any) -> bytes:
    """A text as it is, anything else as JSON. A code that makes a reference genuine is not kept: others may read the drive."""
    if value is None:
        raise ParameterError("drive.save: there is nothing in the body to save")
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return without_codes(value).encode("utf-8", "surrogatepass")
    check_written(value)
    return without_codes(json.dumps(value, ensure_ascii=False)).encode("utf-8", "backslashreplace")
