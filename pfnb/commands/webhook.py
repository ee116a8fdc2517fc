"""Commands for the hub's webhooks."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.webhook_settings import SPELLINGS, with_settings
from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.language.command import NULL
from pfnb.language.context import Context
from pfnb.presets.description import preset_details, preset_rows
from pfnb.rows.event import EventRow, Receipt
from pfnb.rows.webhook import HandshakeState, PresetDetails, PresetRow, RefusedRow, WebhookRow
from pfnb.uuid_tail import masked_uuid

_SHOWN = 5

Uuid = Annotated[str, Field(description="The webhook's uuid, also called its token.", validation_alias="token")]


@command("webhook.put", in_hub=True)
@with_settings
async def put(
    context: Context,
    uuid: Annotated[
        str | None, Field(description="Update this webhook, or create one under this uuid.", validation_alias="token")
    ] = None,
    secret: Annotated[
        str | list[str] | None,
        Field(description="The sender's secret, where its preset wants it: signature.secret or auth.value."),
    ] = None,
    **settings: Any,
) -> WebhookRow:
    """Create a webhook, or update one by its uuid. Returns the webhook with its URL.

    A `preset` sets up the webhook for a well-known sender; the result's `hint` says where its settings have the URL.

    Example:
        pipeline:
          - webhook.put: {eventKey: webhook.lead.created, payloadType: raw}
          - body.set: "#{body.payloadType}"
        # => "raw"
    """
    fields = {"uuid": uuid, "secret": secret, **{SPELLINGS[name]: value for name, value in settings.items()}}
    return await context.hub.put_webhook({name: value for name, value in fields.items() if value is not None})


@command("webhook.get", read_only=True, in_hub=True)
async def get(
    context: Context,
    uuid: Annotated[str | None, Field(description="Only this webhook.", validation_alias="token")] = None,
    event_key: Annotated[
        str | None,
        Field(description="Only webhooks that fire this key.", json_schema_extra={"format": "event-key"}),
    ] = None,
) -> list[WebhookRow]:
    """List your webhooks.

    Example:
        pipeline:
          - webhook.put: {eventKey: webhook.lead.created}
          - webhook.get: {eventKey: webhook.lead.created}
          - body.set: "#{body.![eventKey]}"
        # => ["webhook.lead.created"]
    """
    return await context.hub.get_webhooks(uuid=uuid or None, event_key=event_key or None)


@command("webhook.delete", in_hub=True)
async def delete(context: Context, uuid: Uuid) -> Any:
    """Delete a webhook. Returns the deleted webhook; null if you have none of this uuid.

    Example:
        pipeline:
          - webhook.put: {eventKey: webhook.lead.created}
          - webhook.delete: {uuid: "#{body.uuid}"}
          - body.set: "#{body.active}"
        # => false
    """
    try:
        return await context.hub.delete_webhook(uuid)
    except NotFoundError:
        return NULL


@command("webhook.rotate", in_hub=True)
async def rotate(
    context: Context,
    uuid: Uuid,
    overlap: Annotated[float, Field(description="Seconds for which the old uuid still works.", ge=0)] = 3600.0,
) -> WebhookRow:
    """Give a webhook a new uuid, such as after a leak of the old one. Returns the webhook with its new uuid.

    Example:
        pipeline:
          - webhook.put: {eventKey: webhook.lead.created}
          - webhook.rotate: {uuid: "#{body.uuid}", overlap: 60}
          - body.set: "#{body.active}"
        # => true
    """
    return await context.hub.rotate_webhook(uuid, overlap=overlap)


@command("webhook.handshake", read_only=True, in_hub=True)
async def handshake(context: Context, uuid: Uuid) -> HandshakeState:
    """Show the newest handshake of a webhook, and what its owner may need to finish it at the sender.

    `verifyToken` is what the sender must send along, where it asks for such a token. `secret` is what the sender has handed over.

    Example:
        pipeline:
          - webhook.put: {eventKey: webhook.lead.created, preset: notion}
          - webhook.handshake: {uuid: "#{body.uuid}"}
          - body.set: "#{body.preset}"
        # => "notion"
    """
    return await context.hub.get_handshake(uuid)


@command("webhook.receive", shorthand="token")
async def receive(
    body: Any,
    context: Context,
    token: Annotated[str, Field(description="The webhook's uuid, also called its token.", validation_alias="uuid")],
    polling_redirect_enabled: Annotated[
        bool, Field(description="Whether to wait for the result, which only a call over HTTP can.")
    ] = False,
) -> Receipt:
    """Call a webhook of this hub with the body, as an unknown caller would. Returns a receipt, and does not wait for pipelines.

    The receipt is the same if there is no such webhook. A webhook that wants a signature or a password refuses the call: use
    `webhook.send` for it, which sends headers.

    Example:
        pipeline:
          - webhook.put: {eventKey: webhook.lead.created}
          - webhook.receive: {token: "#{body.uuid}"}
          - body.set: "#{body.status}"
        # => "running"
    """
    if polling_redirect_enabled:
        raise ParameterError(
            "webhook.receive: a step does not wait for a webhook's pipelines: run them with pipeline.start, or leave out "
            "pollingRedirectEnabled"
        )
    return await context.hub.receive_webhook(token, body)


@command("webhook.presets", read_only=True)
def presets(
    preset: Annotated[
        str | None,
        Field(description="Only this one, with its settings and a sample.", json_schema_extra={"format": "preset"}),
    ] = None,
) -> list[PresetRow] | PresetDetails:
    """List the presets: senders whose signatures, handshakes and repetitions `webhook.put` knows by one word.

    Example:
        pipeline:
          - webhook.presets: {preset: slack}
          - body.set: "#{body.handshake}"
        # => "url_verification"
    """
    return preset_rows() if preset is None else preset_details(preset)


@command("webhook.receive.logs", read_only=True, in_hub=True)
async def logs(
    context: Context,
    uuid: Annotated[
        str | None, Field(description="The webhook's uuid, also called its token.", validation_alias="token")
    ] = None,
    event_key: Annotated[
        str | None,
        Field(
            description="Instead of `uuid`: the key that it fires, if only one of your webhooks does.",
            json_schema_extra={"format": "event-key"},
        ),
    ] = None,
    limit: Annotated[int, Field(description="Maximum number of rows.", ge=1, le=10_000)] = 100,
    before: Annotated[str | None, Field(description="Only requests older than the request with this id.")] = None,
    refused: Annotated[bool, Field(description="List what was refused instead.")] = False,
) -> list[EventRow] | list[RefusedRow]:
    """List the requests that a webhook has received, newest first, exactly as they came.

    One result has at most 16 MiB of bodies, so it may be shorter than `limit`. To continue, pass the id of its last row as
    `before`, until the list is empty.

    With `refused`, lists the newest 20 refused requests: time, status, reason, size of the body, its limit, and how many were
    refused with this status since the webhook was created.

    Example:
        pipeline:
          - webhook.put: {eventKey: webhook.lead.created}
          - webhook.receive.logs: {eventKey: webhook.lead.created, limit: 10}
        # => []
    """
    uuid = uuid or await _only_one(context, event_key)
    if refused:
        return await context.hub.webhook_logs(uuid, limit=limit, refused=True)
    return await context.hub.webhook_logs(uuid, limit=limit, before=before)


async def _only_one(context: Context, event_key: str | None) -> str:
    """The uuid of the user's webhook that fires this key. Raises ParameterError if several do, NotFoundError if none does."""
    if not event_key:
        raise ParameterError('webhook.receive.logs needs the parameter "uuid", or "eventKey"')
    found = await context.hub.get_webhooks(uuid=None, event_key=event_key)
    if not found:
        raise NotFoundError(f"you have no webhook that fires {event_key}: `webhook.get` lists yours")
    if len(found) > 1:
        uuids = ", ".join(masked_uuid(one["uuid"]) for one in found[:_SHOWN])
        raise ParameterError(f"{len(found)} of your webhooks fire {event_key}: give the uuid of one ({uuids})")
    return found[0]["uuid"]
