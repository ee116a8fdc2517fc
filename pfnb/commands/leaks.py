"""Leaked secrets of webhooks: finding and deactivating them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import AccessDeniedError, NotFoundError, RunTimeoutError
from pfnb.language.context import Context
from pfnb.language.offload import SCANS
from pfnb.language.roles import ADMIN
from pfnb.leaks import Halt, Scan, scan
from pfnb.rows.leak import LeakReport

SECONDS: Final = 300.0
"""Maximum duration of a scan where others use the process, too."""


@command("webhook.scan", in_hub=True)
async def scan_(
    context: Context,
    path: Annotated[str | list[str], Field(description="Files and folders to scan.")] = ".",
    history: Annotated[bool, Field(description="Scan the history of git repositories, too.")] = True,
    dry_run: Annotated[bool, Field(description="Only report what is found.")] = False,
) -> LeakReport:
    """Search files, notebooks and git history for uuids of your webhooks, and deactivate the webhooks found.

    Paths are those of the machine this runs on: in a notebook its kernel's, else the hub's. In a hub, a path must be below a
    folder that its owner named for scans (`--scan`, `scan_paths`), unless the user is an `ADMIN` and the path is not computed
    in a run that an event started; a scan ends after five minutes there. Each user has one scan at a time.

    Returns `leaks`, each with the webhook's event key and the end of its uuid, `path`, `line`, `repository` and `commit` (null in
    a file) and whether it was `deactivated` now; the numbers of `files` and `repositories`; and `unread`, what could not be
    read, with the reason. To use a deactivated webhook again, rotate it, or put it with `active: true`.

    Example:
        pipeline:
          - webhook.scan: {path: README.md, history: false, dryRun: true}
          - body.set: "#{body.leaks}"
        # => []
    """
    webhooks = {webhook["uuid"]: webhook for webhook in await context.hub.get_webhooks()}
    paths = [path] if isinstance(path, str) else path
    is_free = context.is_notebooks or (ADMIN in context.user.roles and context.says("path"))
    folders = None if is_free else await context.hub.scan_folders()
    halt = Halt()
    call = partial(_scanned, paths, webhooks.keys(), history=history, folders=folders, halt=halt)
    try:
        async with asyncio.timeout(None if context.is_notebooks else SECONDS):
            seen: Scan = await asyncio.wrap_future(SCANS.submit(context.user.name, call))
    except TimeoutError as error:
        raise RunTimeoutError(
            f"this scan, with its wait for those of others, took longer than {SECONDS:g} seconds: scan fewer folders, or "
            "skip the history"
        ) from error
    finally:
        halt.end()
    firing = {leak.uuid for leak in seen.leaks if webhooks[leak.uuid]["active"]}
    deactivated = set() if dry_run else firing
    for uuid in deactivated:
        await context.hub.put_webhook({"uuid": uuid, "active": False})
    return seen.to_json(webhooks, deactivated)


def _scanned(
    paths: Sequence[str], uuids: Collection[str], *, history: bool, folders: Sequence[str] | None, halt: Halt
) -> Scan:
    places = [Path(path) for path in paths]
    if folders is not None:
        places = [_place_below(path, folders) for path in places]
    try:
        return scan([place.expanduser() for place in places], uuids, history=history, halt=halt)
    except (OSError, RuntimeError, ValueError) as error:  # a missing or invalid path, or `~name` of an unknown user
        raise NotFoundError(f"this cannot be scanned: {error}") from error


def _place_below(path: Path, folders: Sequence[str]) -> Path:
    """Resolve the path with all links. Raises AccessDeniedError unless it is below one of the folders; the error does not
    reveal whether the path exists."""
    try:
        place = path.expanduser().resolve()
        if any(place.is_relative_to(Path(folder).resolve()) for folder in folders):
            return place
    except (OSError, RuntimeError, ValueError):
        pass
    raise AccessDeniedError(
        f"webhook.scan does not look through {path}: in a hub, only what lies below the folders that its owner named for scans "
        "(pfnb serve --scan, or the setting scan_paths), and elsewhere only for a user with the role ADMIN, and not where an "
        "event computes the path"
    )
