"""Expressions over a request that is not stored yet, such as a webhook's `repeatBy`. They are bounded, and run in threads: what
strangers send and owners write must not hold up the receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pfnb.exceptions import PelEvaluationError
from pfnb.functions import registry
from pfnb.hub.payload import event_object
from pfnb.hub.receiving.request import Body, Limits
from pfnb.hub.records.event import Event
from pfnb.hub.stores.bodies import read_body
from pfnb.language.budget import Budget, granted
from pfnb.language.pel import Template
from pfnb.language.sizes import size_text
from pfnb.language.threads import Threads

THREADS: Final = Threads("pfnb-door", threads=2, share=1)
SECONDS = 1.0
"""For one expression, waiting for a thread included."""
LONGEST = Limits.json
"""Expressions do not see longer bodies: parsing them for strangers would hold up everybody else."""


async def value_over(
    template: Template, event: Event, body: Body, variables: Mapping[str, Any] | None = None, *, longest: int = LONGEST
) -> Any:
    """The value of an expression whose `body` is the event, with its payload as payloadType=raw gives it, and whose `vars` are
    the variables. PelEvaluationError if there is none, if it takes too long, or for a payload that is needed but too long."""
    future = THREADS.submit(event.owner, lambda: _value(template, event, body, variables or {}, longest))
    try:
        async with asyncio.timeout(SECONDS):
            return await asyncio.wrap_future(future)
    except TimeoutError:
        THREADS.stop(future)
        raise PelEvaluationError(f"it took longer than {SECONDS:g} s: make it simpler") from None


def _value(template: Template, event: Event, body: Body, variables: Mapping[str, Any], longest: int) -> Any:
    fits = body.size <= longest
    read = read_body(body) if fits else b""
    seen = event_object(event, payload_type="raw" if fits else "ignore", body=read)
    # A stranger's body becomes no file here, so what refers to one cannot be loaded.
    scope: dict[str, Any] = {"vars": dict(variables), "body": seen, "headers": {}}
    budget = Budget(event.owner, seconds=SECONDS)
    try:
        with granted(budget), budget.measured():
            return template.evaluate(scope, registry)
    except PelEvaluationError as error:
        if fits:
            raise
        raise PelEvaluationError(
            f"{error.message} (the body has {body.size:,} bytes, and expressions see at most {size_text(longest)})"
        ) from None
