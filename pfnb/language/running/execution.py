"""One run, step by step: each with its condition, arguments, result, errors and record."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from traceback import format_exception
from typing import TYPE_CHECKING, Any, NoReturn

from pfnb.exceptions import (
    AccessDeniedError,
    ParameterError,
    PfnbError,
    PipelineError,
    RunLimitError,
    RunTimeoutError,
    StepError,
)
from pfnb.language.budget import Budget, granted
from pfnb.language.command import NULL, Command, When
from pfnb.language.condition import is_true
from pfnb.language.context import Context, ExitRun
from pfnb.language.deferred import is_placed
from pfnb.language.formula import Formula
from pfnb.language.offload import OWN_STEPS, WORK, threaded
from pfnb.language.on_error import THROW, Action
from pfnb.language.pel import RunFunctions, parse
from pfnb.language.pel.limits import MEASURED_EVERY
from pfnb.language.pipeline import Block, Pipeline, Step
from pfnb.language.plain import plain
from pfnb.language.reading.reference import PipelineReference, reference_of
from pfnb.language.response import Response
from pfnb.language.roles import RUN
from pfnb.language.run import RunResult
from pfnb.language.running.block_handle import BlockHandle
from pfnb.language.running.calls import check_calls, pipeline_of
from pfnb.language.running.failure import adopt, described, exception_object, placed, tell_pipeline
from pfnb.language.scope import RESULT, may_block, reads_variables, resolve
from pfnb.language.trace import Note, Trace

if TYPE_CHECKING:
    from pfnb.language.running.runner import Runner

BREATH = 0.001
"""Seconds after which a run yields to the loop's other work."""

_TARGET = parse(f"@resolve.uri({RESULT})")
_UNCOUNTED = frozenset({bool, int, float})


class Execution:
    """The state of one run: its position, and the error that is ending it. `way` names the chain of calling pipelines, itself
    last. `missing` completes the scope: it evaluates the pipeline's variables and body."""

    def __init__(
        self,
        runner: Runner,
        pipeline: Pipeline,
        context: Context,
        functions: RunFunctions,
        trace: Trace,
        way: tuple[str, ...],
        missing: Callable[[], None] | None = None,
    ) -> None:
        self.runner = runner
        self.pipeline = pipeline
        self.context = context
        self.functions = functions
        self.scope = context.scope
        self.trace = trace
        self.way = way
        self.missing = missing
        self.depth = 0
        self.iteration: tuple[int, ...] = ()
        self.failed: PfnbError | None = None
        self.current: Step | None = None
        self.deadline: float | None = None
        self.rested = perf_counter()
        context.call, context.target_of = self.start, self.target_of

    async def run(self) -> RunResult:
        """All steps. Raises the PfnbError that ended the run, with the steps until then (see `run.steps_of`)."""
        try:
            with granted(Budget(self.context.owner.name)):
                if not await self.is_wanted():
                    return RunResult(self.scope.body, skipped=True)
            self.allow_time()
            await self.sequence(self.pipeline.steps)
        except ExitRun:
            pass
        except PfnbError as error:
            error.trace = self.trace
            raise
        finally:
            del (
                self.context.call,
                self.context.target_of,
            )  # else a reference cycle would keep the run's values until garbage collection
        return RunResult(self.scope.body, self.context.response, self.trace, has_result=self.scope.has_result)

    async def is_wanted(self) -> bool:
        """Whether the pipeline's headers let it run now; also applies the header that sets the user."""
        rules = self.pipeline.rules
        if reads_variables(rules.run_when):
            await self.complete()
        wanted = rules.run_when is True or await self.holds(rules.run_when, "runWhen")
        if not wanted:
            self.context.log("INFO", "the pipeline was skipped: its header runWhen is false")
        elif rules.run_as is not None:
            await self.context.run_as(rules.run_as, is_literal=True)
        return wanted

    async def complete(self) -> None:
        """Evaluate the pipeline's variables and body, unless that was done."""
        missing, self.missing = self.missing, None
        if missing is not None:
            with granted(Budget(self.context.owner.name)):
                await self.runner.evaluated(
                    may_block([dict(self.pipeline.vars), self.pipeline.body]), missing, self.functions
                )

    def allow_time(self) -> None:
        seconds = self.pipeline.rules.timeout
        if seconds is not None:
            self.deadline = asyncio.get_running_loop().time() + seconds

    async def sequence(self, items: Sequence[Step | Block]) -> None:
        """Steps one after another. An error or an exit skips the following ones, except blocks that handle it."""
        ending: PfnbError | ExitRun | None = None
        for item in items:
            if _is_skipped(item, ending):
                continue
            try:
                if self.missing is not None and not _comes_first(item):
                    await self.complete()
                await (self.execute(item) if self.deadline is None or self.depth else self.execute_in_time(item))
            except (PfnbError, ExitRun) as problem:
                ending = problem
                self.tell(problem if isinstance(problem, PfnbError) else None)
            else:
                if isinstance(ending, PfnbError) and self.context.error is None:
                    ending = self.failed = None
                    self.tell(None)
        if ending is not None:
            raise ending

    def tell(self, error: PfnbError | None) -> None:
        """Set or clear the error that steps and expressions see."""
        context = self.context
        context.error = error
        self.scope["exception"] = None if error is None else exception_object(error, context.user.name, context.event)

    async def execute_in_time(self, item: Step | Block) -> None:
        try:
            async with asyncio.timeout_at(self.deadline):
                await self.execute(item)
        except TimeoutError as error:
            self.allow_time()  # the steps after `finally` get the same time again
            self.failed = RunTimeoutError(f"this run took longer than {self.pipeline.rules.timeout:g} seconds")
            assert self.current is not None
            raise placed(self.failed, self.current) from error

    async def execute(self, item: Step | Block) -> None:
        """One step with its condition, errors and retries; each try is recorded."""
        step, block = (item, None) if isinstance(item, Step) else (item.step, item)
        condition, retries = step.options.condition, 0
        while True:
            started, note, problem = perf_counter(), None, None
            if started - self.rested > BREATH:
                await self.breathe()
            try:
                with granted(Budget(self.context.owner.name)):
                    if condition is not True and not await self.holds(condition, "if"):
                        return
                    self.current = step
                    note = self.trace.begin(step, started, self.depth, self.iteration, self.way)
                    await self.call(step, block, note)
                    return
            except PfnbError as error:
                if error is self.failed:
                    raise
                problem = placed(error, step)
            finally:
                if note is not None:
                    note.milliseconds = (perf_counter() - started) * 1000
                    note.error = None if problem is None else problem.message
            if not await self.settle(problem, step, retries):
                return
            retries += 1

    async def call(self, step: Step, block: Block | None, note: Note | None) -> None:
        """Call the command and store its result."""
        options, scope = step.options, self.scope
        if not self.context.user.may_run(step.command):
            await self.refuse(step)
        arguments = await self.arguments(step)
        body = scope["body"] if options.input is None else await self.resolved(options.input)
        if note is not None:
            note.given = self.trace.given(step, arguments, body)
        result = await self.invoke(step, block, arguments, body)
        if result is not None:
            if type(result) not in _UNCOUNTED and result is not body:
                await self.count(result, arguments)
            value = None if result is NULL else result
            if note is not None:
                note.made = self.trace.made(step, arguments, value)
            if options.output is None:
                scope["body"] = value
            else:
                await self.put(value, options.output)
        if block is None and options.eval is not None:
            await self.evaluate(options.eval)

    async def count(self, result: Any, arguments: Mapping[str, Any]) -> None:
        """Count what a command made, so that a run that keeps too much is ended."""
        if all(result is not one for one in arguments.values()):
            self.functions.count(result)
        if self.functions.made > MEASURED_EVERY:
            await threaded(self.functions.measure)

    async def refuse(self, step: Step) -> NoReturn:
        """Raise AccessDeniedError and note it in the hub's audit log: the user has no role for this command."""
        user, command, owner = self.context.user, step.command.name, self.context.owner
        missing = f"{RUN}{command}"
        await self.context.refused(command, missing, self.way[-1] if self.way else None)
        if user.anonymous and owner.may_run(step.command):
            raise AccessDeniedError(
                f'{user.name} may not run {command}: put "- iam.run.as: {{username: {owner.name}}}" before it'
            )
        raise AccessDeniedError(f"{user.name} may not run {command}: this needs the role {missing}")

    async def arguments(self, step: Step) -> dict[str, Any]:
        """The arguments by the function's names: evaluated, validated, complete."""
        changing = step.arguments if step.ready is None else step.changing
        resolving = partial(resolve, changing, self.scope, self.functions)
        values = await self.runner.evaluated(step.may_block, resolving, self.functions)
        if step.ready is not None:
            return {**step.ready, **values}
        try:
            return step.command.parameters.validate(values)
        except ParameterError as error:
            error.line, error.column = step.places.get(error.parameter or "", (step.line, step.column))
            raise

    async def invoke(self, step: Step, block: Block | None, arguments: dict[str, Any], body: Any) -> Any:
        """Call the command's function where it belongs: on the loop, in a thread, or on the main thread."""
        command, context = step.command, self.context
        context.has_output = step.options.output is not None
        context.arguments, context.computed = step.arguments, step.computed
        for name in command.given:
            arguments[name] = self.given(name, block, body)
        try:
            if context.mocks and await self.is_mocked(command):
                return None
            if command.is_built_in:
                return await self.call_function(command, arguments, step)
            value = await self.call_function(command, arguments, step)
            if isinstance(value, Response):
                context.response = value
                return None
            return value if value is NULL else plain(value, f"the result of {command.name}")
        except ExitRun:
            raise
        except PfnbError as error:
            if error is not self.failed and not is_placed(error):
                adopt(error)
            raise
        except RecursionError as error:
            raise RunLimitError("blocks and calls of pipelines are nested too deeply") from error
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise StepError(f"{command.name} failed with {described(error)}") from error

    async def call_function(self, command: Command, arguments: dict[str, Any], step: Step) -> Any:
        if command.is_async:
            return await command.function(**arguments)
        value = await self.synchronous(partial(command.function, **arguments), step)
        return await value if inspect.isawaitable(value) else value

    def given(self, name: str, block: Block | None, body: Any) -> Any:
        """The value for a name that a command's function asks for, such as `body`."""
        match name:
            case "body":
                return body
            case "vars" | "headers":
                return self.scope[name]
            case "event":
                return self.context.event
            case "block":
                return None if block is None else BlockHandle(self, block)
            case _:
                return self.context

    async def synchronous(self, call: Callable[[], Any], step: Step) -> Any:
        wants_main = step.command.main if step.options.main is None else step.options.main
        if not wants_main:
            return await threaded(call, WORK if self.runner.call_main is None else OWN_STEPS.get())
        if self.runner.call_main is None:
            raise PipelineError(f"{step.command.name} needs the main thread of a kernel, and this run has none")
        return await self.runner.call_main(partial(contextvars.copy_context().run, call))

    async def put(self, value: Any, output: Formula) -> None:
        """Put a result where the step's `output` points."""
        self.scope[RESULT] = value
        try:
            await self.evaluate(output)
        finally:
            self.scope.pop(RESULT, None)

    async def target_of(self, address: str) -> Any:
        """What an address that was computed, such as `$uri:property:PATH`, points to: it can only name something."""
        self.scope[RESULT] = address
        try:
            return await self.runner.evaluated(
                True, partial(_TARGET.evaluate, self.scope, self.functions), self.functions
            )
        finally:
            self.scope.pop(RESULT, None)

    async def evaluate(self, formula: Formula) -> Any:
        return await self.runner.evaluated(
            formula.code.may_block, partial(formula.evaluate, self.scope, self.functions), self.functions
        )

    async def resolved(self, value: Any) -> Any:
        """A value of the pipeline with its expressions evaluated."""
        return await self.runner.evaluated(
            may_block(value), partial(resolve, value, self.scope, self.functions), self.functions
        )

    async def holds(self, condition: Any, name: str) -> bool:
        if not isinstance(condition, Formula):
            return bool(condition)
        try:
            return is_true(await self.evaluate(condition), name)
        except ParameterError as error:
            error.line, error.column = condition.place.line, condition.place.column
            raise

    async def settle(self, error: PfnbError, step: Step, retries: int) -> bool:
        """Apply the step's `onError`. Returns true to try again, false to continue; otherwise the run ends."""
        wanted = step.options.on_error
        if isinstance(error, RunLimitError):
            wanted = THROW
        if wanted.action is Action.RETRY and wanted.retry is not None:
            if retries < wanted.retry.times:
                seconds = wanted.retry.delay(retries + 1)
                self.context.log("WARN", f"{error.message}: trying again in {seconds:g} s")
                await asyncio.sleep(seconds)
                return True
            wanted = wanted.then or THROW
        if wanted.action is Action.IGNORE:
            self.context.log("WARN", error.message)
            return False
        if wanted.action in (Action.LOG, Action.ROLLBACK):
            self.context.log("ERROR", "".join(format_exception(error)).rstrip())
        if wanted.action is Action.LOG:
            return False
        self.failed = error
        if wanted.pipeline is not None:
            await self.roll_back(error, wanted.pipeline)
        raise error

    async def roll_back(self, error: PfnbError, pipeline: str) -> None:
        """Run the pipeline that cleans up. If it fails as well, the error says so."""
        self.tell(error)
        try:
            await self.start(PipelineReference.literal(pipeline))
        except PfnbError as second:
            error.message = f"{error.message}; and its rollback failed: {second}"

    async def start(
        self,
        reference: PipelineReference | str,
        *,
        vars: Mapping[str, Any] | None = None,  # noqa: A002 - the word of the language
        headers: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Run another pipeline as part of this run, as the same user, and return its body. A response that it sets is kept; its
        variables and its user are its own. A plain text may come from a stranger, so it can only name a stored pipeline."""
        given = reference if isinstance(reference, PipelineReference) else PipelineReference(reference)
        named = reference_of(given, self.runner.registry)
        name = named.path or named.uri or ""
        check_calls(self.way, name, self.runner.limits.calls)
        context = self.context.beside(is_stored=named.path is not None)
        try:
            pipeline = await pipeline_of(given, named, context.hub, self.runner.registry)
            execution = await self.runner.prepare(
                pipeline,
                context,
                self.trace,
                body=self.scope.body if body is None and pipeline.body is None else body,
                vars={**named.vars, **(vars or {})},
                headers=headers or {},
                way=(*self.way, name),
            )
            context.scope["exception"] = self.scope["exception"]
            result = await execution.run()
        except PfnbError as error:
            tell_pipeline(error, name)
            raise
        self.context.response = context.response
        return result.body

    async def is_mocked(self, command: Command) -> bool:
        """Whether a mock replaced this command; it has then set body and variables."""
        mocks = self.context.mocks if self.pipeline.rules.mocks else {}
        for mock in (mock for name in (command.name, *command.aliases) for mock in mocks.get(name, ())):
            if mock.when is None or is_true(await threaded(mock.when), "when"):
                mock.apply(self.context)
                return True
        return False

    async def breathe(self) -> None:
        """Yield to the loop now and then: steps that never wait would block it."""
        await asyncio.sleep(0)
        self.rested = perf_counter()


def _comes_first(item: Step | Block) -> bool:
    """Whether this step is for the whole run, its variables included, and does not need them."""
    return isinstance(item, Step) and item.command.comes_first and not item.computed and item.options.condition is True


def _is_skipped(item: Step | Block, ending: PfnbError | ExitRun | None) -> bool:
    when = item.when if isinstance(item, Block) else When.IN_ORDER
    if when is When.IN_ORDER:
        return ending is not None
    return when is When.AFTER_ERROR and not isinstance(ending, PfnbError)
