"""A parsed pipeline: frozen, checked, with every expression compiled and knowing where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pfnb.language.command import Command, When
from pfnb.language.formula import Formula
from pfnb.language.on_error import THROW, OnError
from pfnb.language.retry import Retry


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters that every command has.

    `condition` (spelt `if`) is a value or Formula; `input` is what the command gets as body; `output` is an assignment that
    takes the result from the scope's `result`; `main` is None where the command decides.
    """

    id: str | None = None
    condition: Any = True
    on_error: OnError = THROW
    eval: Formula | None = None
    input: Formula | None = None
    output: Formula | None = None
    main: bool | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One command call.

    `arguments` go by the function's parameter names; their values are JSON with Formulas in it. `places` tells the line
    and column of each, `spellings` how pipelines write it. `may_block`: evaluating them may take long. `ready`, if there is
    one, holds validated arguments that are the same in every run; those `changing` need no validation then.
    """

    command: Command
    arguments: Mapping[str, Any]
    options: Options
    line: int
    column: int
    number: int
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    may_block: bool = False
    ready: Mapping[str, Any] | None = None
    changing: Mapping[str, Any] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)


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

    @property
    def when(self) -> When:
        declaration = self.step.command.block
        return When.IN_ORDER if declaration is None else declaration.when


@dataclass(frozen=True, slots=True)
class Listen:
    """The leading `event.listen`: which events the pipeline wants, as an AMQP topic and an optional condition."""

    event_key: str
    filter: Formula | None
    line: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What a pipeline's headers ask of whoever runs it.

    `run_when` is a truth value or Formula; `timeout` is in seconds; `retry` is how a failed delivery is tried again, and
    `strict` lets no other pass meanwhile. `version` is the highest that a command may have if its step does not say.
    """

    on_error: OnError = THROW
    run_when: Any = True
    run_as: str | None = None
    timeout: float | None = None
    concurrency: int = 1
    strict: bool = False
    retry: Retry | None = None
    version: int = 1
    tracing: bool = True
    mocks: bool = True


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A checked pipeline. `vars` and `body` are JSON with Formulas in it; `headers` are plain JSON, and `rules` what they
    ask for."""

    headers: Mapping[str, Any]
    vars: Mapping[str, Any]
    steps: tuple[Step | Block, ...]
    body: Any
    source: str
    listen: Listen | None = None
    rules: Rules = Rules()

    @property
    def retry(self) -> Retry | None:
        """How a delivery whose run failed is tried again; None if it is not."""
        return self.rules.retry
