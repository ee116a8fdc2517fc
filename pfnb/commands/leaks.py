"""Secrets of webhooks that lie in the open: finding them, and making them useless."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from pfnb.exceptions import NotFoundError
from pfnb.language.command import command
from pfnb.language.context import Context
from pfnb.leaks import Scan, scan


@command("webhook.scan")
async def scan_(
    context: Context,
    path: Annotated[str | list[str], Field(description="Files and folders to look through.")] = ".",
    history: Annotated[bool, Field(description="Look through the history of git repositories, too.")] = True,
    dry_run: Annotated[bool, Field(description="Only report what is found.")] = False,
) -> dict[str, Any]:
    """Look for uuids of your webhooks in files, notebooks and git history, and deactivate those that are found.

    Paths are those of the machine this runs on. Returns `leaks`, each with the webhook's event key and the end of its uuid,
    `path`, `line`, `repository` and `commit` (null in a file) and whether it was `deactivated` now; the count of `files` and
    `repositories`; and `unread`, what could not be read, with the reason. To use a deactivated webhook again, rotate it, or
    put it with `active: true`.

    Example:
        pipeline:
          - webhook.scan: {path: README.md, history: false, dryRun: true}
          - body.set: "#{body.leaks}"
        # => []
    """
    webhooks = {webhook["uuid"]: webhook for webhook in await context.hub.get_webhooks()}
    paths = [path] if isinstance(path, str) else path
    seen = await asyncio.to_thread(_scanned, paths, webhooks.keys(), history=history)
    firing = {leak.uuid for leak in seen.leaks if webhooks[leak.uuid]["active"]}
    deactivated = set() if dry_run else firing
    for uuid in deactivated:
        await context.hub.put_webhook({"uuid": uuid, "active": False})
    return seen.to_json(webhooks, deactivated)


def _scanned(paths: Iterable[str], uuids: Collection[str], *, history: bool) -> Scan:
    try:
        return scan([Path(path).expanduser() for path in paths], uuids, history=history)
    except FileNotFoundError as error:
        raise NotFoundError(str(error)) from error
