"""Runs pipelines, with what all runs of a process have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from pfnb.language.command import CommandRegistry
from pfnb.language.context import Context, LogSink, log_to_logger
from pfnb.language.execution import Execution
from pfnb.language.function import registry as registered_functions
from pfnb.language.listen import filter_accepts
from pfnb.language.offload import threaded
from pfnb.language.pel import RunFunctions
from pfnb.language.pipeline import Pipeline
from pfnb.language.port import HubPort, User
from pfnb.language.run import RunResult
from pfnb.language.scope import Scope, may_block, starting_scope
from pfnb.language.trace import Limits, Trace

CallMain = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Calls a function on the kernel's main thread and awaits its result."""


EVALUATIONS = 4
"""How many expressions are evaluated in threads at once: fewer than asyncio has threads, for one may wait for a file that a
thread has yet to read."""

T = TypeVar("T")


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
        self._evaluating = asyncio.Semaphore(EVALUATIONS)

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
        """Run a pipeline as `user`; `owner`, whom it belongs to, may be switched to by `iam.run.as` (default: the user). By its
        name, or its path, the hub's audit log tells it.

        `event` is handed to commands that ask for it, and is the body unless a body is given; if the filter of
        `event.listen` refuses it, the result is `skipped`. Raises the PfnbError that ended the run, with line, column
        and step; `run.steps_of(error)` tells the steps until then.
        """
        context = Context(
            scope=Scope(None, {}, {}),
            user=user,
            owner=owner or user,
            hub=hub,
            event=event,
            log=log or log_to_logger,
            pipeline=name,
        )
        limits = self.limits if pipeline.rules.tracing else replace(self.limits, records=0)
        given = body if body is not None else event
        execution = await self.prepare(
            pipeline, context, Trace(limits), body=given, vars=vars or {}, headers=headers or {}
        )
        if event is not None and pipeline.listen is not None and pipeline.listen.filter is not None:
            accepts = partial(filter_accepts, pipeline, context.scope, execution.functions)
            if not await self.evaluated(pipeline.listen.filter.code.may_block, accepts):
                return RunResult(body=context.scope.body, skipped=True)
        return await execution.run()

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
        """A run that has not begun; its context gets the scope it begins with (see `scope.starting_scope`)."""
        functions = RunFunctions(self.functions, context, asyncio.get_running_loop())
        execution = Execution(
            self, pipeline, context, functions, trace, way
        )  # before, for variables may call pipelines
        context.scope = execution.scope = await self.evaluated(
            may_block([dict(pipeline.vars), pipeline.body]),
            partial(starting_scope, pipeline, body, vars, headers, functions),
        )
        return execution

    async def evaluated(self, may_block: bool, call: Callable[[], T]) -> T:
        """What a call that evaluates expressions returns; one that may take long is made in a thread."""
        if not may_block:
            return call()
        async with self._evaluating:
            return await threaded(call)
