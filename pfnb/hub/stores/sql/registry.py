"""Webhooks, listeners, endpoints, accounts, refused requests and secrets in the database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.records.secret import SecretRecord
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.changes import ListenerChange
from pfnb.hub.stores.sql import rows, schema
from pfnb.hub.stores.sql.database import Database
from pfnb.hub.stores.sql.transaction import Change
from pfnb.hub.stores.store import DELETED, Opened

_WEBHOOKS = sa.select(schema.webhooks, schema.webhook_notebooks.c.notebooks).outerjoin_from(
    schema.webhooks, schema.webhook_notebooks, schema.webhooks.c.uuid == schema.webhook_notebooks.c.uuid
)


Statements = tuple[tuple[sa.Executable, dict[str, Any] | None], ...]


class SqlRegistry:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_webhooks(self, *webhooks: Webhook, secrets: Sequence[SecretRecord] = ()) -> None:
        """Replaces all columns except the counts, which the receiver may be increasing at the same time."""
        saved = (one for webhook in webhooks for one in _save_webhook(webhook))
        await self._database.write(Change((*saved, *_save_secrets(secrets))))

    async def delete_webhook(self, uuid: str, now: int, secrets: Sequence[SecretRecord] = ()) -> None:
        await self._database.write(Change((*_delete_webhook(uuid, now), *_save_secrets(secrets))))

    async def retired_by(self, uuid: str) -> str | None:
        table = schema.retired_webhooks
        query = sa.select(table.c.owner).where(table.c.uuid == uuid)
        return await self._database.read(lambda connection: connection.scalar(query))

    async def save_refusals(self, records: Mapping[str, dict[str, Any]]) -> None:
        await self._database.write(_save_refusals(records))

    async def save_secrets(self, records: Sequence[SecretRecord]) -> None:
        await self._database.write(Change(_save_secrets(records)))

    async def change_listeners(self, change: ListenerChange) -> None:
        await self._database.write(change_listeners(change))

    async def save_endpoint(self, endpoint: Endpoint, secrets: Sequence[SecretRecord] = ()) -> None:
        await self._database.write(Change((*_save_endpoint(endpoint), *_save_secrets(secrets))))

    async def delete_endpoint(self, endpoint: Endpoint, secrets: Sequence[SecretRecord] = ()) -> None:
        gone = (sa.delete(schema.endpoints).where(schema.endpoints.c.id == endpoint.id), None)
        waiting = change_listeners(ListenerChange(removed=[endpoint.name])).statements
        await self._database.write(Change((gone, *waiting, *_save_secrets(secrets))))

    async def save_identities(self, records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> None:
        await self._database.write(_save_identities(records))

    async def change_owner(self, owner: str, to: str) -> None:
        await self._database.write(_change_owner(owner, to))


def opened(connection: sa.Connection, last_seq: int) -> Opened:
    webhooks = tuple(rows.to_webhook(row) for row in connection.execute(_WEBHOOKS))
    listeners = tuple(rows.to_listener(row) for row in connection.execute(sa.select(schema.listeners)))
    identities = tuple(
        (row.kind, row.name, json.loads(row.record)) for row in connection.execute(sa.select(schema.identities))
    )
    refusals = {row.webhook: json.loads(row.record) for row in connection.execute(sa.select(schema.refusals))}
    secrets = tuple(SecretRecord(**row._mapping) for row in connection.execute(sa.select(schema.secrets)))
    endpoints = tuple(rows.to_endpoint(row) for row in connection.execute(sa.select(schema.endpoints)))
    return Opened(webhooks, listeners, last_seq, identities, refusals, secrets, endpoints)


def _save_webhook(webhook: Webhook) -> Statements:
    row = rows.webhook_row(webhook)
    kept = {name: value for name, value in row.items() if name not in ("received", "last_received")}
    table = schema.webhooks
    exists = sa.select(sa.literal(1)).where(table.c.uuid == webhook.uuid).exists()
    insert = sa.insert(table).from_select(list(row), sa.select(*_literals(table, row)).where(~exists))
    update = sa.update(table).where(table.c.uuid == webhook.uuid).values(**kept)
    notebooks = schema.webhook_notebooks
    forget = sa.delete(notebooks).where(notebooks.c.uuid == webhook.uuid)
    keep = ((sa.insert(notebooks), rows.webhook_notebooks_row(webhook)),) if webhook.notebooks else ()
    return ((update, None), (insert, None), (forget, None), *keep)


def _save_identities(records: Sequence[tuple[str, str, dict[str, Any] | None]]) -> Change:
    table = schema.identities
    statements: list[tuple[sa.Executable, dict[str, Any] | None]] = []
    for kind, name, record in records:
        statements.append((sa.delete(table).where(table.c.kind == kind, table.c.name == name), None))
        if record is not None:
            statements.append((sa.insert(table), {"kind": kind, "name": name, "record": json.dumps(record)}))
    return Change(tuple(statements))


def _save_secrets(records: Sequence[SecretRecord]) -> Statements:
    table = schema.secrets
    statements: list[tuple[sa.Executable, dict[str, Any] | None]] = []
    for one in records:
        statements.append((sa.delete(table).where(table.c.owner == one.owner, table.c.name == one.name), None))
        if one.sealed is not None:
            statements.append((sa.insert(table), {"owner": one.owner, "name": one.name, "sealed": one.sealed}))
    return tuple(statements)


def _save_refusals(records: Mapping[str, dict[str, Any]]) -> Change:
    table = schema.refusals
    saved = [{"webhook": name, "record": json.dumps(record)} for name, record in records.items()]
    gone = sa.delete(table).where(table.c.webhook.in_(records))
    return Change(((gone, None), *((sa.insert(table), row) for row in saved)))


def _save_endpoint(endpoint: Endpoint) -> Statements:
    table = schema.endpoints
    gone = sa.delete(table).where(table.c.id == endpoint.id)
    return ((gone, None), (sa.insert(table), rows.endpoint_row(endpoint)))


def _change_owner(owner: str, to: str) -> Change:
    tables = (schema.events, schema.deliveries, schema.properties, schema.attachments, schema.retired_webhooks)
    return Change(tuple((sa.update(table).where(table.c.owner == owner).values(owner=to), None) for table in tables))


def _delete_webhook(uuid: str, now: int) -> Statements:
    table, retired = schema.webhooks, schema.retired_webhooks
    mine = sa.select(table.c.uuid, table.c.owner, sa.literal(now)).where(table.c.uuid == uuid)
    keep = sa.insert(retired).from_select(["uuid", "owner", "retired"], mine)
    gone = [sa.delete(each).where(each.c.uuid == uuid) for each in (table, schema.webhook_notebooks)]
    gone.append(sa.delete(schema.refusals).where(schema.refusals.c.webhook == uuid))
    return ((keep, None), *((statement, None) for statement in gone))


def change_listeners(change: ListenerChange) -> Change:
    table, deliveries = schema.listeners, schema.deliveries
    pending = sa.update(deliveries).where(deliveries.c.status == "pending")
    dead = {"status": "dead", "error": json.dumps({"statusMessage": DELETED})}
    statements: list[tuple[sa.Executable, dict[str, Any] | None]] = []
    statements += [(sa.delete(table).where(table.c.name == name), None) for name in change.names]
    statements += [(sa.insert(table), rows.listener_row(listener)) for listener in change.saved]
    statements += [(pending.where(deliveries.c.listener == name).values(**dead), None) for name in change.removed]
    for old, new in change.renamed.items():
        statements.append((pending.where(deliveries.c.listener == old).values(listener=new), None))
    return Change(tuple(statements))


def _literals(table: sa.Table, row: dict[str, Any]) -> list[sa.ColumnElement[Any]]:
    return [sa.literal(value, table.c[name].type) for name, value in row.items()]
