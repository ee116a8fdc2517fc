"""The displays of a listener's runs, the steps of a run, failed deliveries, and replays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pfnb.display.block import NOTHING, Budget, block, code, element, headline, status, table, words
from pfnb.display.entry import delivery_error, short
from pfnb.display.plain import rest, text_table
from pfnb.display.units import human_count, utc_time
from pfnb.display.visible import Html, visible
from pfnb.language.masking import Mask
from pfnb.rows.delivery import NewDelivery, RunRow
from pfnb.rows.run import StepRow

ROWS = 200
_SIZE = 150_000
_RUNS = ("Run", "Time (UTC)", "Event key", "Status", "Attempts", "Error")
_FAILED = ("Run", "Time (UTC)", "Event key", "Pipeline", "Status", "Attempts", "Error")
_STEPS = ("Step", "Command", "Line", "ms", "Input", "Output", "Error")
_VALUE = 160
RUNNING = "running"


def runs_bundle(name: str, runs: Sequence[RunRow]) -> dict[str, str]:
    """The mime bundle of rows as `list_runs` gives them."""
    mask = Mask()
    rows = [_run(run, mask) for run in runs[:ROWS]]
    cells = (
        (words(number), words(time), code(key), _coloured(state), words(attempts), code(error, one_line=False))
        for number, time, key, state, attempts, error in rows
    )
    drawn = table(_RUNS, cells, total=len(runs), budget=Budget(_SIZE), ends=(0, 4)) if rows else NOTHING
    return _bundle(short(name, mask), human_count(len(runs), "run"), drawn, _text(_RUNS, rows, len(runs), (0, 4)))


def failed_bundle(runs: Sequence[RunRow]) -> dict[str, str]:
    """The mime bundle of rows as `list_failed` gives them."""
    mask = Mask()
    shown = [(_run(run, mask), short(run["listener"], mask)) for run in runs[:ROWS]]
    rows = [(*row[:3], name, *row[3:]) for row, name in shown]
    cells = (
        (
            words(number),
            words(time),
            code(key),
            code(name),
            _coloured(state),
            words(attempts),
            code(error, one_line=False),
        )
        for number, time, key, name, state, attempts, error in rows
    )
    drawn = table(_FAILED, cells, total=len(runs), budget=Budget(_SIZE), ends=(0, 5)) if rows else NOTHING
    said = human_count(len(runs), "delivery", "deliveries") if rows else "nothing failed"
    return _bundle("Failed", said, drawn, _text(_FAILED, rows, len(runs), (0, 5)))


def steps_bundle(run: RunRow, steps: Sequence[StepRow]) -> dict[str, str]:
    """The mime bundle of step records of a run as `read_steps` gives them."""
    mask = Mask()
    rows = [_step(step, mask) for step in steps[:ROWS]]
    cells = (
        (*map(words, (row[0], row[1], row[2], row[3])), *(code(value, one_line=False) for value in row[4:]))
        for row in rows
    )
    drawn = table(_STEPS, cells, total=len(steps), budget=Budget(_SIZE), ends=(0, 2, 3)) if rows else NOTHING
    name = f"Run {run['id']} of {short(run['listener'], mask)}"
    said = f"{run['status']}, {human_count(len(steps), 'step')}"
    return _bundle(name, said, drawn, _text(_STEPS, rows, len(steps), (0, 2, 3)))


def replayed_bundle(deliveries: Sequence[NewDelivery]) -> dict[str, str]:
    """The mime bundle of what `replay_event` answers."""
    rows = [(one["id"], short(one["listener"], Mask())) for one in deliveries[:ROWS]]
    heads = ("Run", "Listener")
    cells = ((words(number), code(name)) for number, name in rows)
    drawn = table(heads, cells, total=len(deliveries), budget=Budget(_SIZE), ends=(0,)) if rows else NOTHING
    said = human_count(len(deliveries), "delivery", "deliveries")
    return _bundle("Replayed", said if rows else "nobody listens", drawn, _text(heads, rows, len(deliveries), (0,)))


def _run(run: RunRow, mask: Mask) -> tuple[str, ...]:
    return (
        run["id"],
        utc_time(run["created"]),
        short(run["eventKey"], mask),
        _state(run),
        f"{run['attempts']}",
        short(delivery_error(run["error"]), mask, 400),
    )


def _state(run: RunRow) -> str:
    seconds = run.get("runningFor", 0)
    return f"{RUNNING} for {seconds:.0f} s" if seconds >= 1 else run["status"]


def _coloured(state: str) -> Html:
    return status(state, RUNNING if state.startswith(RUNNING) else None)


def _step(step: StepRow, mask: Mask) -> tuple[str, ...]:
    indent = "· " * step["depth"]
    rounds = "".join(f" [{index}]" for index in step["iteration"])
    place = f"{step['pipeline']}:{step['line']}" if step["pipeline"] else f"{step['line']}"
    return (
        f"{step['number']}",
        f"{indent}{short(step['command'], mask)}{rounds}",
        short(place, mask),
        f"{step['milliseconds']:,.1f}",
        _value(step["input"], mask),
        _value(step["output"], mask),
        short(step["error"] or "", mask, 400),
    )


def _value(value: Any, mask: Mask) -> str:
    if value is None:
        return ""
    return short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), mask, _VALUE)


def _text(heads: Sequence[str], rows: Sequence[Sequence[str]], total: int, ends: tuple[int, ...]) -> list[str]:
    return ["", *text_table(heads, rows, ends=ends), *rest(total - len(rows))] if rows else []


def _bundle(name: str, said: str, drawn: Html, lines: list[str]) -> dict[str, str]:
    html = block(headline(code(name), words(said)), element("div", drawn, names="pfnb-full"))
    return {
        "text/plain": "\n".join([f"{visible(name, one_line=True)}  {visible(said, one_line=True)}", *lines]),
        "text/html": html,
    }
