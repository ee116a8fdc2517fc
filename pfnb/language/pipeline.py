"""A parsed pipeline: immutable, checked, with every expression compiled and its place known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pfnb.exceptions import PfnbError
from pfnb.language.command import Command, When
from pfnb.language.formula import Formula
from pfnb.language.gathering import Batch, Debounce, Gathering
from pfnb.language.on_error import THROW, OnError
from pfnb.language.retry import Retry
from pfnb.language.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters that every command has.

    `condition` (spelt `if`) is a value or Formula; `input`, a value or Formula, becomes the command's body; `output` is an
    assignment of the scope's `result`; `main` is None if the command decides.
    """

    id: str | None = None
    condition: Any = True
    on_error: OnError = THROW
    eval: Formula | None = None
    input: Any = None
    output: Formula | None = None
    main: bool | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One command call.

    `arguments` are keyed by the function's parameter names; their values are JSON with Formulas in it. `places` holds the line
    and column of each, `spellings` its spelling in pipelines. `may_block`: evaluating them may take long. `ready`, if set,
    holds validated arguments that are the same in every run; the `changing` ones then need no validation. `computed` are those
    with expressions in them.
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
    computed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a block: its name (`if`, `if.else`), the `eval` of the step that opens it, and its steps."""

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
    """The leading `event.listen` or `message.receive`: the events that the pipeline wants, as an AMQP topic and an optional
    condition. With `messages`, its body is their payload; `acknowledges`: its run says what becomes of the message. `batch` is
    that of the step, if it has one."""

    event_key: str
    filter: Formula | None
    line: int
    messages: bool = False
    acknowledges: bool = False
    batch: Batch | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for running a pipeline, from its headers.

    `run_when` is a truth value or Formula; `timeout` is in seconds; `retry` is how to retry a failed delivery, and `strict`
    holds back later ones meanwhile; with `all_notebooks` a pattern also matches events from other notebooks. `version` is the
    highest command version for steps that name none.
    """

    on_error: OnError = THROW
    run_when: Any = True
    run_as: str | None = None
    timeout: float | None = None
    concurrency: int = 1
    strict: bool = False
    all_notebooks: bool = False
    retry: Retry | None = None
    debounce: Debounce | None = None
    batch: Batch | None = None
    version: int = 1
    tracing: bool = True
    mocks: bool = True

    @property
    def gathering(self) -> Gathering | None:
        """How events are gathered before a run, if they are."""
        return self.debounce or self.batch


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A checked pipeline. `vars` and `body` are JSON with Formulas in it; `headers` are plain JSON, and `rules` their
    meaning; `job` is its schedule, if it has one. `obstacle` is the reason for which it cannot run, though it can be stored."""

    headers: Mapping[str, Any]
    vars: Mapping[str, Any]
    steps: tuple[Step | Block, ...]
    body: Any
    source: str
    listen: Listen | None = None
    job: Schedule | None = None
    rules: Rules = Rules()
    obstacle: PfnbError | None = None

    @property
    def retry(self) -> Retry | None:
        """How to retry a failed delivery; None for no retries."""
        return self.rules.retry
