"""What a step of a pipeline costs, next to reading and writing its body as JSON, and what recording adds to it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from pfnb import functions
from pfnb.client.port import NoSession, session_port
from pfnb.commands import load
from pfnb.language import Pipeline, Runner, User, parse_pipeline
from pfnb.language.roles import EVERYTHING

STEPS = 10
ROUNDS = 40
RUNS = 25
BODY = {"event": "order.created", "n": 42, "id": "evt_0001", "items": [1, 2, 3], "pad": "x" * 930}
VALUES = {
    "the body as it is": '"#{body}"',
    "a field of it": '"#{body.n + 1}"',
    "a new map of its fields": '{event: "#{body.event}", n: "#{body.n}", items: "#{body.items}", pad: "#{body.pad}"}',
}


ORDER = """
  - event.listen: {eventKey: order.*}
  - assert: {true: "#{body.payload.items.size() > 0}"}
  - set: {value: "#{body.payload}", output: vars.order}
  - if: "#{vars.order.total > 100}"
  - set: {value: big, output: vars.size}
  - if.else
  - set: {value: small, output: vars.size}
  - if.end
  - foreach: {in: "#{vars.order.items}", as: item}
  - log: {message: "#{vars.item.name}: #{vars.item.price}"}
  - foreach.end
  - body.set: {value: {size: "#{vars.size}", sum: "#{@calc.sum(vars.order.items.![price])}"}}
"""
"""Steps as people write them, over an order of five items."""
ITEMS = [{"name": f"item {number}", "price": number * 1.5, "sku": "s" * 20} for number in range(5)]
EVENT = {
    "id": "e",
    "eventKey": "order.placed",
    "headers": {"content-type": "application/json"},
    "payload": {"id": "o1", "total": 120, "items": ITEMS, "note": "y" * 400},
}


@dataclass(frozen=True)
class Cost:
    """Seconds for a step or a run with its record, and without."""

    recorded: float
    bare: float


@dataclass(frozen=True)
class Runs:
    """Seconds for `json.loads(json.dumps(body))`, for a `set` step over the same body, by what it sets, and for a run of
    ORDER."""

    roundtrip: float
    steps: dict[str, Cost]
    order: Cost


def measured() -> Runs:
    """The best of many rounds, all kinds in turn within each, so that a busy machine slows all of them."""
    return asyncio.run(_measured())


async def _measured() -> Runs:
    runner, user, hub = Runner(load(), functions.registry), User("ada", EVERYTHING), session_port(NoSession())
    pipelines = {
        (name, tracing): _pipeline(runner, value, tracing=tracing)
        for name, value in VALUES.items()
        for tracing in (True, False)
    }
    best = dict.fromkeys(pipelines, float("inf"))
    orders = {tracing: _parsed(runner, ORDER, tracing=tracing) for tracing in (True, False)}
    whole = dict.fromkeys(orders, float("inf"))
    roundtrip = float("inf")
    for _ in range(ROUNDS):
        roundtrip = min(roundtrip, _timed(lambda: json.loads(json.dumps(BODY))))
        for key, pipeline in pipelines.items():
            started = time.perf_counter()
            for _ in range(RUNS):
                await runner.run(pipeline, user=user, hub=hub, body=BODY, vars={"x": None})
            best[key] = min(best[key], (time.perf_counter() - started) / RUNS / STEPS)
        for tracing, pipeline in orders.items():
            started = time.perf_counter()
            for _ in range(RUNS):
                await runner.run(pipeline, user=user, hub=hub, body=EVENT, log=lambda _level, _message: None)
            whole[tracing] = min(whole[tracing], (time.perf_counter() - started) / RUNS)
    steps = {name: Cost(best[name, True], best[name, False]) for name in VALUES}
    return Runs(roundtrip, steps, Cost(whole[True], whole[False]))


def _pipeline(runner: Runner, value: str, *, tracing: bool) -> Pipeline:
    return _parsed(runner, f"  - set: {{value: {value}, output: vars.x}}\n" * STEPS, tracing=tracing)


def _parsed(runner: Runner, steps: str, *, tracing: bool) -> Pipeline:
    return parse_pipeline(f"headers: {{tracing: {str(tracing).lower()}}}\npipeline:\n{steps}", runner.registry)


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(RUNS * STEPS):
        call()
    return (time.perf_counter() - started) / RUNS / STEPS
