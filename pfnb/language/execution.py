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
from pfnb.language.block_handle import BlockHandle
from pfnb.language.calls import check_calls, pipeline_of, reference_of
from pfnb.language.command import NULL, Command, When
from pfnb.language.condition import is_true
from pfnb.language.context import Context, ExitRun
from pfnb.language.deferred import is_placed
from pfnb.language.failure import adopt, described, exception_object, placed, tell_pipeline
from pfnb.language.formula import Formula
from pfnb.language.offload import threaded
from pfnb.language.on_error import THROW, Action
from pfnb.language.pel import RunFunctions
from pfnb.language.pipeline import Block, Pipeline, Step
from pfnb.language.roles import RUN
from pfnb.language.run import RunResult, attach_trace
from pfnb.language.scope import RESULT, resolve
from pfnb.language.trace import Note, Trace

if TYPE_CHECKING:
    from pfnb.language.runner import Runner

BREATH = 0.001
"""Seconds after which a run lets the loop's other work go on."""


class Execution:
    """The state of one run: where it is, and the error that is ending it. `way` names the pipelines by
    whose calls it came about, itself last."""

    def __init__(
        self,
        runner: Runner,
        pipeline: Pipeline,
        context: Context,
        functions: RunFunctions,
        trace: Trace,
        way: tuple[str, ...],
    ) -> None:
        self.runner = runner
        self.pipeline = pipeline
        self.context = context
        self.functions = functions
        self.scope = context.scope
        self.trace = trace
        self.way = way
        self.depth = 0
        self.iteration: tuple[int, ...] = ()
        self.failed: PfnbError | None = None
        self.current: Step | None = None
        self.deadline: float | None = None
        self.rested = perf_counter()
        context.call = self.start

    async def run(self) -> RunResult:
        """All steps. Raises the PfnbError that ended the run, with the steps until then (see `run.steps_of`)."""
        try:
            if not await self.is_wanted():
                return RunResult(self.scope.body, skipped=True)
            self.allow_time()
            await self.sequence(self.pipeline.steps)
        except ExitRun:
            pass
        except PfnbError as error:
            attach_trace(error, self.trace)
            raise
        finally:
            del self.context.call  # with it, a run would keep its values until the garbage collector finds the circle
        return RunResult(self.scope.body, self.context.response, self.trace)

    async def is_wanted(self) -> bool:
        """Whether the pipeline's headers let it run now; as whom, they say as well."""
        rules = self.pipeline.rules
        wanted = rules.run_when is True or await self.holds(rules.run_when, "runWhen")
        if not wanted:
            self.context.log("INFO", "the pipeline was left out: its header runWhen is false")
        elif rules.run_as is not None:
            await self.context.run_as(rules.run_as)
        return wanted

    def allow_time(self) -> None:
        seconds = self.pipeline.rules.timeout
        if seconds is not None:
            self.deadline = asyncio.get_running_loop().time() + seconds

    async def sequence(self, items: Sequence[Step | Block]) -> None:
        """Steps one after another. An error or an exit skips those that follow, up to blocks that are there for it."""
        ending: PfnbError | ExitRun | None = None
        for item in items:
            if _is_skipped(item, ending):
                continue
            try:
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
        """Let steps and expressions know the error that is on its way out, or that there is none."""
        context = self.context
        context.error = error
        self.scope["exception"] = None if error is None else exception_object(error, context.user.name, context.event)

    async def execute_in_time(self, item: Step | Block) -> None:
        try:
            async with asyncio.timeout_at(self.deadline):
                await self.execute(item)
        except TimeoutError as error:
            self.allow_time()  # what stands behind `finally` has as long again
            self.failed = RunTimeoutError(f"this run took longer than {self.pipeline.rules.timeout:g} seconds")
            assert self.current is not None
            raise placed(self.failed, self.current) from error

    async def execute(self, item: Step | Block) -> None:
        """One step with everything around it, again if it wants to be retried; each try is recorded."""
        step, block = (item, None) if isinstance(item, Step) else (item.step, item)
        condition, retries = step.options.condition, 0
        while True:
            started, note, problem = perf_counter(), None, None
            if started - self.rested > BREATH:
                await self.breathe()
            try:
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
        """Call the command, and put its result where it belongs."""
        options, scope = step.options, self.scope
        if not self.context.user.may_run(step.command):
            await self.refuse(step)
        arguments = await self.arguments(step)
        body = scope["body"] if options.input is None else await self.evaluate(options.input)
        if note is not None:
            note.given = self.trace.given(step, arguments, body)
        result = await self.invoke(step, block, arguments, body)
        if result is not None:
            value = None if result is NULL else result
            if note is not None:
                note.made = self.trace.made(step, arguments, value)
            if options.output is None:
                scope["body"] = value
            else:
                await self.put(value, options.output)
        if block is None and options.eval is not None:
            await self.evaluate(options.eval)

    async def refuse(self, step: Step) -> NoReturn:
        """Raise AccessDeniedError, which the hub's audit log knows of: the user has no role for this command."""
        user, command, owner = self.context.user, step.command.name, self.context.owner
        missing = f"{RUN}{command}"
        await self.context.refused(command, missing, self.way[-1] if self.way else None)
        if user.anonymous and owner.may_run(step.command):
            raise AccessDeniedError(
                f'{user.name} may not run {command}: put "- iam.run.as: {{username: {owner.name}}}" before it'
            )
        raise AccessDeniedError(f"{user.name} may not run {command}: that takes the role {missing}")

    async def arguments(self, step: Step) -> dict[str, Any]:
        """The arguments by the function's names: evaluated, validated, complete."""
        changing = step.arguments if step.ready is None else step.changing
        values = await self.runner.evaluated(step.may_block, partial(resolve, changing, self.scope, self.functions))
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
        for name in command.given:
            arguments[name] = self.given(name, block, body)
        try:
            if context.mocks and await self.is_mocked(command):
                return None
            if command.is_async:
                return await command.function(**arguments)
            value = await self.synchronous(partial(command.function, **arguments), step)
            return await value if inspect.isawaitable(value) else value
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

    def given(self, name: str, block: Block | None, body: Any) -> Any:
        """What a function asked to be given under this name."""
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
            return await threaded(call)
        if self.runner.call_main is None:
            raise PipelineError(f"{step.command.name} wants the main thread of a kernel, and this run has none")
        return await self.runner.call_main(partial(contextvars.copy_context().run, call))

    async def put(self, value: Any, output: Formula) -> None:
        """Put a result where the step's `output` points."""
        self.scope[RESULT] = value
        try:
            await self.evaluate(output)
        finally:
            self.scope.pop(RESULT, None)

    async def evaluate(self, formula: Formula) -> Any:
        return await self.runner.evaluated(
            formula.code.may_block, partial(formula.evaluate, self.scope, self.functions)
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
        """Do what the step wants done about its error: true to try again, false to go on, or the run ends."""
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
        """Run the pipeline that cleans up. Should it fail as well, the error says so."""
        self.tell(error)
        try:
            await self.start(pipeline)
        except PfnbError as second:
            error.message = f"{error.message}; and its rollback failed: {second}"

    async def start(
        self,
        reference: str,
        *,
        vars: Mapping[str, Any] | None = None,  # noqa: A002 - the word of the language
        headers: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """Run another pipeline as part of this run, as the same user, and return its body. An answer that it sets to the
        caller stands; its variables and its user are its own."""
        named = reference_of(reference, self.runner.registry)
        name = named.path or named.uri or ""
        check_calls(self.way, name, self.runner.limits.calls)
        context = self.context.beside()
        try:
            pipeline = await pipeline_of(named, context.hub, self.runner.registry)
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
        """Whether a mock stood in for this command; it has set body and variables then."""
        mocks = self.context.mocks if self.pipeline.rules.mocks else {}
        for mock in (mock for name in (command.name, *command.aliases) for mock in mocks.get(name, ())):
            if mock.when is None or is_true(await threaded(mock.when), "when"):
                mock.apply(self.context)
                return True
        return False

    async def breathe(self) -> None:
        """Let others have the loop now and then: steps that never wait would keep it to themselves."""
        await asyncio.sleep(0)
        self.rested = perf_counter()


def _is_skipped(item: Step | Block, ending: PfnbError | ExitRun | None) -> bool:
    when = item.when if isinstance(item, Block) else When.IN_ORDER
    if when is When.IN_ORDER:
        return ending is not None
    return when is When.AFTER_ERROR and not isinstance(ending, PfnbError)
