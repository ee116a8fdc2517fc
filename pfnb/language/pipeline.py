"""A parsed pipeline: frozen, checked, with every expression compiled and knowing where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pfnb.language.command import Command
from pfnb.language.formula import Formula


class OnError(Enum):
    """What becomes of a run when a step fails."""

    THROW = "THROW"
    LOG = "LOG"
    IGNORE = "IGNORE"


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters that every command has.

    `condition` (spelt `if`) is a value or Formula; `output` is an assignment that takes the result from the scope's
    `result`; `main` is None where the command decides.
    """

    id: str | None = None
    condition: Any = True
    on_error: OnError = OnError.THROW
    eval: Formula | None = None
    output: Formula | None = None
    main: bool | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One command call.

    `arguments` go by the function's parameter names; their values are JSON with Formulas in it. `places` tells the line
    and column of each. `may_block`: evaluating them may take long.
    """

    command: Command
    arguments: Mapping[str, Any]
    options: Options
    line: int
    column: int
    number: int
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    may_block: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a block: its name (`if`, `if.else`), the `eval` of the step that opens it, and its steps."""

    name: str
    eval: Formula | None
    steps: tuple[Step | Block, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A command with the steps it governs. `end_eval` is the `eval` of the closing step."""

    step: Step
    parts: tuple[Part, ...]
    end_eval: Formula | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """The leading `event.listen`: which events the pipeline wants, as an AMQP topic and an optional condition."""

    event_key: str
    filter: Formula | None
    line: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A checked pipeline. `vars` and `body` are JSON with Formulas in it; `headers` are plain JSON."""

    headers: Mapping[str, Any]
    vars: Mapping[str, Any]
    steps: tuple[Step | Block, ...]
    body: Any
    source: str
    listen: Listen | None = None
