"""`pfnb doctor`: makes all checks, and prints what it finds."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version

from pfnb.display.visible import visible
from pfnb.exceptions import PfnbError
from pfnb.pi.address import FoundHub, find_address, hub_of
from pfnb.pi.client import HttpClient
from pfnb.pi.doctor import machine
from pfnb.pi.doctor.finding import Finding, ok, problem, warning
from pfnb.pi.doctor.outside import EVENT_KEY, outside, signatures
from pfnb.pi.show import as_json
from pfnb.rows.hub import HubStatus


def run(words: argparse.Namespace) -> int:
    """Exit status: 0 if there is no problem, 1 if there is one."""
    findings = []
    for finding in examine(words):
        findings.append(finding)
        if not words.json:
            sys.stdout.write(_line(finding))
            sys.stdout.flush()
    if words.json:
        sys.stdout.write(as_json([asdict(one) for one in findings]) + "\n")
    return int(any(one.level == "problem" for one in findings))


def examine(words: argparse.Namespace) -> Iterator[Finding]:
    """All findings, as they are made. `words` has url, token and data_dir."""
    try:
        found = find_address(words.url, words.token, os.environ) if words.data_dir is None else hub_of(words.data_dir)
        hub = HttpClient(found)
        status: HubStatus = hub.command("hub.status", {}).value
    except PfnbError as error:
        yield problem("hub", error.message, "start the hub, or say where it is: --url and --token, or --data-dir")
        yield from machine.jupyter()
        return
    yield from _of_hub(found, status)
    if found.data_dir is not None:
        yield from machine.data(found.data_dir)
    yield from machine.jupyter()
    webhooks = [one for one in hub.command("webhook.get", {}).value if one["eventKey"] != EVENT_KEY]
    yield signatures(webhooks)
    yield from outside(hub, status, webhooks)


def _of_hub(found: FoundHub, status: HubStatus) -> Iterator[Finding]:
    yield ok("hub", f"{found.url} answers (found by {found.origin})")
    if not status["durable"]:
        yield warning(
            "hub", "it keeps events in memory, and loses them when it ends", "set PFNB_DATA_DIR, or use pfnb serve"
        )
    for trouble in status["problems"]:
        yield problem("hub", trouble, "see `pi status` and `%pipeline list`")
    own = version("pfnb")
    if status["version"] == own:
        yield ok("version", own)
    else:
        yield warning(
            "version", f"the hub is pfnb {status['version']}, this is {own}", "restart the hub, or install the same"
        )


def _line(finding: Finding) -> str:
    """Strangers' text, such as a redirect's target, has no effect on the terminal."""
    what, mend = visible(finding.what, one_line=True), visible(finding.mend, one_line=True)
    return f"{finding.level:<8} {finding.name:<12} {what}\n" + (f"{'':<21} → {mend}\n" if mend else "")
