"""Commands for events: listening, firing, and managing deliveries."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import ParameterError
from pfnb.language.context import Context
from pfnb.language.deferred import Lazy
from pfnb.language.topics import topic_matches
from pfnb.rows.delivery import RunRow
from pfnb.rows.event import SentEvent
from pfnb.rows.listener import EventMapping


@command("event.listen", anonymous=True, in_hub=True, comes_first=True)
async def listen(
    key: Annotated[
        str,
        Field(
            description="Event key or pattern: `*` matches one word, `#` any number of words.",
            min_length=1,
            validation_alias="eventKey",
            json_schema_extra={"format": "event-key"},
        ),
    ],
    filter: Annotated[  # noqa: A002
        Lazy | None, Field(description="An expression with the event as `body`: if false, the pipeline does not run.")
    ] = None,
    selector: Annotated[Lazy | None, Field(description="The same as `filter`, and instead of it.")] = None,
) -> None:
    """Make this pipeline a listener: it runs for each event with this key, with the event as its body. First step only.

    Key and filter are read from the pipeline before it runs; the step itself does nothing. A `body` in the pipeline replaces
    the event when it is run by hand.

    Example:
        pipeline:
          - event.listen: {eventKey: webhook.lead.*, filter: "body.payload.age >= 18"}
          - body.set: "Hello #{body.payload.name}"
        body: {payload: {name: Ada, age: 36}}
        # => "Hello Ada"
    """


@command("event.send", in_hub=True)
async def send(
    body: Any,
    context: Context,
    key: Annotated[
        str,
        Field(
            description="The event's key.",
            min_length=1,
            validation_alias="eventKey",
            json_schema_extra={"format": "event-key"},
        ),
    ],
    payload: Annotated[Any, Field(description="The payload: listeners read it as `body.payload`.")] = None,
    correlation_id: Annotated[str | None, Field(description="Ties this event to others.")] = None,
    async_: Annotated[bool, Field(description="Events are always sent without waiting for listeners.")] = True,
) -> SentEvent | None:
    """Fire an event. The body stays as it is unless it is empty; `id`, `traceId` and the like go to `output` if given.

    Example:
        pipeline:
          - event.send: {key: lead.checked, payload: {score: 7}}
          - body.set: "#{body.eventKey}"
        # => "lead.checked"
    """
    if not async_:
        raise ParameterError(
            "event.send: events are always sent without waiting for their listeners: leave out async: false"
        )
    sent = await context.hub.send_event(key, payload, correlation_id=correlation_id)
    return sent if body is None or context.has_output else None


@command("event.mapping.get", read_only=True, in_hub=True)
async def mapping(
    context: Context,
    key: Annotated[
        str | None,
        Field(
            description="Only the pipelines that an event of this key would reach.",
            validation_alias="eventKey",
            json_schema_extra={"format": "event-key"},
        ),
    ] = None,
) -> list[EventMapping]:
    """List your listening pipelines: `eventKey`, `pipeline`, and its `notebook`, null for a stored one.

    Example:
        pipeline:
          - pipeline.put: {path: global/app/demo/lead, value: {pipeline: [{event.listen: {key: lead.*}}]}}
          - event.mapping.get: {key: lead.created}
        # => [{"eventKey": "lead.*", "pipeline": "global/app/demo/lead", "notebook": null}]
    """
    mappings = await context.hub.event_mappings()
    return [one for one in mappings if key is None or topic_matches(one["eventKey"], key)]


@command("event.delivery.failed", read_only=True, in_hub=True)
async def failed(
    context: Context,
    limit: Annotated[int, Field(description="Maximum number of rows.", ge=1, le=10_000)] = 20,
) -> list[RunRow]:
    """List your deliveries that failed, are `dead`, are being retried, or are running, newest event first. A delivery is one
    event for one pipeline: `id`, `listener`, `status`, `attempts`, `error`, `eventId`, `eventKey`, `created`; a running one has
    its seconds so far as `runningFor`.

    Example:
        pipeline:
          - event.delivery.failed: {limit: 5}
        # => []
    """
    return await context.hub.list_failed(limit=limit)


@command("event.delivery.discard", in_hub=True)
async def discard(
    context: Context,
    delivery: Annotated[
        int,
        Field(description="The delivery's number, as `event.delivery.failed` and `%pipeline history` show it.", ge=1),
    ],
    reason: Annotated[str | None, Field(description="The reason, for readers of the history.", max_length=500)] = None,
) -> RunRow:
    """Discard one of your deliveries that is waiting, running, to be retried, or failed. It becomes `dead`, and its error says
    who did that and why. Its run is stopped, and the next deliveries proceed. To run it after all, replay its event.

    Example:
        pipeline:
          - event.delivery.discard: {delivery: 7}
          - except: {drop: true}
          - body.set: "#{exception.message}"
          - except.end:
        # => "there is no delivery 7"
    """
    return await context.hub.discard_delivery(str(delivery), reason=reason)
