"""What the browser gets of an event: masked texts with invisible characters marked, to be shown as plain text only."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from pfnb.display.entry import (
    delivery_error,
    delivery_state,
    facts,
    header_pairs,
    ids,
    path_pairs,
    query_pairs,
    short,
)
from pfnb.display.refused import cells
from pfnb.display.units import UNKNOWN, human_size, utc_time
from pfnb.display.visible import visible
from pfnb.language.masking import MASK, Mask
from pfnb.rows.delivery import DeliveryRow
from pfnb.rows.event import EventRow, FileRow, ListedEvent
from pfnb.rows.inspector import (
    EventDetails,
    ShownDelivery,
    ShownEvent,
    ShownFile,
    ShownListener,
    ShownPair,
    ShownRefused,
    ShownStep,
)
from pfnb.rows.run import StepRow
from pfnb.rows.webhook import RefusedOfWebhook, RefusedRow
from pfnb.uuid_tail import masked_uuid

MOST = 200
"""The most deliveries, files, headers or steps of one event that are shown."""
_IN_A_ROW = 20
_ERROR = 2_000
_TRACE = 4_000


def row_facts(row: ListedEvent) -> ShownEvent:
    """A row of the list."""
    mask = Mask.for_entries([row])
    method, content_type, size = facts(row, mask)
    state, tone = delivery_state(row)
    deliveries = row["deliveries"]
    return {
        "seq": row["seq"],
        "id": row["id"],
        "time": row["created"],
        "key": _line(row["eventKey"], mask),
        "method": visible(method, one_line=True),
        "size": size,
        "type": visible(content_type, one_line=True),
        "files": len(row["files"]),
        "state": visible(state, one_line=True),
        "tone": tone,
        "running": max((one["runningFor"] for one in deliveries if "runningFor" in one), default=None),
        "deliveries": [_brief(delivery, mask) for delivery in deliveries[:_IN_A_ROW]],
    }


def event_facts(entry: EventRow, mask: Mask) -> EventDetails:
    """The detail view of an event, without its payload."""
    headers, query, files = entry["headers"], entry["query"], entry["files"]
    return {
        "id": entry["id"],
        "key": _line(entry["eventKey"], mask),
        "exact": utc_time(entry["created"], exact=True),
        "facts": [visible(fact, one_line=True) for fact in facts(entry, mask)],
        "ids": [[title, _line(name, mask)] for title, name in ids(entry)],
        "headers": [_pair(pair) for pair in islice(header_pairs(headers, mask), MOST)],
        "headersSize": len(headers),
        "path": [_pair(pair) for pair in path_pairs(entry, mask)],
        "query": [_pair(pair) for pair in islice(query_pairs(query, mask), MOST)],
        "querySize": sum(map(len, query.values())),
        "files": [_file(file, mask) for file in files[:MOST]],
        "filesSize": len(files),
        "deliveries": delivery_facts(entry, mask),
    }


def delivery_facts(entry: EventRow, mask: Mask) -> list[ShownDelivery]:
    """The deliveries of an event, with their errors."""
    return [
        {
            **_brief(delivery, mask),
            "id": delivery.get("id"),
            "running": delivery.get("runningFor"),
            "attempts": delivery["attempts"],
            "error": visible(short(delivery_error(delivery["error"]), mask, _ERROR)),
        }
        for delivery in entry["deliveries"][:MOST]
    ]


def step_facts(record: StepRow, mask: Mask) -> ShownStep:
    """One step of a run."""
    return {
        "number": record["number"],
        "command": _line(record["command"], mask),
        "where": _line(_where(record), mask),
        "milliseconds": record["milliseconds"],
        "depth": record["depth"],
        "error": visible(short(record["error"] or "", mask, _ERROR)),
        "input": _trace(record["input"], mask),
        "output": _trace(record["output"], mask),
    }


def refused_facts(webhook: RefusedOfWebhook, row: RefusedRow) -> ShownRefused:
    """A request that was refused."""
    mask = Mask.for_uuids([webhook["uuid"]])
    _, status, size, limit, reason = cells(row, mask)
    return {
        "time": row["created"],
        "webhook": f"{_line(webhook['eventKey'], mask)} {masked_uuid(webhook['uuid'])}",
        "status": status,
        "size": size,
        "limit": limit,
        "reason": visible(reason, one_line=True),
    }


def _brief(delivery: DeliveryRow, mask: Mask) -> ShownListener:
    return {
        "listener": _line(delivery["listener"], mask),
        "status": delivery["status"],
    }


def _file(file: FileRow, mask: Mask) -> ShownFile:
    return {
        "name": _line(file["filename"] or UNKNOWN, mask),
        "field": _line(file["field"] or UNKNOWN, mask, 80),
        "type": _line(file["contentType"] or UNKNOWN, mask, 80),
        "size": human_size(file["size"]),
        "sha256": file["sha256"],
    }


def _pair(pair: tuple[str, str]) -> ShownPair:
    name, value = pair
    return {"name": visible(name, one_line=True), "value": visible(value), "hidden": value == MASK}


def _where(record: StepRow) -> str:
    line = f"line {record['line']}"
    called = f" of {record['pipeline']}" if record["pipeline"] else ""
    rounds = ".".join(str(index + 1) for index in record["iteration"])
    return f"{line}{called}, round {rounds}" if rounds else f"{line}{called}"


def _trace(value: Any, mask: Mask) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return visible(short(text, mask, _TRACE))


def _line(value: Any, mask: Mask, length: int = 160) -> str:
    return visible(short(value, mask, length), one_line=True)
