"""The record of a run's steps: input, output, duration and error of each.

It takes bounded copies, since values may change later; secrets are masked when the records are read.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from time import perf_counter, time
from typing import Any, Final

from pfnb.exceptions import RunLimitError
from pfnb.language.content import without_codes
from pfnb.language.deferred import Deferred
from pfnb.language.masking import MASK, Hidden, Mask, hides, is_secret_name
from pfnb.language.pipeline import Step
from pfnb.language.plain_data import has_more_values
from pfnb.rows.run import StepRow

MAX_TEXT: Final = 500
MAX_VALUE: Final = 8_000
"""Maximum characters kept of one value, and of one text in it."""
MAX_TRACE: Final = 1_000_000
"""Maximum characters kept of all values and errors of a run."""
MAX_LEVELS: Final = 8
RESERVE: Final = 1_000
"""Extra steps for `except` and `finally` after a run has reached its limit."""
MORE: Final = "…"

_ATOM = 8
_SHORT = 100
_ATOMS: Final = frozenset({int, float, bool, type(None)})
_NOT_SECRET: Final = frozenset({"id", "eventId", "correlationId", "content"})
"""Names under which a uuid is not a secret."""
_MASK: Final = Mask(all_uuids=True)
_VERY_LONG: Final = 10**1000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run, the pipelines it calls included: steps executed, how many of them are recorded, and how deep
    pipelines may call each other."""

    steps: int = 1_000_000
    records: int = 1000
    calls: int = 20


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One executed step.

    `number` and `line` count in the document, that of `pipeline` if the step belongs to a called pipeline. `started` is in
    milliseconds since 1970. `input` holds the evaluated parameters, or the body if the step has none;
    `output` is the result, None if there was none. Both are bounded, and masked: of a uuid, the last six characters are
    shown. `depth` is 0 outside of blocks, and `iteration` holds the index of each loop around the step, the outermost first.
    """

    number: int
    command: str
    line: int
    started: int
    milliseconds: float
    input: Any = None
    output: Any = None
    error: str | None = None
    depth: int = 0
    iteration: tuple[int, ...] = ()
    pipeline: str | None = None

    def to_json(self) -> StepRow:
        return {
            "number": self.number,
            "command": self.command,
            "line": self.line,
            "started": self.started,
            "milliseconds": self.milliseconds,
            "input": self.input,
            "output": self.output,
            "error": self.error,
            "depth": self.depth,
            "iteration": list(self.iteration),
            "pipeline": self.pipeline,
        }


class Note:
    """A quick note of a running step, since a full record would take too long: values as packed copies."""

    __slots__ = ("depth", "error", "given", "iteration", "made", "milliseconds", "started", "step", "way")

    def __init__(
        self, step: Step, started: float, depth: int, iteration: tuple[int, ...], way: tuple[str, ...]
    ) -> None:
        self.step = step
        self.started = started
        self.depth = depth
        self.iteration = iteration
        self.way = way
        self.given: Any = None
        self.made: Any = None
        self.error: str | None = None
        self.milliseconds = 0.0


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The beginning of a text of `length` characters, with some extra so that a secret at the cut can be recognised."""

    text: str
    length: int


class _Given(str):
    """The spelling of the parameter that the step returned as its result."""


class Trace:
    """The steps of one run and of the pipelines it calls: counted, and the first of them recorded."""

    def __init__(self, limits: Limits, hidden: Hidden | None = None) -> None:
        """`hidden` are the secrets that the run uses."""
        self.limits = limits
        self.hidden = hidden or Hidden()
        self.executed = 0
        self._allowed = limits.steps
        self._room = MAX_TRACE
        self._large: set[int] = set()
        self._notes: list[Note] = []
        self._origin = time() - perf_counter()

    @property
    def is_large(self) -> bool:
        """Whether making the records takes long."""
        return MAX_TRACE - self._room > MAX_VALUE

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        """The records so far, in the order in which their steps began."""
        room, veil, records = MAX_TRACE, _Veil(self.hidden), []
        for note in self._notes:
            given, room = _unpacked(note.given, room)
            made, room = (_of(given, note.made), room) if type(note.made) is _Given else _unpacked(note.made, room)
            error = MORE if note.error and room <= 0 else note.error
            room -= len(error or "")
            records.append(self._record(note, veil.value(given), veil.value(made), veil.value(error)))
        return tuple(records)

    def begin(
        self, step: Step, started: float, depth: int, iteration: tuple[int, ...], way: tuple[str, ...]
    ) -> Note | None:
        """Count a step that begins at `started` (perf_counter); returns its note, to be filled in, or None if there is no more
        room. Raises RunLimitError."""
        if self.executed >= self._allowed:
            self._allowed = self.limits.steps + RESERVE
            raise RunLimitError(f"this run has executed {self.executed} steps, the most that a run may execute")
        self.executed += 1
        if len(self._notes) >= self.limits.records:
            return None
        note = Note(step, started, depth, iteration, way)
        self._notes.append(note)
        return note

    def given(self, step: Step, arguments: Mapping[str, Any], body: Any) -> Any:
        """A copy of the step's input: its evaluated parameters, or the body if it has none."""
        if not step.spellings:
            return self.copy(body)
        given = {spelling: arguments[name] for name, spelling in step.spellings.items()}
        for value in given.values():
            if type(value) not in _ATOMS and (type(value) is not str or len(value) > _SHORT):
                return self.copy(given)
        self._room -= _SHORT
        return given

    def made(self, step: Step, arguments: Mapping[str, Any], value: Any) -> Any:
        """A copy of a step's result; if it is one of its parameters, as with `set`, they share one copy."""
        if type(value) not in _ATOMS:
            for name, spelling in step.spellings.items():
                if arguments[name] is value:
                    return _Given(spelling)
        return self.copy(value)

    def copy(self, value: Any) -> Any:
        """A copy of a value as it is now, for a note.

        Packed, which is fastest; a value too large for a record is cut instead, and the cut copy is cached, since such values
        often go from step to step.
        """
        if type(value) in _ATOMS:
            return value
        if self._room <= 0:
            return MORE
        if type(value) is str and len(value) <= _SHORT:
            self._room -= _ATOM
            return value
        if id(value) not in self._large and not has_more_values(value, MAX_VALUE // _ATOM):
            try:
                packed = marshal.dumps(value)
            except ValueError:  # something in it is not JSON
                packed = None
            if packed is not None and len(packed) <= MAX_VALUE:
                self._room -= len(packed)
                return packed
        self._large.add(id(value))
        copy, left = _cut(value, MAX_VALUE, 0)
        self._room -= MAX_VALUE - left
        return copy

    def _record(self, note: Note, given: Any, made: Any, error: str | None) -> StepRecord:
        return StepRecord(
            number=note.step.number,
            command=note.step.command.name,
            line=note.step.line,
            started=int((self._origin + note.started) * 1000),
            milliseconds=round(note.milliseconds, 3),
            input=given,
            output=made,
            error=error,
            depth=note.depth,
            iteration=note.iteration,
            pipeline=note.way[-1] if note.way else None,
        )


def _of(given: Any, spelling: str) -> Any:
    return given.get(spelling, MORE) if isinstance(given, dict) else MORE


def _unpacked(copy: Any, room: int) -> tuple[Any, int]:
    """The value of a packed copy, cut to a record's size, and the room that is left."""
    # Safe: this process packed the bytes from a run's values; no other bytes get into a note.
    value = marshal.loads(copy) if isinstance(copy, bytes) else copy  # noqa: S302
    if room <= 0:
        return MORE, room
    cut, left = _cut(value, MAX_VALUE, 0)
    return cut, room - MAX_VALUE + left


def _cut(value: Any, room: int, level: int) -> tuple[Any, int]:
    """A bounded copy, and the room that is left after it."""
    kind = type(value)
    if kind is str:
        if len(value) <= MAX_TEXT:
            return value, room - max(len(value), _ATOM)
        return _Beginning(value[: 2 * MAX_TEXT], len(value)), room - 2 * MAX_TEXT
    if kind in _ATOMS:
        return value, room - _ATOM
    if isinstance(value, dict):
        return _cut_map(value, room, level)
    if isinstance(value, (list, tuple)):
        return _cut_list(value, room, level)
    if isinstance(value, _Beginning):
        return value, room - len(value.text)
    return _named(value), room - _ATOM


def _cut_map(value: dict[Any, Any], room: int, level: int) -> tuple[Any, int]:
    if level == MAX_LEVELS:
        return MORE, room
    copy: dict[str, Any] = {}
    room -= _ATOM
    for name, item in value.items():
        if room <= 0:
            copy[MORE] = f"{len(value) - len(copy)} more"
            break
        key = name if type(name) is str and len(name) <= MAX_TEXT else str(name)[:MAX_TEXT]
        copy[key], room = _cut(item, room - len(key), level + 1)
    return copy, room


def _cut_list(value: list[Any] | tuple[Any, ...], room: int, level: int) -> tuple[Any, int]:
    if level == MAX_LEVELS:
        return MORE, room
    copy: list[Any] = []
    room -= _ATOM
    for item in value:
        if room <= 0:
            copy.append(f"{MORE} {len(value) - len(copy)} more")
            break
        item, room = _cut(item, room, level + 1)
        copy.append(item)
    return copy, room


def _named(value: Any) -> str:
    """Show non-JSON values by type: printing them runs third-party code, which may take long."""
    if isinstance(value, Deferred):
        return repr(value)[:MAX_TEXT]
    if isinstance(value, (bytes, bytearray)):
        return f"<{len(value)} bytes>"
    return f"<{type(value).__name__}>"


@lru_cache(4_000)
def _masked(text: str) -> str:
    """A short text as shown. Cached, since events repeat most of theirs: the values of headers, keys, content types."""
    return _MASK.text(text)


@lru_cache(1_000)
def _looked_at(name: str) -> tuple[str, bool]:
    """A name as shown, and whether its value is a secret. Cached, since most events have the same names."""
    return _MASK.text(name), is_secret_name(name)


class _Veil:
    """Masks the values of one trace. Long texts are cached for it alone, since steps hand them on."""

    def __init__(self, hidden: Hidden) -> None:
        self._hidden = hidden
        self._texts: dict[str, str] = {}

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, _Beginning):
            return f"{_MASK.head(self._hidden.masked(value.text), MAX_TEXT)}{MORE} ({value.length} characters)"
        if isinstance(value, dict):
            return {_looked_at(name)[0]: self._field(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, float) and not isfinite(value):  # JSON has no such numbers
            return str(value)
        if type(value) is int and abs(value) >= _VERY_LONG:  # Python refuses to print it
            return "<a very long number>"
        return value

    def text(self, text: str) -> str:
        text = self._hidden.masked(text)
        if len(text) <= _SHORT:
            return _masked(text)
        masked = self._texts.get(text)
        if masked is None:
            masked = self._texts[text] = _MASK.text(text)
        return masked

    def _field(self, name: str, value: Any) -> Any:
        if name in _NOT_SECRET and isinstance(value, str):
            return without_codes(value)
        if not _looked_at(name)[1] or not hides(name, value):
            return self.value(value)
        # A webhook's uuid under such a name is shown by its end, as everywhere.
        return self.text(value) if isinstance(value, str) and _MASK.uuids(value) != value else MASK
