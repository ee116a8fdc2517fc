"""Commands for messages. Each is an event of the same key, whose payload is the body of the pipelines that receive it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pfnb.commands import command
from pfnb.exceptions import ParameterError
from pfnb.language.acknowledgement import Answer
from pfnb.language.context import Context
from pfnb.language.gathering import MAX_SIZE
from pfnb.language.parameters import UNSET
from pfnb.language.pel.values import is_list
from pfnb.rows.event import SentEvent

EXCHANGE = "pipeforce.default.topic"
JSON = "application/json"
COMPLETE, CANCEL = "async.complete.", "async.cancel."


def _known_exchange(name: str | None) -> str | None:
    if name in (None, "", EXCHANGE):
        return name
    raise ValueError(f"a hub has one exchange, {EXCHANGE}: leave it out, and tell messages apart by their keys")


def _managed(value: bool | None) -> bool | None:
    if value is not False:
        return value
    raise ValueError("each pipeline has a queue of its own, which is created and deleted with it: leave this out")


def _utf8(name: str) -> str:
    if name.replace("_", "-").upper() in ("UTF-8", "UTF8"):
        return name
    raise ValueError("messages are always UTF-8")


Exchange = Annotated[
    str | None, AfterValidator(_known_exchange), Field(description=f"The only one is the default, `{EXCHANGE}`.")
]
Key = Field(min_length=1, json_schema_extra={"format": "event-key"})


@command("message.send", in_hub=True)
async def send(
    body: Any,
    context: Context,
    key: Annotated[str, Key, Field(description="The routing key: words joined by dots.")],
    payload: Annotated[
        Any, Field(description="What receivers get as their body; JSON also as a text. Default: the body.")
    ] = UNSET,
    content_type: Annotated[
        str, Field(description="The type of a text that is not JSON, as its receivers read it in `valueType`.")
    ] = JSON,
    exchange: Exchange = None,  # noqa: ARG001 - checked as it is read
    encoding: Annotated[str, AfterValidator(_utf8), Field(description="Messages are always UTF-8.")] = "UTF-8",  # noqa: ARG001
) -> SentEvent | None:
    """Send a message to the pipelines that receive its key by `message.receive`; also to those that listen for it by
    `event.listen`. The body stays as it is unless it is empty; `id`, `traceId` and the like go to `output` if given.

    One with the key `async.complete.ID` or `async.cancel.ID` also does what `async.complete` and `async.cancel` do.

    A text that is not JSON arrives as `{"status": 200, "valueType": "string", "value": TEXT}`.

    Example:
        pipeline:
          - message.send: {key: sales.order.created, payload: {customer: Ada}}
          - body.set: "#{body.eventKey}"
        # => "sales.order.created"
    """
    data = _enveloped(body if payload is UNSET else payload, content_type)
    if key.startswith(COMPLETE):
        await context.hub.complete_result(key.removeprefix(COMPLETE), data)
    elif key.startswith(CANCEL):
        await context.hub.cancel_result(key.removeprefix(CANCEL))
    sent = await context.hub.send_event(key, data)
    return sent if body is None or context.has_output else None


def _enveloped(payload: Any, content_type: str) -> Any:
    """The payload as its receivers read it: maps, lists and null as they are, any other value in an envelope."""
    if isinstance(payload, str):
        if not payload:
            return None
        with suppress(ValueError, RecursionError):
            payload = json.loads(payload)
    if payload is None or isinstance(payload, dict) or is_list(payload):
        return payload
    plain = content_type.split(";")[0].strip().lower() == JSON
    return {"status": 200, "valueType": _type_of(payload) if plain else content_type, "value": payload}


def _type_of(value: Any) -> str:
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "string")


@command("message.receive", anonymous=True, in_hub=True, comes_first=True)
async def receive(
    key: Annotated[
        str, Key, Field(description="The routing key or pattern: `*` matches one word, `#` any number of words.")
    ],
    autoack: Annotated[
        bool,
        Field(
            description="Whether a message is done with once it arrives. If not, it comes again after a run that failed."
        ),
    ] = True,
    max_batch_items: Annotated[
        int | None,
        Field(
            description="Run once for up to so many messages, with the list of them as the body, 5 seconds after the first one "
            "at the latest. The header `batch` says the same, and how long to wait.",
            le=MAX_SIZE,
        ),
    ] = None,
    exchange: Exchange = None,
    manage_queue: Annotated[
        Literal["create", "create,delete"],
        Field(description="Each pipeline has a queue of its own, which is created and deleted with it."),
    ] = "create",
    managed: Annotated[
        bool | None, AfterValidator(_managed), Field(description="The older spelling of `manageQueue`.")
    ] = None,
    delete_queue: Annotated[bool | None, Field(description="The older spelling of `manageQueue`.")] = None,
) -> None:
    """Make this pipeline a receiver: it runs for each message with this key, with the message's payload as its body. First step
    only. It also receives events with this key.

    With `autoack: false` the run says what becomes of the message, by `message.ack`, `message.nack` or `message.drop`. If it
    says nothing, a run that succeeded acknowledges it, and after a failed one it comes again: up to 10 times, after 1 s, 2 s,
    4 s and so on, unless the header `retry` says otherwise. After that its delivery is `dead`.

    These parameters are read from the pipeline before it runs; the step itself does nothing. A `body` in the pipeline replaces
    the message when it is run by hand.

    Example:
        pipeline:
          - message.receive: {key: sales.order.*}
          - body.set: "Hello #{body.customer}"
        body: {customer: Ada}
        # => "Hello Ada"
    """


@command("message.ack", anonymous=True, in_hub=True)
async def ack(context: Context) -> None:
    """Acknowledge the message that started this run: it does not come again, even if a later step fails. For pipelines that begin
    with `message.receive` and `autoack: false`.

    Example:
        pipeline:
          - message.receive: {key: sales.order.created, autoack: false}
          - message.ack:
          - body.set: "got #{body.customer}"
        body: {customer: Ada}
        # => "got Ada"
    """
    _answer(context, "ack")


@command("message.nack", anonymous=True, in_hub=True)
async def nack(context: Context) -> None:
    """Return the message that started this run: it comes again once the run has ended, as after a failed run. For pipelines that
    begin with `message.receive` and `autoack: false`.

    Example:
        pipeline:
          - message.receive: {key: sales.order.created, autoack: false}
          - message.nack: {if: "#{body.stock < 1}"}
          - body.set: "shipped"
        body: {stock: 3}
        # => "shipped"
    """
    _answer(context, "nack")


@command("message.drop", anonymous=True, in_hub=True)
async def drop(context: Context) -> None:
    """Drop the message that started this run: it does not come again. For pipelines that begin with `message.receive` and
    `autoack: false`.

    Example:
        pipeline:
          - message.receive: {key: sales.order.created, autoack: false}
          - message.drop: {if: "#{body.customer == null}"}
          - body.set: "for #{body.customer}"
        body: {customer: Ada}
        # => "for Ada"
    """
    _answer(context, "drop")


def _answer(context: Context, answer: Answer) -> None:
    if context.event is None:
        return  # run by hand: there is no message
    if context.acknowledgement is None:
        raise ParameterError(
            f"message.{answer}: this run's message needs no answer: it is for pipelines that begin with message.receive and "
            "autoack: false"
        )
    context.acknowledgement.give(answer)
