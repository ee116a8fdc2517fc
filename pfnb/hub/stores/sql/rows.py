"""Conversion between rows and the hub's values, in both directions. Fields that are only read as a whole are one JSON text."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from pfnb.commands.webhook_settings import WebhookSettings
from pfnb.hub.receiving.request import Body, FilePart
from pfnb.hub.records.delivery import Delivery, Listener
from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.records.event import Event
from pfnb.hub.records.property import Attachment, Lock, Property
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.sql import schema
from pfnb.language.gathering import gathering_of
from pfnb.language.retry import Retry

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode

ATTACHMENT_COLUMNS = tuple(column for column in schema.attachments.c if column.name not in ("body", "body_file"))
PROPERTY_COLUMNS = tuple(schema.properties.c[one.name] for one in fields(Property))
EVENT_COLUMNS = tuple(column for column in schema.events.c if column.name not in ("body", "body_file"))
_WITHOUT_COLUMN = tuple(one.name for one in fields(WebhookSettings) if one.name not in schema.webhooks.c)
"""The settings of webhooks that need no column, since no query reads them."""


def event_row(event: Event, body: Body, seq: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "id": event.id,
        "event_key": event.event_key,
        "namespace": event.namespace,
        "trace_id": event.trace_id,
        "correlation_id": event.correlation_id,
        "created": event.created,
        "webhook": event.webhook,
        "method": event.method,
        "head": _ENCODE(_head(event)),
        "content_type": event.content_type,
        "size": event.size,
        "payload_type": event.payload_type,
        "body": body.data,
        "body_file": body.path.name if body.path is not None else None,
        "owner": event.owner,
        "repeat_key": event.repeat_key,
    }


def _head(event: Event) -> dict[str, Any]:
    head: dict[str, Any] = {"headers": event.headers}
    if event.path:
        head["path"] = event.path
    if event.query:
        head["query"] = event.query
    if event.raw_query:
        head["raw_query"] = event.raw_query
    if event.remote_address:
        head["remote_address"] = event.remote_address
    if event.fields:
        head["fields"] = event.fields
    if event.files:
        head["files"] = [asdict(file) for file in event.files]
    if event.conflict:
        head["conflict"] = event.conflict
    if event.notebook:
        head["notebook"] = event.notebook
    if event.causation:
        head["causation"] = event.causation
    return head


def to_event(row: sa.Row[*tuple[Any, ...]]) -> Event:
    head = json.loads(row.head)
    return Event(
        id=row.id,
        event_key=row.event_key,
        namespace=row.namespace,
        trace_id=row.trace_id,
        correlation_id=row.correlation_id,
        created=row.created,
        owner=row.owner,
        webhook=row.webhook,
        method=row.method,
        path=head.get("path", {}),
        query=head.get("query", {}),
        raw_query=head.get("raw_query", ""),
        remote_address=head.get("remote_address", ""),
        headers=head["headers"],
        content_type=row.content_type,
        size=row.size,
        fields=head.get("fields", {}),
        files=tuple(FilePart(**file) for file in head.get("files", ())),
        payload_type=row.payload_type,
        seq=row.seq,
        repeat_key=row.repeat_key,
        conflict=head.get("conflict"),
        notebook=head.get("notebook", ""),
        causation=tuple(head.get("causation", ())),
    )


def delivery_row(delivery: Delivery, seq: int, owner: str) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event_seq": seq,
        "listener": delivery.listener,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "owner": owner,
    }


def to_delivery(row: sa.Row[*tuple[Any, ...]]) -> Delivery:
    """From a row of deliveries joined with its event's id, labelled `event_id`."""
    return Delivery(
        id=row.number,
        event_id=row.event_id,
        listener=row.listener,
        status=row.status,
        attempts=row.attempts,
        error=json.loads(row.error) if row.error else None,
        not_before=row.not_before,
        alone=row.alone,
    )


def webhook_row(webhook: Webhook) -> dict[str, Any]:
    """Without its notebooks, which have a table of their own. Settings without a column are one JSON text."""
    row = {column.name: getattr(webhook, column.name) for column in schema.webhooks.c if column.name != "settings"}
    return {**row, "settings": _ENCODE({name: getattr(webhook, name) for name in _WITHOUT_COLUMN})}


def webhook_notebooks_row(webhook: Webhook) -> dict[str, Any]:
    return {"uuid": webhook.uuid, "notebooks": _ENCODE(webhook.notebooks)}


def to_webhook(row: sa.Row[*tuple[Any, ...]]) -> Webhook:
    """From a row of webhooks joined with its notebooks, if there are any."""
    given = {**row._mapping, "notebooks": tuple(json.loads(row.notebooks or "[]"))}
    settings = json.loads(given.pop("settings"))
    return Webhook(**given, **settings)


def listener_row(listener: Listener) -> dict[str, Any]:
    row = asdict(listener)
    gathering = listener.gathering
    return {
        **row,
        "retry": _ENCODE(row["retry"]) if listener.retry is not None else None,
        "gathering": _ENCODE(gathering.to_json()) if gathering is not None else None,
    }


def to_listener(row: sa.Row[*tuple[Any, ...]]) -> Listener:
    return Listener(
        **{
            **row._mapping,
            "retry": Retry(**json.loads(row.retry)) if row.retry else None,
            "gathering": gathering_of(json.loads(row.gathering)) if row.gathering else None,
        }
    )


def endpoint_row(endpoint: Endpoint) -> dict[str, Any]:
    return {"id": endpoint.id, "record": _ENCODE(asdict(endpoint))}


def to_endpoint(row: sa.Row[*tuple[Any, ...]]) -> Endpoint:
    return Endpoint(**json.loads(row.record))


def property_row(given: Property) -> dict[str, Any]:
    lock = None if given.lock is None else _ENCODE(given.lock.to_record())
    return {**asdict(given), "tags": _ENCODE(given.tags), "expires": given.expires, "lock": lock}


def to_property(row: sa.Row[*tuple[Any, ...]]) -> Property:
    """From a row of PROPERTY_COLUMNS. By position, not by name: listings have thousands."""
    path, uuid, owner, created, updated, type_, value, default, time_to_live, tags, lock = row
    kept = json.loads(tags) if tags != "{}" else {}
    locked = None if lock is None else Lock(**json.loads(lock))
    return Property(path, uuid, owner, created, updated, type_, value, default, time_to_live, kept, locked)


def attachment_row(attachment: Attachment, body: Body) -> dict[str, Any]:
    return {
        **asdict(attachment),
        "body": body.data,
        "body_file": body.path.name if body.path is not None else None,
    }


def to_attachment(row: sa.Row[*tuple[Any, ...]]) -> Attachment:
    return Attachment(**row._mapping)
