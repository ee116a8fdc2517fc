"""Runs pipelines; holds what all runs of a process share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import compress
from typing import Any, TypeVar

from pfnb.exceptions import PfnbError
from pfnb.language.acknowledgement import Acknowledgement
from pfnb.language.budget import Budget, granted
from pfnb.language.command import CommandRegistry
from pfnb.language.context import Context, LogSink, RunLog, log_to_logger
from pfnb.language.function import FunctionRegistry
from pfnb.language.masking import Hidden
from pfnb.language.offload import threaded
from pfnb.language.pel import NeedsThread, RunFunctions
from pfnb.language.pipeline import Pipeline
from pfnb.language.port import HubPort, User
from pfnb.language.reading.listen import accepted
from pfnb.language.run import RunResult
from pfnb.language.running.execution import Execution
from pfnb.language.scope import Scope, complete, is_incomplete, reads_variables, starting_scope
from pfnb.language.trace import Limits, Trace

CallMain = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Calls a function on the kernel's main thread and awaits its result."""

T = TypeVar("T")


class Runner:
    """Runs pipelines. `functions` are what expressions call as `@name.method(…)`;
    without `call_main` (a hub has none) a step with `main: true` fails."""

    def __init__(
        self,
        registry: CommandRegistry,
        functions: FunctionRegistry,
        *,
        call_main: CallMain | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.registry = registry
        self.functions = functions
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
        name: str | None = None,
    ) -> RunResult:
        """Run a pipeline as `user`; `iam.run.as` may switch to its `owner` (default: the user). The hub's audit log shows it by
        its name or path.

        `event` is passed to commands that ask for it, and is the default body; if the filter of `event.listen` refuses it, the
        result is `skipped`. Of a batch, only what the filter accepts remains. Raises the PfnbError that ended the run, with
        line, column and step; `run.steps_of(error)` returns the steps until then.
        """
        hidden = Hidden()
        context = Context(
            scope=Scope(None, {}, {}),
            user=user,
            owner=owner or user,
            hub=hub,
            event=event,
            log=RunLog(log or log_to_logger, hidden),
            pipeline=name,
            is_notebooks=self.call_main is not None,
            hidden=hidden,
        )
        if event is not None and pipeline.listen is not None and pipeline.listen.acknowledges:
            context.acknowledgement = Acknowledgement()
        limits = self.limits if pipeline.rules.tracing else replace(self.limits, records=0)
        given = body if body is not None else event
        execution = await self.prepare(
            pipeline, context, Trace(limits, hidden), body=given, vars=vars or {}, headers=headers or {}
        )
        if event is not None and pipeline.listen is not None and pipeline.listen.filter is not None:
            if reads_variables(pipeline.listen.filter):
                await execution.complete()
            evaluating = partial(accepted, pipeline, context.scope, execution.functions)
            with granted(Budget(context.owner.name)):
                accepts = await self.evaluated(pipeline.listen.filter.code.may_block, evaluating, execution.functions)
            if not any(accepts):
                return RunResult(body=context.scope.body, skipped=True)
            if not all(accepts):  # of a batch
                context.scope.begin_with({"events": list(compress(context.scope.body["events"], accepts))})
                context.event = event.only(accepts)
        if pipeline.obstacle is not None:
            raise copy(pipeline.obstacle)
        return await _acknowledged(execution, context.acknowledgement)

    async def prepare(
        self,
        pipeline: Pipeline,
        context: Context,
        trace: Trace,
        *,
        body: Any,
        vars: Mapping[str, Any],  # noqa: A002 - the word of the language
        headers: Mapping[str, Any],
        way: tuple[str, ...] = (),
    ) -> Execution:
        """Prepare a run without starting it; its context gets its starting scope (see `scope.starting_scope`)."""
        functions = RunFunctions(self.functions, context, asyncio.get_running_loop())
        context.scope = starting_scope(pipeline, body, vars, headers)
        missing = None
        if is_incomplete(pipeline):
            missing = partial(complete, context.scope, pipeline, body, vars, functions)
        return Execution(self, pipeline, context, functions, trace, way, missing)

    async def evaluated(self, may_block: bool, call: Callable[[], T], functions: RunFunctions) -> T:
        """Return the result of a call that evaluates expressions with these functions. If it may block, it runs in a thread
        from the start; otherwise it starts on the loop, and restarts in a thread if it takes too long."""
        if not may_block:
            functions.on_loop = True
            try:
                return call()
            except NeedsThread:
                pass
            finally:
                functions.on_loop = False
        return await threaded(partial(functions.measured, call))


async def _acknowledged(execution: Execution, acknowledgement: Acknowledgement | None) -> RunResult:
    """Run; then the message that started the run comes again or not, as the run has said."""
    if acknowledgement is None:
        return await execution.run()
    try:
        result = await execution.run()
        acknowledgement.check()
    except PfnbError as error:
        acknowledgement.mark(error)
        raise
    return result
