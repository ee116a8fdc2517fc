"""`pi list`, `get`, `publish` and `delete`: the properties of a hub, and the files of a workspace."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError, ParameterError, PfnbError
from pfnb.pi.client import Client, GetClient
from pfnb.pi.names import write_below
from pfnb.pi.show import status_line
from pfnb.pi.workspace import PIPELINE, Resource, Workspace, bytes_of, create, short_path, twins
from pfnb.rows.property import PropertyRow


class PartlyError(PfnbError):
    """Some of the work failed; `rows` has the result of each."""

    def __init__(self, message: str, rows: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.rows = rows


def init(words: argparse.Namespace, _hub: GetClient) -> Any:
    """`pi init`: create a workspace in this folder, or in the one named."""
    workspace = create(Path(words.folder))
    return f"{workspace.root.resolve()} is a workspace: put files below {workspace.source.name}/global/app, then `pi publish`"


def list_(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi list`: path, type, size in characters, and the time of the last change in milliseconds."""
    return [
        {
            "path": short_path(found["path"]),
            "type": found["type"],
            "size": len(found["value"] or ""),
            "updated": found["updated"] or found["created"],
        }
        for found in _listed(hub(), words.pattern)
    ]


def publish(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi publish`: upload files that changed since the last upload to this hub. PartlyError, with reasons, if some failed;
    repeat the call to retry those."""
    workspace, client = Workspace.around(Path.cwd()), hub()
    patterns = words.patterns or [None]
    files = list(dict.fromkeys(file for pattern in patterns for file in workspace.files(pattern, Path.cwd())))
    done, rows = workspace.published(client.name), []
    try:
        for number, (file, resource) in enumerate(_resources(workspace, files), 1):
            _progress(number, len(files), file)
            rows.append(_publish(client, file, resource, done, force=words.force))
    finally:
        workspace.remember(client.name, done)
        _progress(0, 0, None)
    return _rows(rows, "published")


def get(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi get`: save properties as files. An existing file that differs is overwritten only with consent."""
    workspace = Workspace.around(Path.cwd())
    found, rows = _listed(hub(), words.pattern), []
    if not found:
        raise ParameterError(f"there is no property {words.pattern}: `pi list` shows those there are")
    for number, one in enumerate(found, 1):
        _progress(number, len(found), one["path"])
        rows.append(_save(workspace, one, overwrite=words.yes))
    _progress(0, 0, None)
    return _rows(rows, "written")


def delete(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi delete`: delete properties of the hub, after asking; files stay."""
    client = hub()
    found = [short_path(one["path"]) for one in _listed(client, words.pattern)]
    if not found:
        raise ParameterError(f"there is no property {words.pattern}: `pi list` shows those there are")
    if not words.yes and not ask(f"Delete {len(found)} properties of the hub ({_few(found)})?"):
        raise ParameterError("nothing was deleted: add --yes to delete without asking")
    gone = client.command("property.delete", {"pattern": words.pattern, "yes": "true"}).value
    return [{"path": short_path(path), "result": "deleted"} for path in gone]


def ask(question: str) -> bool:
    """Whether the user at the terminal agrees; False if there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _resources(workspace: Workspace, files: Iterable[Path]) -> list[tuple[Path, Resource | PfnbError]]:
    """Each file with its resource, or the error why it cannot be one."""
    made: list[tuple[Path, Resource | PfnbError]] = []
    for file in files:
        try:
            made.append((file, workspace.resource(file)))
        except PfnbError as error:
            made.append((file, error))
    same = twins(resource for _, resource in made if isinstance(resource, Resource))
    return [
        (
            file,
            ParameterError(
                f"{' and '.join(twin.file.name for twin in same[one.path])} map to the same property {one.path}: rename one "
                'of them, or keep extensions by {"deployWithExtension": true} in .pfnb/config.json'
            )
            if isinstance(one, Resource) and one.path in same
            else one,
        )
        for file, one in made
    ]


def _publish(
    client: Client, file: Path, resource: Resource | PfnbError, done: dict[str, str], *, force: bool
) -> dict[str, Any]:
    shown = {"file": str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)}
    if isinstance(resource, PfnbError):
        return {**shown, "result": "failed", "reason": str(resource)}
    if not force and done.get(resource.path) == resource.digest:
        return {**shown, "result": "unchanged"}
    try:
        client.command("property.put", {"path": resource.path, "type": resource.type, "value": resource.value})
    except (HubUnreachableError, NotAuthenticatedError):
        raise  # every other file would fail, too
    except PfnbError as error:
        return {**shown, "result": "failed", "reason": str(error)}
    done[resource.path] = resource.digest
    return {**shown, "result": "published", **_warning(resource)}


def _warning(resource: Resource) -> dict[str, str]:
    """Why a published pipeline cannot run, if it cannot."""
    if resource.type != PIPELINE:
        return {}
    from pfnb.commands import registry
    from pfnb.language.reading.parser import parse_stored

    try:
        obstacle = parse_stored(resource.value, registry).obstacle
    except PfnbError:  # of a hub with other commands, which has taken it
        return {}
    return {} if obstacle is None else {"reason": f"it cannot run: {obstacle}"}


def _save(workspace: Workspace, found: PropertyRow, *, overwrite: bool) -> dict[str, Any]:
    path = short_path(found["path"])
    try:
        file = workspace.file_of(found["path"], found["type"] or "")
        data = bytes_of(found["value"] or "", found["type"] or "")
    except (PfnbError, ValueError) as error:
        return {"path": path, "result": "failed", "reason": str(error)}
    shown = {"path": path, "file": str(file.relative_to(workspace.root))}
    is_there = file.is_file() and not file.is_symlink()
    if is_there and file.read_bytes() == data:
        return {**shown, "result": "unchanged"}
    if is_there and not (overwrite or ask(f"Overwrite {file}?")):
        return {**shown, "result": "skipped", "reason": "the file differs: add --yes to overwrite it"}
    try:
        write_below(workspace.root, file, data)
    except (PfnbError, OSError) as error:
        return {**shown, "result": "failed", "reason": str(error)}
    return {**shown, "result": "written"}


def _listed(client: Client, pattern: str | None) -> list[PropertyRow]:
    found = client.command("property.list", {"pattern": pattern} if pattern else {}).value
    texts = ("path", "type", "value")
    if not isinstance(found, list) or not all(
        isinstance(one, dict)
        and isinstance(one.get("path"), str)
        and all(isinstance(one.get(key) or "", str) for key in texts)
        for one in found
    ):
        raise HubUnreachableError(f"{client.name} is not a working pfnb hub: its list of properties is invalid")
    return found


def _rows(rows: list[dict[str, Any]], good: str) -> list[dict[str, Any]]:
    failed = [row for row in rows if row["result"] == "failed"]
    if failed:
        count = sum(row["result"] == good for row in rows)
        raise PartlyError(f"{len(failed)} of {len(rows)} failed, {count} {good}: fix them, then run this again", rows)
    return rows


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _progress(number: int, total: int, what: object) -> None:
    status_line(f"{number}/{total} {what}"[:100] if total else "")
