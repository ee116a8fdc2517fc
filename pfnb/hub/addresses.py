"""Former addresses of a hub's webhooks: callers that know an old one need the new one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from pfnb.hub.clock import DAY
from pfnb.hub.private import write_private
from pfnb.hub.records.webhook import Webhook

FILE = "address.json"
DAYS = 30
"""Days for which a former address is remembered."""
MOST = 50
"""How many former addresses are remembered."""
SHOWN = 3
"""How many of them a message names."""


@dataclass(frozen=True, slots=True)
class Former:
    """An address, and until when it was the hub's, in milliseconds."""

    url: str
    until: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """`url` is what webhooks' addresses begin with now; `former` ones come oldest first."""

    url: str
    former: tuple[Former, ...] = ()

    def before(self, webhook: Webhook, now: int) -> str | None:
        """The old address that a webhook's callers may know: the hub's when the webhook was last called, or created. None if that
        is still the current one."""
        known = max(webhook.created, webhook.last_received or 0)
        seen = next((one for one in self.former if known < one.until), None)
        if seen is None or seen.url == self.url or now - seen.until > DAYS * DAY or not webhook.accepts(now):
            return None
        return seen.url

    def moved(self, webhooks: Iterable[Webhook], now: int) -> str | None:
        """What the owner has to know: None if no older webhook is concerned, or all have been called since."""
        silent = [before for one in webhooks if (before := self.before(one, now)) is not None]
        if not silent:
            return None
        known = list(dict.fromkeys(silent))
        places = " and ".join(known[:SHOWN]) + (" and others" if len(known) > SHOWN else "")
        count = "1 webhook has" if len(silent) == 1 else f"{len(silent)} webhooks have"
        return (
            f"the address of webhooks has changed from {places} to {self.url}, and {count} received nothing since: give "
            "senders the new address, or start the server at the old one"
        )


def arrive(folder: Path, url: str, now: int) -> Addresses:
    """Record where webhooks are reached from now on."""
    file = folder / FILE
    last = _read(file)
    changed = () if last is None or last.url == url else (Former(last.url, now),)
    known = () if last is None else tuple(one for one in last.former if now - one.until <= DAYS * DAY)
    here = Addresses(url, (*known, *changed)[-MOST:])
    write_private(file, json.dumps(asdict(here)))
    return here


def _read(file: Path) -> Addresses | None:
    """None for a file that is missing or not one of ours."""
    try:
        kept = json.loads(file.read_text())
        if "before" in kept:  # the first format
            former = [{"url": kept["before"], "until": kept["changed"]}] if kept["before"] else []
        else:
            former = kept["former"]
        return Addresses(kept["url"], tuple(Former(**one) for one in former))
    except (OSError, ValueError, TypeError, KeyError):
        return None
