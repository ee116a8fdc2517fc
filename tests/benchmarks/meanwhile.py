"""How soon others are answered while a hub has much to do: an event that 200 listeners hear, or a long result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread

import httpx

from tests.benchmarks.process import Server
from tests.live.cells import run_cell
from tests.live.hub import HubClient
from tests.live.kernel import kernel

LISTENERS = 200
RESULT = 39_000_000
"""Characters of a result: more than 40 million are an error."""
ROUNDS = 5
_SETTLED_SECONDS = 1.0
LISTEN_MANY = f"""import pfnb
for number in range({LISTENERS}):
    pfnb.on("bench.many", name=f"many-{{number}}")(lambda event: None)
"""
ANSWER_LONG = f"""import pfnb
@pfnb.on("bench.long", name="long")
def long(event):
    return "x" * {RESULT}
"""


@dataclass(frozen=True)
class Meanwhile:
    """Milliseconds of the answers that others got: the 99th of a hundred, and the longest."""

    p99: float
    longest: float


def measured(hub: HubClient, started: Server, environment: Mapping[str, str], log: Path) -> dict[str, Meanwhile]:
    """By what the hub has to do."""
    probed = hub.receiver(hub.command("webhook.put", eventKey="bench.unheard")["uuid"])
    for number in range(LISTENERS):
        text = "pipeline:\n  - event.listen: {key: bench.stored}\n  - body.set: x\n"
        hub.command("pipeline.put", path=f"global/app/bench/many/{number}", value=text)
    found = {
        "nothing": _probing(probed, lambda: time.sleep(0.5)),
        f"{LISTENERS} stored listeners": _probing(probed, lambda: _send(hub, "bench.stored")),
    }
    with kernel({**environment, "PFNB_URL": started.url}, log) as (_, client):
        run_cell(client, LISTEN_MANY + ANSWER_LONG)
        found[f"{LISTENERS} listeners of a notebook"] = _probing(probed, lambda: _send(hub, "bench.many"))
        waiting = hub.receiver(hub.command("webhook.put", eventKey="bench.long")["uuid"], wait="true")
        found[f"a result of {RESULT // 1_000_000} MB"] = _probing(probed, lambda: _answer(waiting))
    return found


def _send(hub: HubClient, key: str) -> None:
    hub.command("event.send", key=key)
    time.sleep(_SETTLED_SECONDS)


def _answer(url: str) -> None:
    answer = httpx.post(url, json=1, trust_env=False, timeout=60)
    if len(answer.content) < RESULT:
        raise RuntimeError(f"the notebook's pipeline should answer much, and answered {answer.text[:200]}")


def _probing(url: str, work: Callable[[], None]) -> Meanwhile:
    """One request after the other while the work is done, again and again."""
    ended, times = Event(), []

    def probe() -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not ended.is_set():
                began = time.perf_counter()
                client.post(url, json=1).raise_for_status()
                times.append(1e3 * (time.perf_counter() - began))

    work()
    prober = Thread(target=probe)
    prober.start()
    try:
        for _ in range(ROUNDS):
            work()
    finally:
        ended.set()
        prober.join()
    return Meanwhile(quantiles(times, n=100)[98], max(times))
