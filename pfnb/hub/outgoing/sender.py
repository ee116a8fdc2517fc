"""Sends events to endpoints: a worker within the hub, which waits for other systems but computes nothing."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from pfnb.exceptions import AccessDeniedError, BusyError, OutboundError, PfnbError, RunLimitError
from pfnb.hub.causation import HOPS, hops_after
from pfnb.hub.clock import now
from pfnb.hub.dispatch.dispatcher import Dispatcher
from pfnb.hub.dispatch.feed import Job
from pfnb.hub.outgoing.endpoints import Endpoints
from pfnb.hub.outgoing.message import Messages, sample
from pfnb.hub.records.delivery import Delivery, Outcome
from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.stores.store import Store
from pfnb.hub.supervision import Supervision
from pfnb.hub.tasks import Tasks
from pfnb.language.masking import MASK, Mask
from pfnb.outbound import Answer, Content, Targets, UnansweredError, attempt, place_of, signature_headers
from pfnb.rows.endpoint import Attempt
from pfnb.rows.run import StepRow

STEP = "webhook.endpoint"
"""The command of an attempt, where steps of runs are listed."""
SECONDS = 15.0
"""How long a receiver may take to answer."""
GONE = 410
SHOWN, READ = 300, 2048
"""Characters of an answer that are logged, and bytes that are read for them."""
SHORTEST_SECRET = 6
"""Characters of a header's value that is hidden in logged answers."""
MOST_AT_ONCE, FAILING_AT_ONCE = 128, 16
LARGE = 64 * 1024
LARGE_AT_ONCE = 2
"""Messages with more than LARGE bytes take much memory while they are sent."""
MOST_REST = 60.0
"""The most seconds for which a receiver that asks for a pause gets nothing at all. After that, other events are tried."""


class Lane:
    """Places for requests that are made at the same time."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    @asynccontextmanager
    async def place(self, size: int) -> AsyncIterator[None]:
        # In this order: a large message that waits for another large one takes no place.
        async with self._large if size > LARGE else nullcontext(), self._places:
            yield


@dataclass(slots=True)
class _State:
    """What is known of an endpoint's receiver: whether the last attempt failed, and until when, by `time.monotonic`, it wants to
    rest."""

    failing: bool
    rests_until: float = 0.0


@dataclass(frozen=True, slots=True)
class _Result:
    """An attempt and its answer, None without one. `was_sent`: the receiver was called, so that a failure is its own. After a
    `final` failure there is no other attempt."""

    made: Attempt
    answer: Answer | None = None
    was_sent: bool = True
    final: bool = False

    @property
    def refused(self) -> str | None:
        """Why the receiver wants no more messages, if it says so."""
        is_gone = self.answer is not None and self.answer.status == GONE
        return "its receiver answered 410 Gone" if is_gone else None

    @property
    def retry_after(self) -> float:
        return 0.0 if self.answer is None or self.answer.is_success else self.answer.retry_after or 0.0


class Sender:
    """The worker of all endpoints. Those whose last attempt failed share places of their own: however long their receivers take
    to answer, the others do not wait for them."""

    ahead: Final = 0

    def __init__(
        self, endpoints: Endpoints, messages: Messages, dispatcher: Dispatcher, store: Store, tasks: Tasks
    ) -> None:
        self.session = f"endpoints {uuid.uuid4().hex}"
        self._endpoints = endpoints
        self._messages = messages
        self._dispatcher = dispatcher
        self._store = store
        self._tasks = tasks
        self._well, self._failing = Lane(MOST_AT_ONCE), Lane(FAILING_AT_ONCE)
        self._states: dict[str, _State] = {}

    async def deliver(self, job: Job) -> None:
        """Make one attempt. If this is cancelled, the message may have arrived, and will be sent again."""
        endpoint = self._endpoints.find(job.listener.name)
        if endpoint is None:
            return  # it is being deleted
        earlier = await self._store.deliveries.steps(job.delivery.id) if job.delivery.attempts else []
        state = self._states.setdefault(endpoint.name, _State(endpoint.failing_since is not None))
        await asyncio.sleep(state.rests_until - time.monotonic())
        async with (self._failing if state.failing else self._well).place(job.event.size):
            result = await self._attempt(endpoint, job)
        if result is not None:
            state.failing = result.made["error"] is not None
            if result.retry_after:
                state.rests_until = time.monotonic() + min(result.retry_after, MOST_REST)
        self._tasks.spawn(self._end(endpoint, job, result, earlier), "pfnb endpoint")

    async def test(self, endpoint: Endpoint) -> Attempt:
        """Send a sample message now, once."""
        return (await self._send(endpoint, f"msg_{uuid.uuid4().hex}", sample(now()), {})).made

    def revoke(self, listener: str) -> None:
        self._states.pop(listener, None)

    def discard(self, delivery: Delivery, error: dict[str, Any]) -> None:
        """What is on its way cannot be stopped."""

    async def _attempt(self, endpoint: Endpoint, job: Job) -> _Result | None:
        """None if the endpoint's filter refuses the event."""
        began, clock = now(), time.perf_counter()
        try:
            hops = hops_after(job.event, place_of(endpoint.url))
            if not await self._messages.accepts(endpoint, job.event, job.body):
                return None
            content, more = await self._messages.of(endpoint, job.event, job.body)
        except BusyError:
            raise  # it will pass: this is no attempt
        except PfnbError as error:
            made = _made(began, clock, None, error.message)
            return _Result(made, was_sent=False, final=isinstance(error, RunLimitError))
        return await self._send(endpoint, endpoint.message_id(job.event.id), content, {**more, HOPS: str(hops)})

    async def _send(self, endpoint: Endpoint, message_id: str, content: Content, more: Mapping[str, str]) -> _Result:
        began, clock, place = now(), time.perf_counter(), place_of(endpoint.url)
        try:
            signed = signature_headers(content, await self._endpoints.signing(endpoint), message_id, began // 1000)
            own = await self._endpoints.headers(endpoint)
            headers = {"user-agent": "pfnb", **{name.lower(): value for name, value in own.items()}, **more, **signed}
            targets = Targets.from_environment(os.environ)
            answer = await attempt(targets, endpoint.url, content, headers=headers, seconds=SECONDS, shown=READ)
        except UnansweredError as error:
            return _Result(_made(began, clock, None, f"{place} {error.message}"))
        except PfnbError as error:
            return _Result(_made(began, clock, None, error.message))
        answer = replace(answer, data=_without(answer.data, own.values()))
        problem = None if answer.is_success else Mask().text(f"{place} {answer.described}")
        return _Result(_made(began, clock, answer, problem), answer, final=answer.status == GONE)

    async def _end(
        self, endpoint: Endpoint, job: Job, result: _Result | None, earlier: Sequence[Mapping[str, Any]]
    ) -> None:
        """Store how an attempt ended, with the `earlier` ones, and what it says of the endpoint."""
        outcome = Outcome(succeeded=True) if result is None else _outcome(endpoint, result, earlier)
        # As long as this fails it is repeated: otherwise the message would be sent again.
        supervision = Supervision(f"an attempt for {endpoint.name} could not be stored")
        await supervision.until_done(partial(self._finish, job, outcome, skipped=result is None))
        if result is None:
            return
        if outcome.succeeded:
            await self._endpoints.succeeded(endpoint.id)
        elif result.was_sent:
            await self._endpoints.failed(endpoint.id, result.made["created"], result.refused)

    async def _finish(self, job: Job, outcome: Outcome, *, skipped: bool) -> None:
        with suppress(AccessDeniedError):  # it was discarded, or the endpoint was deleted
            await self._dispatcher.finish(job.delivery.id, job.lease, outcome, skipped=skipped)


def _outcome(endpoint: Endpoint, result: _Result, earlier: Sequence[Mapping[str, Any]]) -> Outcome:
    error = result.made["error"]
    return Outcome(
        succeeded=error is None,
        error=None if error is None else dict(OutboundError(error).to_json()),
        steps=(*map(dict, earlier), _step(endpoint, len(earlier) + 1, result.made)),
        is_dead=result.final,
        retry_after=result.retry_after,
    )


def _without(data: bytes, secrets: Iterable[str]) -> bytes:
    """An answer without values of our own headers, which some receivers repeat."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            data = data.replace(secret.encode(), MASK.encode())
    return data


def _made(began: int, clock: float, answer: Answer | None, error: str | None) -> Attempt:
    text = "" if answer is None else Mask().text(answer.data.decode("utf-8", "replace"))
    return {
        "created": began,
        "milliseconds": round((time.perf_counter() - clock) * 1000, 1),
        "statusCode": None if answer is None else answer.status,
        "answer": " ".join(text.split())[:SHOWN],
        "error": error,
    }


def _step(endpoint: Endpoint, number: int, made: Attempt) -> dict[str, Any]:
    """An attempt as a step of the delivery's run, where lists of runs show it."""
    step: StepRow = {
        "number": number,
        "command": STEP,
        "line": 0,
        "started": made["created"],
        "milliseconds": made["milliseconds"],
        "input": {"url": place_of(endpoint.url)},
        "output": {"statusCode": made["statusCode"], "answer": made["answer"]},
        "error": made["error"],
        "depth": 0,
        "iteration": [],
        "pipeline": None,
    }
    return dict(step)


def attempt_of(step: Mapping[str, Any]) -> Attempt:
    """The attempt in such a step."""
    return {
        "created": step["started"],
        "milliseconds": step["milliseconds"],
        "statusCode": step["output"]["statusCode"],
        "answer": step["output"]["answer"],
        "error": step["error"],
    }
