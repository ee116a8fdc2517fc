"""Runs a pipeline: one step after the other, each with its condition, arguments, result and errors."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from traceback import format_exception
from typing import Any, TypeVar

from pfnb.exceptions import AccessDeniedError, ParameterError, PfnbError, PipelineError, StepError
from pfnb.language.command import NULL, CommandRegistry, arguments_for
from pfnb.language.condition import is_true
from pfnb.language.context import Context, LogSink, log_to_logger
from pfnb.language.deferred import is_placed
from pfnb.language.formula import Formula
from pfnb.language.function import registry as registered_functions
from pfnb.language.listen import filter_accepts
from pfnb.language.parameters import parameter_of
from pfnb.language.pel import RunFunctions
from pfnb.language.pipeline import Block, OnError, Pipeline, Step
from pfnb.language.port import HubPort, User
from pfnb.language.run import RunResult, StepRecord, attach_steps
from pfnb.language.scope import RESULT, Scope, may_block, resolve, starting_scope

CallMain = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Calls a function on the kernel's main thread and awaits its result."""

BREATH = 0.005
"""Seconds after which a run lets the loop's other work go on."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run: steps executed, and how many of them are recorded."""

    steps: int = 1_000_000
    records: int = 1000


class Runner:
    """Runs pipelines. `functions` are what expressions call as `@name.method(…)`, by default all that are registered;
    without `call_main` (there is no main thread to speak of in a hub) a step with `main: true` fails."""

    def __init__(
        self,
        registry: CommandRegistry,
        functions: Mapping[str, Any] | None = None,
        *,
        call_main: CallMain | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.registry = registry
        self.functions = registered_functions if functions is None else functions
        self.call_main = call_main
        self.limits = limits or Limits()

    async def run(
        self,
        pipeline: Pipeline,
        *,
        user: User,
        hub: HubPort,
        owner: User | None = None,
        body: Any = None,
        vars: Mapping[str, Any] | None = None,  # noqa: A002 - the word of the language
        headers: Mapping[str, Any] | None = None,
        event: Any = None,
        log: LogSink | None = None,
    ) -> RunResult:
        """Run a pipeline as `user`; `owner`, whom it belongs to, may be switched to by `iam.run.as` (default: the user).

        `event` is handed to commands that ask for it, and is the body unless a body is given; if the filter of
        `event.listen` refuses it, the result is `skipped`. Raises the PfnbError that ended the run, with line, column
        and step; `run.steps_of(error)` tells the steps until then.
        """
        given = body if body is not None else event
        context = Context(
            scope=Scope(None, {}, {}), user=user, owner=owner or user, hub=hub, event=event, log=log or log_to_logger
        )
        functions = RunFunctions(self.functions, context, asyncio.get_running_loop())
        context.scope = scope = await _maybe_threaded(
            may_block([dict(pipeline.vars), pipeline.body]),
            partial(starting_scope, pipeline, given, vars or {}, headers or {}, functions),
        )
        if event is not None and pipeline.listen is not None and pipeline.listen.filter is not None:
            accepts = partial(filter_accepts, pipeline, scope, functions)
            if not await _maybe_threaded(pipeline.listen.filter.code.may_block, accepts):
                return RunResult(body=scope.body, skipped=True)
        return await _Run(self, pipeline, context, functions).run()


class _Run:
    """The state of one run: what has been executed, and the error that is ending it."""

    def __init__(self, runner: Runner, pipeline: Pipeline, context: Context, functions: RunFunctions) -> None:
        self.runner = runner
        self.pipeline = pipeline
        self.context = context
        self.functions = functions
        self.scope: Scope = context.scope
        self.records: list[StepRecord] = []
        self.executed = 0
        self.failed: PfnbError | None = None
        self.rested = perf_counter()

    async def run(self) -> RunResult:
        try:
            for step in self.pipeline.steps:
                await self.execute(step)
        except PfnbError as error:
            attach_steps(error, self.records)
            raise
        return RunResult(self.scope.body, self.context.response, tuple(self.records), self.executed)

    async def execute(self, item: Step | Block) -> None:
        """One step with everything around it; afterwards it is recorded, and its error dealt with as it asked."""
        step, block = (item.step, item) if isinstance(item, Block) else (item, None)
        await self.breathe()
        started, slot, problem = perf_counter(), None, None
        try:
            if not await self.is_enabled(step):
                return
            slot = self.begin(step)
            await self.call(step, block)
        except PfnbError as error:
            if error is self.failed:
                raise
            problem = _placed(error, step)
            self.settle(problem, step)
        finally:
            self.record(slot, step, started, problem)

    async def call(self, step: Step, block: Block | None) -> None:
        command = step.command
        if self.context.user.anonymous and not command.anonymous:
            raise AccessDeniedError(
                f'{self.context.user.name} may not run {command.name}: put "- iam.run.as: '
                f'{{username: {self.context.owner.name}}}" before it'
            )
        values = await _maybe_threaded(
            step.may_block, partial(resolve, dict(step.arguments), self.scope, self.functions)
        )
        try:
            arguments = command.parameters.validate(values)
        except ParameterError as error:
            error.line, error.column = step.places.get(parameter_of(error) or "", (step.line, step.column))
            raise
        result = await self.invoke(step, block, arguments)
        await self.keep(result, step)
        if block is None:
            await self.evaluate(step.options.eval)

    async def invoke(self, step: Step, block: Block | None, arguments: Mapping[str, Any]) -> Any:
        """Call the command's function where it belongs: on the loop, in a thread, or on the main thread."""
        given = {
            "body": self.scope.body,
            "event": self.context.event,
            "vars": self.scope.vars,
            "headers": self.scope.headers,
            "context": self.context,
            "block": None if block is None else BlockHandle(self, block),
        }
        self.context.has_output = step.options.output is not None
        call = partial(step.command.function, **arguments_for(step.command, given, arguments))
        try:
            if step.command.is_async:
                return await call()
            value = await self.synchronous(call, step)
            return await value if inspect.isawaitable(value) else value
        except PfnbError as error:
            if error is not self.failed and not is_placed(error):
                _adopt(error)
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise StepError(f"{step.command.name} failed with {_described(error)}") from error

    async def synchronous(self, call: Callable[[], Any], step: Step) -> Any:
        wants_main = step.command.main if step.options.main is None else step.options.main
        if not wants_main:
            return await _threaded(call)
        if self.runner.call_main is None:
            raise PipelineError(f"{step.command.name} wants the main thread of a kernel, and this run has none")
        return await self.runner.call_main(partial(contextvars.copy_context().run, call))

    async def keep(self, result: Any, step: Step) -> None:
        """Put a result where it belongs: into the body, or to where the step's `output` points."""
        if result is None:
            return
        value = None if result is NULL else result
        if step.options.output is None:
            self.scope.body = value
            return
        self.scope[RESULT] = value
        try:
            await self.evaluate(step.options.output)
        finally:
            self.scope.pop(RESULT, None)

    async def evaluate(self, formula: Formula | None) -> Any:
        if formula is None:
            return None
        return await _maybe_threaded(formula.code.may_block, partial(formula.evaluate, self.scope, self.functions))

    async def is_enabled(self, step: Step) -> bool:
        condition = step.options.condition
        if not isinstance(condition, Formula):
            return bool(condition)
        try:
            return is_true(await self.evaluate(condition), "if")
        except ParameterError as error:
            error.line, error.column = condition.place.line, condition.place.column
            raise

    def begin(self, step: Step) -> int | None:
        """Count a step; returns its place among the records, None if there is no more room."""
        if self.executed >= self.runner.limits.steps:
            raise PipelineError(f"this run has executed {self.executed} steps, and no run may execute more")
        self.executed += 1
        if len(self.records) >= self.runner.limits.records:
            return None
        self.records.append(StepRecord(step.number, step.command.name, step.line, 0.0))
        return len(self.records) - 1

    def record(self, slot: int | None, step: Step, started: float, error: PfnbError | None) -> None:
        if slot is not None:
            milliseconds = round((perf_counter() - started) * 1000, 3)
            text = None if error is None else error.message
            self.records[slot] = StepRecord(step.number, step.command.name, step.line, milliseconds, text)

    def settle(self, error: PfnbError, step: Step) -> None:
        """Do what the step wants done about its error: end the run, or log it and go on."""
        if step.options.on_error is OnError.THROW:
            self.failed = error
            raise error
        if step.options.on_error is OnError.LOG:
            self.context.log("ERROR", "".join(format_exception(error)).rstrip())
        else:
            self.context.log("WARN", error.message)

    async def breathe(self) -> None:
        """Let others have the loop now and then: steps that never wait would keep it to themselves."""
        if perf_counter() - self.rested > BREATH:
            await asyncio.sleep(0)
            self.rested = perf_counter()


class BlockHandle:
    """What a block command gets as `block`: its parts, to be run as often as it likes."""

    def __init__(self, run: _Run, block: Block) -> None:
        self._run = run
        self._block = block

    async def run(self, name: str) -> None:
        """Run a part by its name, such as `if.else`; a part that was not written has no steps."""
        first, *others = self._block.parts
        part = next((part for part in self._block.parts if part.name == name), None)
        await self._run.breathe()
        await self._run.evaluate(first.eval)
        if part in others:
            await self._run.evaluate(part.eval)
        for step in part.steps if part is not None else ():
            await self._run.execute(step)
        await self._run.evaluate(self._block.end_eval)


def _placed(error: PfnbError, step: Step) -> PfnbError:
    """Say where in the pipeline it happened, where that is not known already."""
    if error.line is None:
        error.line, error.column = step.line, step.column
    if error.step is None:
        error.step = step.number
    return error


def _adopt(error: PfnbError) -> None:
    """An error from a command's own code tells lines of some other text, if any: keep them as words only."""
    if error.line is not None or error.step is not None:
        error.message = str(error)
        error.line = error.column = error.step = None


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def _maybe_threaded(in_thread: bool, call: Callable[[], T]) -> T:
    return await _threaded(call) if in_thread else call()


async def _threaded(call: Callable[[], T]) -> T:
    """Call in a thread. The exception travels as a value, for a future cannot carry every one (StopIteration)."""

    def outcome() -> tuple[T | None, BaseException | None]:
        try:
            return call(), None
        except BaseException as error:
            return None, error

    value, error = await asyncio.to_thread(outcome)
    if isinstance(error, StopIteration):
        raise RuntimeError("StopIteration") from error
    if error is not None:
        raise error
    return value  # type: ignore[return-value]
