"""`pi events`: lists and follows a hub's events, shows one, or delivers one again."""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pfnb.exceptions import ParameterError
from pfnb.pi.client import GetClient
from pfnb.pi.show import as_json

if TYPE_CHECKING:
    from pfnb.http.protocol import KernelPort
    from pfnb.pi.output import Output
    from pfnb.rows.event import EventRow, Filter, ListedEvent

LIMIT, LIMIT_OF_FOLLOWING = 20, 10
MOST = 500
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGO = re.compile(r"(\d{1,9})([smhd])")


def events(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi events`: the newest events, first the newest; or one event; or what its replay made."""
    if len(words.what) > 1:
        if words.what[0] not in _BY_ID:
            raise ParameterError("pi events takes one event key or pattern, or `show ID`, or `replay ID`")
        if words.follow or words.since or words.limit:
            raise ParameterError(f"pi events {words.what[0]} takes an id, and no --follow, --since or --limit")
        return _BY_ID[words.what[0]](words, hub)
    asked: Filter = {}
    if words.what:
        (asked["key"],) = words.what
    if words.since is not None:
        asked["since"] = words.since
    if words.follow:
        return hub().in_session(lambda port, _: _follow(port, asked, words), is_endless=True)
    limit = words.limit or LIMIT
    page = hub().in_session(lambda port, _: port.list_events(asked, None, limit))
    rows = page["events"]
    return rows if words.json else [_in_brief(row) for row in rows] or "no events"


def _shown(words: argparse.Namespace, hub: GetClient) -> Any:
    if len(words.what) > 2:
        raise ParameterError("pi events show takes one id")
    event = hub().in_session(lambda port, _: port.read_event(words.what[1]))
    if words.json:
        return event
    from pfnb.display import event_bundle

    return event_bundle(event)["text/plain"]


def _replayed(words: argparse.Namespace, hub: GetClient) -> Any:
    if len(words.what) > 3:
        raise ParameterError("pi events replay takes an id, and the name of one pipeline")
    made = hub().in_session(lambda port, _: port.replay_event(*words.what[1:]))
    if words.json:
        return made
    return [dict(one) for one in made["deliveries"]] or "nobody listens for it now"


_BY_ID = {"show": _shown, "replay": _replayed}


def moment(text: str) -> int:
    """Milliseconds since the epoch of a time as people write it: `90s`, `15m`, `1h`, `7d` ago, or ISO 8601."""
    if (ago := _AGO.fullmatch(text)) is not None:
        return max(0, int((time.time() - int(ago[1]) * SECONDS[ago[2]]) * 1000))
    try:
        given = datetime.fromisoformat(text)
        return max(0, int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write 90s, 15m, 1h or 7d (ago), or one such as 2026-11-28T14:00 (UTC)"
        ) from None


def count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST}")
    return int(text)


async def _follow(hub: KernelPort, asked: Filter, words: argparse.Namespace) -> None:
    """Write the newest events, the oldest first, and then each that arrives, until interrupted or nobody reads them."""
    from pfnb.pi.output import Output, harmless

    async with Output(harmless(sys.stdout)) as out:
        await out.while_read(_write_news(hub, asked, words, out))


async def _write_news(hub: KernelPort, asked: Filter, words: argparse.Namespace, out: Output) -> None:
    from pfnb.client.following import follow
    from pfnb.display.terminal import refused_line
    from pfnb.display.visible import visible
    from pfnb.pi.output import note

    rows = (await hub.list_events(asked, None, words.limit or LIMIT_OF_FOLLOWING))["events"]
    for row in reversed(rows):
        await out.line(_line(row, words, out))
    after = rows[0]["seq"] if rows else 0
    async for news in follow(hub, asked, after):
        if news.problem is not None:
            note(f"pi: {visible(news.problem)}")
        if news.missed:
            note("pi: too many events came at once: the oldest of them are not shown")
        for row in news.events:
            await out.line(_line(row, words, out))
        for key, refused in news.refused:
            if not words.json:
                await out.line(refused_line(key, refused, out.paint, width=out.width))
            else:
                await out.line(as_json({"type": "refused", "eventKey": key, **refused}, indent=None))


def _line(row: ListedEvent, words: argparse.Namespace, out: Output) -> str:
    if words.json:
        return as_json({"type": "event", **row}, indent=None)
    from pfnb.display.terminal import event_line

    return event_line(row, out.paint, width=out.width, lead=row["eventKey"])


def _in_brief(row: EventRow) -> dict[str, Any]:
    from pfnb.display.entry import delivery_state, facts
    from pfnb.display.units import utc_time
    from pfnb.language.masking import Mask

    method, content_type, size = facts(row, Mask.for_entries([row]))
    return {
        "time (UTC)": utc_time(row["created"]),
        "id": row["id"],
        "eventKey": row["eventKey"],
        "method": method,
        "type": content_type,
        "size": size,
        "status": delivery_state(row)[0],
    }
