"""Numbered steps from an empty database to today's tables. Never change a released step."""

from __future__ import annotations

import sqlite3

from pfnb.hub.stores.sqlite.shapes import statements_done

_FIRST = """
CREATE TABLE webhooks (
    uuid TEXT PRIMARY KEY, event_key TEXT NOT NULL, owner TEXT NOT NULL, created BIGINT NOT NULL,
    updated BIGINT NOT NULL, payload_type TEXT NOT NULL, max_payload_length BIGINT NOT NULL,
    active BOOLEAN NOT NULL, received BIGINT NOT NULL, last_received BIGINT);
CREATE TABLE listeners (
    name TEXT PRIMARY KEY, pattern TEXT NOT NULL, owner TEXT NOT NULL, notebook TEXT NOT NULL,
    created BIGINT NOT NULL, source TEXT NOT NULL, concurrency INTEGER NOT NULL);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, event_key TEXT NOT NULL, namespace TEXT NOT NULL,
    trace_id TEXT NOT NULL, correlation_id TEXT NOT NULL, created BIGINT NOT NULL, webhook TEXT,
    method TEXT NOT NULL, head TEXT NOT NULL, content_type TEXT NOT NULL, size BIGINT NOT NULL,
    payload_type TEXT NOT NULL, body BLOB, body_file TEXT);
CREATE INDEX events_by_webhook ON events (webhook, seq);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY, event_seq BIGINT NOT NULL REFERENCES events (seq), listener TEXT NOT NULL,
    status TEXT NOT NULL, attempts INTEGER NOT NULL, error TEXT, steps TEXT);
CREATE INDEX deliveries_by_event ON deliveries (event_seq);
CREATE INDEX deliveries_pending ON deliveries (listener, id) WHERE status = 'pending';
CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO counters VALUES ('unknown_webhook', 0)
"""

_ROTATED = "ALTER TABLE webhooks ADD COLUMN expires BIGINT"

# A hub had one owner before: what came without a webhook, or to one that is gone, was theirs.
_OWNERS = """
ALTER TABLE events ADD COLUMN owner TEXT NOT NULL DEFAULT '';
UPDATE events SET owner = coalesce(
    (SELECT owner FROM webhooks WHERE uuid = webhook), (SELECT min(owner) FROM webhooks),
    (SELECT min(owner) FROM listeners), '');
CREATE INDEX events_listed ON events (owner, seq, event_key, webhook, created);
CREATE INDEX deliveries_by_status ON deliveries (status, event_seq);
CREATE INDEX deliveries_by_listener ON deliveries (listener, id)
"""

_SHARED_AND_TRIED_AGAIN = """
ALTER TABLE listeners ADD COLUMN session TEXT NOT NULL DEFAULT '';
ALTER TABLE listeners ADD COLUMN shared BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE listeners ADD COLUMN strict BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE listeners ADD COLUMN retry TEXT;
ALTER TABLE deliveries ADD COLUMN not_before BIGINT NOT NULL DEFAULT 0;
CREATE INDEX deliveries_tried_again ON deliveries (listener, not_before) WHERE status = 'pending' AND not_before > 0
"""

_PROPERTIES = """
CREATE TABLE properties (
    uuid TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, created BIGINT NOT NULL, updated BIGINT,
    type TEXT, value TEXT, default_value TEXT, time_to_live BIGINT, tags TEXT NOT NULL, expires BIGINT);
CREATE INDEX properties_by_expiry ON properties (expires);
CREATE TABLE attachments (
    id TEXT PRIMARY KEY, property TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, content_type TEXT NOT NULL,
    size BIGINT NOT NULL, sha256 TEXT NOT NULL, created BIGINT NOT NULL, updated BIGINT, body BLOB, body_file TEXT);
CREATE UNIQUE INDEX attachments_by_name ON attachments (property, name)
"""

_REPEATED = """
ALTER TABLE events ADD COLUMN repeat_key TEXT;
CREATE INDEX events_by_repeat_key ON events (repeat_key) WHERE repeat_key IS NOT NULL
"""
_REMOVED = "INSERT INTO counters VALUES ('last_seq', 0), ('last_delivery', 0)"

_IDENTITIES = """
CREATE TABLE identities (kind TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (kind, name))
"""

# Webhooks deleted earlier are known from the events they received.
_RETIRED = """
CREATE TABLE retired_webhooks (uuid TEXT PRIMARY KEY, owner TEXT NOT NULL, retired BIGINT NOT NULL);
INSERT INTO retired_webhooks SELECT webhook, min(owner), max(created) FROM events
    WHERE webhook IS NOT NULL AND webhook NOT IN (SELECT uuid FROM webhooks) GROUP BY webhook
"""

_CONFLICTS = """
CREATE INDEX events_by_delivery_id ON events (substr(repeat_key, 1, 32), created) WHERE repeat_key IS NOT NULL
"""

_NOTEBOOKS = """
CREATE TABLE webhook_notebooks (uuid TEXT PRIMARY KEY, notebooks TEXT NOT NULL);
ALTER TABLE listeners ADD COLUMN all_notebooks BOOLEAN NOT NULL DEFAULT FALSE
"""

# A hub with other users' events counts and lists those of one user from the index alone.
_OWNED_DELIVERIES = """
ALTER TABLE deliveries ADD COLUMN owner TEXT NOT NULL DEFAULT '';
DROP INDEX deliveries_by_status;
UPDATE deliveries SET owner = coalesce((SELECT owner FROM events WHERE seq = event_seq), '');
CREATE INDEX deliveries_by_owner ON deliveries (owner, status, event_seq)
"""

_REFUSALS = "CREATE TABLE refusals (webhook TEXT PRIMARY KEY, record TEXT NOT NULL)"

_SETTINGS = "ALTER TABLE webhooks ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'"

# Without it, every event is read to find the few whose bodies are files.
_IN_FILES = "CREATE INDEX events_in_files ON events (body_file, size) WHERE body_file IS NOT NULL"

_SECRETS = """
CREATE TABLE secrets (owner TEXT NOT NULL, name TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (owner, name))
"""
_ENDPOINTS = "CREATE TABLE endpoints (id TEXT PRIMARY KEY, record TEXT NOT NULL)"

_GATHERED = """
ALTER TABLE listeners ADD COLUMN gathering TEXT;
ALTER TABLE deliveries ADD COLUMN alone BOOLEAN NOT NULL DEFAULT FALSE
"""

_LOCKS = "ALTER TABLE properties ADD COLUMN lock TEXT"

MIGRATIONS: tuple[str, ...] = (
    _FIRST,
    _ROTATED,
    _OWNERS,
    _SHARED_AND_TRIED_AGAIN,
    _PROPERTIES,
    _REPEATED,
    _REMOVED,
    _IDENTITIES,
    _RETIRED,
    _CONFLICTS,
    _NOTEBOOKS,
    _REFUSALS,
    _OWNED_DELIVERIES,
    _SETTINGS,
    _IN_FILES,
    _SECRETS,
    _ENDPOINTS,
    _GATHERED,
    _LOCKS,
)
"""SQL of each step, statements separated by `;`. The schema's version is the number of steps applied."""


def version_of(connection: sqlite3.Connection) -> int:
    """The number of steps applied to this database."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone():
        return 0
    return int(connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0)


def migrate(connection: sqlite3.Connection, to: int | None = None) -> None:
    """Apply the missing steps up to `to`, in the caller's transaction. A step that an older version left half done is
    completed. ForeignSchemaError if the tables are not those of the version."""
    version = version_of(connection)
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    for number, script in enumerate(MIGRATIONS[version:to], start=version + 1):
        statements = script.split(";")
        done = statements_done(connection, MIGRATIONS[:version], statements) if number == version + 1 else 0
        for statement in statements[done:]:
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (?)", (number,))
