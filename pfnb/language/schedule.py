"""When a job runs: at named intervals, or by a cron line, in a time zone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

_MINUTE: Final = 60_000
EVERY: Final = {f"EVERY_{minutes}_MIN": minutes for minutes in (1, 2, 5, 15, 30, 45)}
"""Minutes between two runs, counted from the epoch on."""
NAMED: Final = {
    "HOURLY": "{minute} * * * *",
    "DAILY": "{minute} {hour} * * *",
    "WEEKLY": "{minute} {hour} * * {weekday}",
    "MONTHLY": "{minute} {hour} {day} * *",
}
"""Cron lines with numbers that differ from pipeline to pipeline, so that not all run at once; `hour` is 2 or 3."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`text` is a name of EVERY or NAMED, or a cron line. Made by `schedule_of`."""

    text: str
    timezone: str

    def cron(self, path: str) -> str | None:
        """The cron line for the pipeline at this path; None for an interval that no line can say."""
        minutes = EVERY.get(self.text)
        if minutes is not None:
            return f"*/{minutes} * * * *" if 60 % minutes == 0 else None
        number = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big")
        places = {
            "minute": number % 60,
            "hour": 2 + number // 60 % 2,
            "weekday": number // 120 % 7,
            "day": 1 + number // 840 % 28,
        }
        return NAMED[self.text].format(**places) if self.text in NAMED else self.text

    def after(self, time: int, path: str) -> int:
        """The first time after this one, both in milliseconds since the epoch."""
        minutes = EVERY.get(self.text)
        if minutes is not None:
            return (time // (minutes * _MINUTE) + 1) * minutes * _MINUTE
        start = datetime.fromtimestamp(time / 1000, UTC).astimezone(ZoneInfo(self.timezone))
        return round(next(_times(self.cron(path) or "", start)).timestamp() * 1000)


def schedule_of(text: str, timezone: str) -> Schedule:
    """Raises ParameterError for a name or cron line that means nothing or no time at all, and for an unknown time zone."""
    from cronsim import CronSimError

    try:
        zone = ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):
        raise ParameterError(f"{shown(timezone)} is no time zone: write one such as Europe/Berlin") from None
    if text.upper() in EVERY or text.upper() in NAMED:
        return Schedule(text.upper(), timezone)
    line = " ".join(text.split())
    names = ", ".join((*EVERY, *NAMED))
    if len(line.split(" ")) != 5:
        raise ParameterError(
            f"{shown(text)} is no schedule: write one of {names}, or a cron line with minute, hour, day, month and weekday, such "
            "as 0 9 * * MON-FRI"
        )
    try:
        next(_times(line, datetime.now(zone)))
    except (CronSimError, StopIteration) as error:
        raise ParameterError(f"the cron line {shown(line)} means no time at all: {error}") from None
    return Schedule(line, timezone)


def _times(line: str, start: datetime) -> Iterator[datetime]:
    from cronsim import CronSim

    return CronSim(line, start)
