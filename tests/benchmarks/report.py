"""How the figures are printed."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.catching_up import PENDING, CatchingUp
from tests.benchmarks.expressions import Expressions
from tests.benchmarks.history import EVENTS
from tests.benchmarks.load import Sample
from tests.benchmarks.meanwhile import Meanwhile
from tests.benchmarks.million import CONNECTIONS as OF_A_MILLION
from tests.benchmarks.million import Million
from tests.benchmarks.properties import PROPERTIES
from tests.benchmarks.runs import Runs
from tests.benchmarks.stored import FEW, MANY, Stored
from tests.benchmarks.throughput import CONNECTIONS
from tests.benchmarks.uploads import UPLOAD_BYTES, UPLOADS, Uploads
from tests.live.loading import Loading

MEBIBYTE = 1024 * 1024


def machine(folder: Path) -> None:
    """What the figures depend on; a disk that confirms a write in no time is memory."""
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}")
    print(f"data in {folder}, where fsync takes {_fsync_milliseconds(folder):.2f} ms (median)")


def throughput(medians: Mapping[tuple[int, str], Sample], names: list[str], rounds: int, seconds: int) -> None:
    print(f"\nRequests of 1 KiB JSON, median of {rounds} rounds of {seconds} s; servers and wrk share the machine")
    print(f"{'connections':>11}  {'server':<10} {'req/s':>7} {'of bare':>8} {'p50 ms':>8} {'p99 ms':>8} {'errors':>7}")
    for connections in CONNECTIONS:
        for name in names:
            sample = medians[connections, name]
            share = sample.per_second / medians[connections, names[0]].per_second
            print(
                f"{connections:>11}  {name:<10} {sample.per_second:>7.0f} {share:>8.2f}"
                f" {sample.p50:>8.2f} {sample.p99:>8.2f} {sample.errors:>7}"
            )


def uploads(result: Uploads) -> None:
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(result.statuses.items()))
    print(f"\n{UPLOADS} uploads of {UPLOAD_BYTES // MEBIBYTE} MiB at once: {answers}, in {result.seconds:.1f} s;")
    print(f"the server grew by {result.growth / MEBIBYTE:.1f} MiB at its highest")


def busy_cell(idle: Sample, busy: Sample) -> None:
    print("\nA hub inside a kernel, one sender")
    for name, sample in (("idle", idle), ("while True: x += 1", busy)):
        print(
            f"  {name:<20} {sample.per_second:>7.0f} req/s, p50 {sample.p50:.2f} ms, p99 {sample.p99:.2f} ms,"
            f" {sample.errors} errors"
        )


def stored(result: Stored) -> None:
    print("\nA stored pipeline's answer, by how many listen")
    for count, milliseconds in ((FEW, result.few), (MANY, result.many)):
        print(f"  {count:>6,} {milliseconds:>7.2f} ms")
    print("The receiver while a stored pipeline")
    for name, sample in (("waits", result.idle), ("only computes", result.computing)):
        print(f"  {name:<20} {sample.per_second:>7.0f} req/s, p50 {sample.p50:.2f} ms, p99 {sample.p99:.2f} ms")


def catching_up(result: CatchingUp) -> None:
    print(
        f"\nA kernel that comes back to {PENDING:,} pending deliveries, one at a time: {result.per_second:.0f} a second;"
    )
    print(
        f"  after the first tenth the hub grew by {result.hub / MEBIBYTE:.1f} MiB, the kernel by {result.kernel / MEBIBYTE:.1f}"
    )


def meanwhile(found: Mapping[str, Meanwhile]) -> None:
    print("\nAnswers to others while the hub has to do with")
    for name, times in found.items():
        print(f"  {name:<28} p99 {times.p99:>6.1f} ms, longest {times.longest:>6.1f} ms")


def timing(found: Mapping[str, Mapping[str, float]]) -> None:
    print("\nHow well the time of an answer tells a webhook from an unknown uuid (AUC; 0.5: not at all)")
    for words, separations in found.items():
        print(f"  {words}: {', '.join(f'{name} {auc:.3f}' for name, auc in separations.items())}")


def history(pages: Mapping[str, float]) -> None:
    print(f"\nThe first 100 of {EVENTS:,} events, with their deliveries and the total")
    for name, milliseconds in pages.items():
        print(f"  {name:<28} {milliseconds:>7.1f} ms")


def million(result: Million) -> None:
    print(f"\nReceiving by {OF_A_MILLION} connections, by how many events the hub keeps")
    for name, sample in (("none", result.none), ("a million", result.million)):
        print(f"  {name:<28} {sample.per_second:>7.0f} req/s, p50 {sample.p50:.2f} ms, p99 {sample.p99:.2f} ms")
    print("The first 100 of a million events, with their deliveries and the total")
    for name, milliseconds in result.pages.items():
        print(f"  {name:<32} {milliseconds:>7.1f} ms")


def expressions(result: Expressions) -> None:
    print(
        f"\nvars.a + 1, from the cache: {result.evaluated * 1e9:.0f} ns, {result.evaluated / result.python:.1f} times"
    )
    print(f'scope["vars"]["a"] + 1 in a function of Python: {result.python * 1e9:.0f} ns')
    print(
        f"{1 / result.parsed:,.0f} of Spring's cases are parsed in a second"
        if result.parsed
        else "Spring's cases are not beside this checkout: no figure of parsing"
    )


def runs(result: Runs) -> None:
    print(f"\nA step of a run over 1 KiB; json.loads(json.dumps(body)) takes {result.roundtrip * 1e6:.1f} µs")
    for name, cost in result.steps.items():
        print(
            f"  set to {name:<24} {cost.recorded * 1e6:>6.1f} µs, {cost.recorded / result.roundtrip:.1f} times;"
            f" not recorded {cost.bare * 1e6:.1f} µs"
        )
    share = result.order.recorded / result.order.bare - 1
    print(
        f"  a run of usual steps over an order takes {result.order.recorded * 1e6:.0f} µs, recording {share:.0%} of it more"
    )


def properties(listings: Mapping[str, float]) -> None:
    print(f"\nListing of {PROPERTIES:,} properties by pattern")
    for name, milliseconds in listings.items():
        print(f"  {name:<28} {milliseconds:>7.1f} ms")


def loading(found: Loading) -> None:
    print(f"\n%load_ext pfnb takes {found.wall:.2f} s, {found.computing:.2f} s of them computing")
    print(f"the libraries that it needs alone compute for {found.libraries:.2f} s")


def errors(count: int) -> None:
    print(f"\n{count} requests were not answered with 200" if count else "\nEvery request was answered with 200")


def _fsync_milliseconds(folder: Path) -> float:
    times = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4096))
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3
