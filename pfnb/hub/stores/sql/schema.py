"""The tables as the newest migration leaves them; queries are written against these."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite keeps the rows of a table sorted by its key only if this is an INTEGER."""

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("uuid", sa.Text, primary_key=True),
    sa.Column("event_key", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("payload_type", sa.Text, nullable=False),
    sa.Column("max_payload_length", sa.BigInteger, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Column("last_received", sa.BigInteger),
    sa.Column("expires", sa.BigInteger),
    sa.Column("settings", sa.Text, nullable=False),
)

webhook_notebooks = sa.Table(
    "webhook_notebooks",
    metadata,
    sa.Column("uuid", sa.Text, primary_key=True),
    sa.Column("notebooks", sa.Text, nullable=False),
)

retired_webhooks = sa.Table(
    "retired_webhooks",
    metadata,
    sa.Column("uuid", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("retired", sa.BigInteger, nullable=False),
)

refusals = sa.Table(
    "refusals",
    metadata,
    sa.Column("webhook", sa.Text, primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
)

endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
)

listeners = sa.Table(
    "listeners",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("pattern", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("notebook", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("session", sa.Text, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("strict", sa.Boolean, nullable=False),
    sa.Column("retry", sa.Text),
    sa.Column("all_notebooks", sa.Boolean, nullable=False),
    sa.Column("gathering", sa.Text),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("event_key", sa.Text, nullable=False),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("trace_id", sa.Text, nullable=False),
    sa.Column("correlation_id", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("webhook", sa.Text),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("head", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("payload_type", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary),
    sa.Column("body_file", sa.Text),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("repeat_key", sa.Text),
)
sa.Index("events_by_webhook", events.c.webhook, events.c.seq)
sa.Index("events_listed", *(events.c[one] for one in ("owner", "seq", "event_key", "webhook", "created")))
sa.Index("events_in_files", events.c.body_file, events.c.size, sqlite_where=events.c.body_file.is_not(None))
_NAMED = events.c.repeat_key.is_not(None)
sa.Index("events_by_repeat_key", events.c.repeat_key, sqlite_where=_NAMED)
sa.Index("events_by_delivery_id", sa.func.substr(events.c.repeat_key, 1, 32), events.c.created, sqlite_where=_NAMED)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("event_seq", sa.BigInteger, sa.ForeignKey("events.seq"), nullable=False),
    sa.Column("listener", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("steps", sa.Text),
    sa.Column("not_before", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("owner", sa.Text, nullable=False, server_default=""),
    sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
)
# Literals: with values given apart, SQLite could not know that a query needs only what a partial index has.
PENDING = deliveries.c.status == sa.literal_column("'pending'")
TRIED_AGAIN = sa.and_(PENDING, deliveries.c.not_before > sa.literal_column("0"))
sa.Index("deliveries_by_event", deliveries.c.event_seq)
sa.Index("deliveries_by_owner", deliveries.c.owner, deliveries.c.status, deliveries.c.event_seq)
sa.Index("deliveries_by_listener", deliveries.c.listener, deliveries.c.id)
BY_PENDING = sa.Index("deliveries_pending", deliveries.c.listener, deliveries.c.id, sqlite_where=PENDING)
sa.Index("deliveries_tried_again", deliveries.c.listener, deliveries.c.not_before, sqlite_where=TRIED_AGAIN)

properties = sa.Table(
    "properties",
    metadata,
    sa.Column("uuid", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, nullable=False, unique=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger),
    sa.Column("type", sa.Text),
    sa.Column("value", sa.Text),
    sa.Column("default_value", sa.Text),
    sa.Column("time_to_live", sa.BigInteger),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("expires", sa.BigInteger),
    sa.Column("lock", sa.Text),
)
sa.Index("properties_by_expiry", properties.c.expires)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("property", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger),
    sa.Column("body", sa.LargeBinary),
    sa.Column("body_file", sa.Text),
)
sa.Index("attachments_by_name", attachments.c.property, attachments.c.name, unique=True)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
)

secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
