"""How a listening pipeline gathers events before it runs: the header `debounce` waits for quiet and takes the newest, `batch`
collects several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

from pfnb.exceptions import ParameterError
from pfnb.language.durations import PATTERN, duration_of
from pfnb.language.expression_text import one_expression

LONGEST: Final = 86_400.0
"""The longest pause, in seconds."""
MAX_SIZE: Final = 1_000
SIZE, WAIT = 100, 5.0
"""Of a batch, unless given."""
PATIENCE = 10
"""`maxWait` is this many times `wait`, unless it is given."""


@dataclass(frozen=True, slots=True)
class Debounce:
    """The newest event runs after `wait` seconds without another one, and `max_wait` seconds after the first one at the latest.
    Events for which the expression `by` has different values wait apart from each other."""

    wait: float
    max_wait: float
    by: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"debounce": {"wait": self.wait, "maxWait": self.max_wait, "by": self.by}}


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to `size` events run as one, at the latest `wait` seconds after the first of them."""

    size: int = SIZE
    wait: float = WAIT

    def to_json(self) -> dict[str, Any]:
        return {"batch": asdict(self)}


Gathering: TypeAlias = Debounce | Batch

_WAIT: Final = {
    "anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST}]
}
DEBOUNCE: Final = {
    "anyOf": [
        *_WAIT["anyOf"],
        {
            "type": "object",
            "properties": {
                "wait": {**_WAIT, "description": "How long no other event must come, such as 30s."},
                "maxWait": {
                    **_WAIT,
                    "description": f"How long the first event waits at most. Default: {PATIENCE} times `wait`.",
                },
                "by": {
                    "type": "string",
                    "description": "An expression over the event: events of each value wait apart.",
                },
            },
            "required": ["wait"],
            "additionalProperties": False,
        },
    ]
}
"""The JSON Schema of the header `debounce`."""
_SIZE: Final = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE}
BATCH: Final = {
    "anyOf": [
        _SIZE,
        {
            "type": "object",
            "properties": {
                "size": {**_SIZE, "default": SIZE, "description": "The most events of one run."},
                "wait": {
                    **_WAIT,
                    "default": WAIT,
                    "description": "How long the first event waits for others at most.",
                },
            },
            "additionalProperties": False,
        },
    ]
}
"""The JSON Schema of the header `batch`."""


def debounce_of(given: Any) -> Debounce:
    """Read the header `debounce`: a time, or a map of `wait`, `maxWait` and `by`. Raises ParameterError."""
    values = given if isinstance(given, Mapping) else {"wait": given}
    _check_names(values, ("wait", "maxWait", "by"), "debounce")
    if "wait" not in values:
        raise ParameterError("debounce needs wait: how long no other event must come, such as 30s")
    wait = duration_of(values["wait"], "debounce.wait" if values is given else "debounce", most=LONGEST)
    given_most = values.get("maxWait")
    most = min(PATIENCE * wait, LONGEST) if given_most is None else _most(given_most, wait)
    by = values.get("by") or ""
    return Debounce(wait, most, one_expression(by, "debounce.by") if by else "")


def batch_of(given: Any) -> Batch:
    """Read the header `batch`: a size, or a map of `size` and `wait`. Raises ParameterError."""
    values = given if isinstance(given, Mapping) else {"size": given}
    _check_names(values, ("size", "wait"), "batch")
    size = values.get("size", SIZE)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE:
        raise ParameterError(f"batch.size must be a whole number from 1 to {MAX_SIZE:,}, not {size!r}")
    return Batch(size, duration_of(values.get("wait", WAIT), "batch.wait", most=LONGEST))


def gathering_of(given: Mapping[str, Any] | None) -> Gathering | None:
    """Read what `to_json` has made. Raises ParameterError."""
    if not given:
        return None
    _check_names(given, ("debounce", "batch"), "gathering")
    if len(given) > 1:
        raise both()
    return debounce_of(given["debounce"]) if "debounce" in given else batch_of(given["batch"])


def both() -> ParameterError:
    return ParameterError(
        "a pipeline cannot have both debounce and batch: one takes the newest event, the other all of them"
    )


def _most(given: Any, wait: float) -> float:
    most = duration_of(given, "debounce.maxWait", most=LONGEST)
    if most < wait:
        raise ParameterError(f"debounce.maxWait must not be shorter than wait, which is {wait:g} s")
    return most


def _check_names(values: Mapping[str, Any], known: tuple[str, ...], name: str) -> None:
    for key in values:
        if key not in known:
            raise ParameterError(f"{name} has no {key!r}: it has {', '.join(known)}")
