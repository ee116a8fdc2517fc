"""The texts that displays show of a log row: masked, not yet drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pfnb.display.payload import media_type
from pfnb.display.units import UNKNOWN, human_size
from pfnb.language.masking import MASK, Mask, hides, is_secret_header

_WORST_FIRST = ("dead", "failed", "running", "pending", "succeeded")
_NAME_LENGTH = 160
_VALUE_LENGTH = 1_000


def header_pairs(headers: Mapping[str, Any], mask: Mask) -> Iterator[tuple[str, str]]:
    """Header names and values, sorted by name; secret values are hidden."""
    for name in sorted(headers):
        for value in _values(headers[name]):
            secret = is_secret_header(name) and value
            yield short(name, mask), MASK if secret else mask.head(value, _VALUE_LENGTH)


def query_pairs(query: Mapping[str, Any], mask: Mask) -> Iterator[tuple[str, str]]:
    """Parameter names and values in the order received; secret values are hidden."""
    for name, values in query.items():
        for value in _values(values):
            yield short(name, mask), MASK if hides(name, value) else mask.head(value, _VALUE_LENGTH)


def count_pairs(mapping: Mapping[str, Any]) -> int:
    """How many rows `header_pairs` and `query_pairs` have."""
    return sum(len(values) if isinstance(values, list | tuple) else 1 for values in mapping.values())


def delivery_state(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The state of an event in a few words, and the status that decides its colour: the worst among its deliveries."""
    counts = Counter(str(delivery.get("status") or "pending") for delivery in entry.get("deliveries") or [])
    if not counts:
        return str(entry.get("status") or "no listener"), "none"
    ordered = sorted(counts, key=lambda word: _WORST_FIRST.index(word) if word in _WORST_FIRST else len(_WORST_FIRST))
    if counts.total() == 1:
        return ordered[0], ordered[0]
    return ", ".join(f"{counts[word]:,} {word}" for word in ordered[:5]), ordered[0]


def delivery_error(error: Any) -> str:
    """An error answer (`errorType`, `statusMessage`, `line`, `step`) or a plain text, in one line."""
    if not isinstance(error, Mapping):
        return "" if error is None else str(error)
    named = [str(error[name]) for name in ("errorType", "statusMessage") if error.get(name)]
    where = [f"{name} {error[name]}" for name in ("line", "column", "step") if error.get(name) is not None]
    return ": ".join(named) + (f" ({', '.join(where)})" if where else "")


def facts(entry: Mapping[str, Any], mask: Mask) -> tuple[str, str, str]:
    """Method, content type and size."""
    method = short(entry.get("method") or UNKNOWN, mask)
    return method, short(media_type(entry) or "no content type", mask), human_size(entry.get("contentLength"))


def short(value: Any, mask: Mask, length: int = _NAME_LENGTH) -> str:
    """A name or another short text of the entry, masked and cut."""
    text = str(value)
    shown = mask.head(text, length)
    return shown if len(text) <= length else shown + "…"


def _values(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list | tuple) else [str(values)]
