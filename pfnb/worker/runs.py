"""The runs of a worker: stored pipelines for events, as anonymousUser, and requests of callers, as those callers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import lru_cache, partial

from pfnb.client.attempt import attempt, report, until_ended
from pfnb.client.cause import CAUSE
from pfnb.client.contents import Unreadable
from pfnb.client.delivery import body_of, event_of
from pfnb.client.ends import Ends
from pfnb.client.journal import note
from pfnb.client.outcome import failed
from pfnb.client.port import Caller, Naming, Patient, session_port
from pfnb.exceptions import AccessDeniedError, HubUnreachableError, PfnbError
from pfnb.http.answers import answer_of
from pfnb.http.errors import error_answer
from pfnb.http.json_text import to_json
from pfnb.http.wire import OWNER, RUN
from pfnb.hub.workers.callers import Answer
from pfnb.language.budget import Budget, granted
from pfnb.language.offload import maybe_threaded
from pfnb.language.pipeline import Pipeline
from pfnb.language.port import ANONYMOUS, HubPort, User
from pfnb.language.reading.parser import command_pipeline, parse_form, parse_pipeline, parse_stored
from pfnb.language.run import RunResult
from pfnb.language.running.calls import LARGE
from pfnb.language.running.runner import Runner
from pfnb.rows.run import Outcome, StoredDeliveryFrame
from pfnb.rows.session import CallerFrame

JSON = "application/json"
MAX_PARSED = 2_000
"""The most parsed pipelines in the cache."""


class Runs:
    """Call all methods on the loop."""

    def __init__(self, runner: Runner, hub: Caller) -> None:
        self._runner = runner
        self._hub = hub
        self._ends = Ends(hub)
        self._parse = lru_cache(MAX_PARSED)(partial(parse_stored, registry=runner.registry))
        self._running: dict[str, set[asyncio.Task[None]]] = {}
        self._callers: dict[int, asyncio.Task[None]] = {}

    def take(self, delivery: StoredDeliveryFrame) -> None:
        """Begin a run of a stored pipeline."""
        task = asyncio.create_task(self._work(delivery), name=delivery["delivery"])
        running = self._running.setdefault(delivery["listener"], set())
        running.add(task)
        task.add_done_callback(running.discard)

    def take_callers(self, asked: CallerFrame) -> None:
        """Begin a run that a caller asked for."""
        task = self._callers[asked["run"]] = asyncio.create_task(self._answer(asked))
        task.add_done_callback(lambda _: self._callers.pop(asked["run"]))

    def stop_caller(self, number: int) -> None:
        """Cancel a run whose caller has left."""
        if (task := self._callers.get(number)) is not None:
            task.cancel()

    def cut_off(self, name: str) -> None:
        """Cancel the runs of a pipeline that was deleted or changed."""
        for task in self._running.pop(name, ()):
            task.cancel()

    def discard(self, number: str, name: str) -> None:
        """Cancel the run of a delivery that was set aside."""
        for task in self._running.get(name, ()):
            if task.get_name() == number:
                task.cancel()

    async def _work(self, delivery: StoredDeliveryFrame) -> None:
        CAUSE.set(delivery["delivery"])
        outcome = await until_ended(partial(self._attempt, delivery))
        if outcome is not None:
            with suppress(AccessDeniedError):  # The pipeline has changed: the delivery was handed out again.
                await report(self._ends, delivery, outcome, partial(_broken_off, delivery))

    async def _answer(self, asked: CallerFrame) -> None:
        """Run what a caller asked for, and send the answer."""
        hub = session_port(Naming(self._hub, RUN, asked["run"]))
        user = User(asked["user"]["name"], frozenset(asked["user"]["roles"]))
        try:
            with granted(Budget(user.name)):
                pipeline = await self._asked_pipeline(asked)
            given = {"body": asked["body"], "vars": asked.get("vars"), "name": asked["name"]}
            result = await self._runner.run(pipeline, user=user, owner=user, hub=hub, **given)
            await self._send(asked["run"], await answer_of(result, hub))
        except Exception as error:
            # Nobody else could report the error to the caller.
            status, body, headers = error_answer(error)
            await self._send(asked["run"], Answer(status, {"Content-Type": JSON, **headers}, to_json(body).encode()))

    async def _asked_pipeline(self, asked: CallerFrame) -> Pipeline:
        registry = self._runner.registry
        if (command := asked.get("command")) is not None:
            return command_pipeline(command, asked["parameters"], registry)
        text, parse = (asked["pipeline"], parse_pipeline) if "pipeline" in asked else (asked["form"], parse_form)
        return await maybe_threaded(len(text) > LARGE, partial(parse, text, registry))

    async def _send(self, run: int, answer: Answer) -> None:
        fields = {"run": run, "status": answer.status, "headers": dict(answer.headers), "content": answer.content}
        with suppress(AccessDeniedError, HubUnreachableError):  # nobody waits for the answer any more
            await self._hub.call("answer_run", fields, answer.body)

    async def _attempt(self, delivery: StoredDeliveryFrame) -> Outcome | None:
        hub = session_port(Patient(Naming(self._hub, OWNER, delivery["owner"]["name"])))
        outcome, _ = await attempt(partial(self._run, delivery, hub), delivery, hub)
        return outcome

    async def _run(self, delivery: StoredDeliveryFrame, hub: HubPort) -> RunResult:
        name, entry = delivery["listener"], delivery["entry"]
        source, owner = delivery["source"], delivery["owner"]
        pipeline = await maybe_threaded(len(source) > LARGE, partial(self._parse, source))
        user = User(owner["name"], frozenset(owner["roles"]))
        # A job gets nothing of the event: so nobody's data can be in its run, which is its owner's.
        is_job = pipeline.job is not None
        return await self._runner.run(
            pipeline,
            user=user if is_job else ANONYMOUS,
            owner=user,
            hub=hub,
            body=None if is_job else body_of(delivery, pipeline.listen),
            event=None if is_job else event_of(delivery, Unreadable()),
            log=lambda level, message: note(level, name, message, entry["traceId"]),
            name=name,
        )


async def _broken_off(delivery: StoredDeliveryFrame, error: PfnbError) -> Outcome:
    note("ERROR", delivery["listener"], f"failed: {error}", delivery["entry"]["traceId"])
    return await failed(error)
