"""Servers side by side, in turns: each figure is the median of several rounds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.load import Sample, load

CONNECTIONS = (1, 16, 64)


def medians(
    urls: Mapping[str, str], body: Path, *, rounds: int, seconds: int, connections: Sequence[int] = CONNECTIONS
) -> dict[tuple[int, str], Sample]:
    """By connections and server. Servers take turns, so that a busy moment of the machine hits all of them alike."""
    result = {}
    for count in connections:
        samples: dict[str, list[Sample]] = {name: [] for name in urls}
        for url in urls.values():
            load(url, body, connections=count, seconds=1)
        for _ in range(rounds):
            for name, url in urls.items():
                samples[name].append(load(url, body, connections=count, seconds=seconds))
        result.update({(count, name): _median(some) for name, some in samples.items()})
    return result


def _median(samples: list[Sample]) -> Sample:
    """Of each figure by itself; the errors of all together."""
    return Sample(
        statistics.median(sample.per_second for sample in samples),
        statistics.median(sample.p50 for sample in samples),
        statistics.median(sample.p99 for sample in samples),
        sum(sample.errors for sample in samples),
    )
