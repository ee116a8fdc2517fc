"""Commands for the results of events, which senders ask for later with the `correlationId` of the receiver's answer."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import AliasChoices, Field

from pfnb.commands import command
from pfnb.language.command import as_result
from pfnb.language.context import Context
from pfnb.language.response import Response
from pfnb.rows.result import ResultRow, ResultStatus

POLL_SECONDS = 3.0
"""How long `async.poll` waits before it answers with a redirect to itself: so clients that follow it do not ask all the time."""
WAIT_SECONDS = 30.0
Correlation = Annotated[
    str,
    Field(description="The `correlationId` of the event, from the receiver's answer.", min_length=1, max_length=200),
]


@command("async.complete", anonymous=True, in_hub=True)
async def complete(body: Any, context: Context, correlation_id: Correlation) -> ResultRow | None:
    """Give an event its result: the body, or `input`. A caller that waits with `wait=true` gets it at once, one that polls gets
    it from `async.poll`. Only the first result counts: for an event that has one, or is gone, nothing happens. The body stays
    as it is unless it is empty; the state goes to `output` if given.

    Example:
        pipeline:
          - async.complete: {correlationId: 254d7d80-4530-431a-a0cc-c606e8faa406, input: "Done", output: vars.state}
          - body.set: "#{vars.state.status}"
        # => "gone"
    """
    state = await context.hub.complete_result(correlation_id, body)
    return state if body is None or context.has_output else None


@command("async.poll", read_only=True, in_hub=True)
async def poll(
    context: Context,
    correlation_id: Correlation,
    redirect: Annotated[
        bool, Field(description="Over HTTP, answer 301 to the same address as long as there is no result.")
    ] = True,
) -> ResultRow:
    """Ask for the result of an event: `status` is `running`, `finished` with a `value`, `error` with a `statusMessage`,
    `cancelled`, or `gone` for an id that the hub does not know, or no longer: it keeps results for 15 minutes, in memory. Waits
    for up to 3 s unless `redirect` is false.

    The caller over HTTP gets the `statusCode` as the status: 200, 202 while it is running, 410 if it is gone.

    Example:
        pipeline:
          - async.poll: {correlationId: 254d7d80-4530-431a-a0cc-c606e8faa406}
          - body.set: "#{body.status}"
        # => "gone"
    """
    state = await context.hub.get_result(correlation_id, wait=POLL_SECONDS if redirect else 0)
    if state["status"] == "running" and redirect:
        path = urlsplit((await context.hub.describe())["url"]).path.rstrip("/")
        again = f"{path}/api/v3/command/async.poll?correlationId={quote(correlation_id, safe='')}"
        context.response = Response(301, headers={"Location": again, "Cache-Control": "no-store"})
    else:
        context.response = Response(state["statusCode"])
    return state


@command("async.get", aliases=("async.fetch",), read_only=True, in_hub=True)
async def get(
    context: Context,
    correlation_id: Correlation,
    wait: Annotated[bool, Field(description="Wait for the result, for up to 30 s.")] = False,
) -> Any:
    """The result of an event as the body; null while there is none, and the caller over HTTP gets 204. An error, a cancelled
    event and one that is gone are answered as `async.poll` answers them.

    Example:
        pipeline:
          - async.get: {correlationId: 254d7d80-4530-431a-a0cc-c606e8faa406}
          - body.set: "#{body.statusCode}"
        # => 410
    """
    state = await context.hub.get_result(correlation_id, wait=WAIT_SECONDS if wait else 0)
    if state["status"] == "running":
        context.response = Response(204)
        return as_result(None)
    if state["status"] == "finished":
        return as_result(state.get("value"))
    context.response = Response(state["statusCode"])
    return state


@command("async.list", read_only=True, in_hub=True)
async def list_all(
    context: Context,
    status: Annotated[
        ResultStatus | None,
        Field(description="Only events in this state.", validation_alias=AliasChoices("status", "state")),
    ] = None,
) -> list[ResultRow]:
    """List your events that are running or have a result, oldest first, without the values.

    Example:
        pipeline:
          - async.list: {status: running}
        # => []
    """
    return await context.hub.list_results(status)


@command("async.cancel", in_hub=True)
async def cancel(context: Context, correlation_id: Correlation) -> ResultRow:
    """Cancel an event that has no result: its runs are stopped and become `dead`. Does nothing for one that has a result.

    Example:
        pipeline:
          - async.cancel: {correlationId: 254d7d80-4530-431a-a0cc-c606e8faa406}
          - body.set: "#{body.status}"
        # => "gone"
    """
    return await context.hub.cancel_result(correlation_id)


@command("async.ping", anonymous=True, in_hub=True)
async def ping(body: Any, context: Context, correlation_id: Correlation) -> ResultRow | None:
    """Keep an event that has no result for another hour: without a result it is forgotten after that. The body stays as it is
    unless it is empty.

    Example:
        pipeline:
          - async.ping: {correlationId: 254d7d80-4530-431a-a0cc-c606e8faa406}
          - body.set: "#{body.status}"
        # => "gone"
    """
    state = await context.hub.ping_result(correlation_id)
    return state if body is None or context.has_output else None
