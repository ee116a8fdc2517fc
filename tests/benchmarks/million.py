"""A hub that keeps a million events: how fast it receives, beside one that keeps none, and how soon its owner has a page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pfnb.hub.records.query import EventFilter
from tests.benchmarks import history, throughput
from tests.benchmarks.filling import fill
from tests.benchmarks.load import Sample
from tests.benchmarks.process import Server
from tests.live.hub import HubClient

EVENTS = 1_000_000
"""They take some 2.3 GB of disk."""
CONNECTIONS = 16
KEY = "bench.many"
ASKED = {
    "all": EventFilter(),
    "a key": EventFilter(key=KEY),
    "succeeded": EventFilter(status="succeeded"),
    "failed, of which there is none": EventFilter(status="failed"),
}


@dataclass(frozen=True)
class Million:
    """What two hubs receive, and the milliseconds of the first pages of the one with events."""

    none: Sample
    million: Sample
    pages: dict[str, float]


def measured(
    hub: Callable[[str], AbstractContextManager[tuple[Server, HubClient]]],
    folder: Path,
    body: Path,
    *,
    rounds: int,
    seconds: int,
) -> Million:
    """`hub` starts one with its data in the folder of this name in `folder`."""
    with hub("million"):
        pass
    fill(folder / "million", count=EVENTS, owner=history.OWNER, key=KEY, listener="late", status="succeeded")
    with hub("none") as (_, none), hub("million") as (_, million):
        urls = {name: _address(client) for name, client in {"none": none, "million": million}.items()}
        found = throughput.medians(urls, body, rounds=rounds, seconds=seconds, connections=(CONNECTIONS,))
    pages = history.pages(folder / "million", ASKED)
    return Million(found[CONNECTIONS, "none"], found[CONNECTIONS, "million"], pages)


def _address(hub: HubClient) -> str:
    return hub.receiver(hub.command("webhook.put", eventKey="bench.unheard", payloadType="raw")["uuid"])
