"""Stored pipelines: how soon one of many answers, and what one that only computes does to the receiver."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.benchmarks.load import Sample, load
from tests.live.computing import COMPUTING, KEY
from tests.live.hub import HubClient

FEW, MANY = 10, 1_000
_CALLS = 400
_CONNECTIONS = 4


@dataclass(frozen=True)
class Stored:
    """`few` and `many` are milliseconds from a call to the answer of its pipeline, the median."""

    few: float
    many: float
    idle: Sample
    computing: Sample


def measured(hub: HubClient, answering: str, received: str, body: Path, seconds: int) -> Stored:
    """`answering` is the address of a webhook of the key `stored.0` that waits, `received` that of one that nobody hears."""
    _save(hub, range(FEW))
    _answer(answering)
    few = _answer(answering)
    _save(hub, range(FEW, MANY))
    many = _answer(answering)
    idle = load(received, body, connections=_CONNECTIONS, seconds=seconds)
    hub.command("pipeline.put", path="global/app/bench/computing", value=COMPUTING)
    hub.command("event.send", key=KEY)
    return Stored(few, many, idle, load(received, body, connections=_CONNECTIONS, seconds=seconds))


def _save(hub: HubClient, numbers: range) -> None:
    for number in numbers:
        text = f'pipeline:\n  - event.listen: {{key: stored.{number}}}\n  - body.set: "#{{body.payload}}"\n'
        hub.command("pipeline.put", path=f"global/app/bench/pipeline/{number}", value=text)


def _answer(url: str) -> float:
    times = []
    with httpx.Client(trust_env=False, timeout=30) as client:
        for number in range(_CALLS):
            began = time.perf_counter()
            answer = client.post(url, json=number).json()
            times.append(time.perf_counter() - began)
            if answer.get("value") != number:
                raise RuntimeError(f"a stored pipeline should answer {number}, and answered {answer}")
    return statistics.median(times) * 1e3
