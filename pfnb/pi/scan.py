"""`pfnb scan`: looks for secrets of a hub's webhooks in the files of this machine, and deactivates what it finds."""

from __future__ import annotations

import argparse
import os
import sys

from pfnb.leaks import Scan, scan
from pfnb.pi.address import find_address
from pfnb.pi.client import HttpClient
from pfnb.pi.resources import ask
from pfnb.pi.show import as_json, status_line, table
from pfnb.rows.leak import LeakReport
from pfnb.rows.webhook import WebhookRow

_EVERY = 200


def run(words: argparse.Namespace) -> int:
    """Exit status: 0 if nothing leaked, or all leaked webhooks were deactivated; 1 if some leaked and stay active."""
    hub = HttpClient(find_address(words.url, words.token, os.environ))
    webhooks: dict[str, WebhookRow] = {webhook["uuid"]: webhook for webhook in hub.command("webhook.get", {}).value}
    seen = scan(words.paths, webhooks.keys(), history=not words.no_history, progress=_progress)
    _progress(None)
    firing = {leak.uuid for leak in seen.leaks if webhooks[leak.uuid]["active"]}
    agreed = bool(firing) and not words.dry_run and (words.yes or ask(f"Deactivate {len(firing)} webhooks?"))
    deactivated = firing if agreed else set()
    for uuid in deactivated:
        hub.command("webhook.put", {"uuid": uuid, "active": "false"})
    report = seen.to_json(webhooks, deactivated)
    sys.stdout.write(as_json(report) + "\n" if words.json else _told(seen, report))
    if firing and not agreed and not words.dry_run:
        sys.stderr.write("pfnb: nothing was deactivated: add --yes to deactivate without asking\n")
    return 1 if firing and not agreed else 0


def _told(seen: Scan, report: LeakReport) -> str:
    """The report as text: every leak with its place, and what could not be read."""
    looked = f"{_count(seen.files, 'file')} and {_count(seen.repositories, 'repository', 'repositories')}"
    lines = [f"{_count(len(seen.leaks), 'leak')} in {looked}"]
    if seen.leaks:
        heads = ("webhook", "uuid", "state", "where")
        lines.append(
            table(
                heads,
                [
                    (row["eventKey"], row["uuid"], "deactivated" if row["deactivated"] else "as it was", leak.place)
                    for row, leak in zip(report["leaks"], seen.leaks, strict=True)
                ],
            )
        )
    lines += [f"not read: {path} ({reason})" for path, reason in seen.unread]
    return "\n".join(lines) + "\n"


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _progress(seen: Scan | None) -> None:
    """Show a line at the terminal that the next one replaces; None removes it."""
    if seen is None:
        status_line("")
    elif seen.files % _EVERY == 0:
        status_line(f"{seen.files:,} files, {seen.repositories} repositories, {len(seen.leaks)} leaks")
