"""The time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from pfnb.commands import command
from pfnb.language.java.dates import USUAL_PATTERN, format_moment
from pfnb.language.java.zones import local_zone, zone_names


@command("datetime", anonymous=True, read_only=True)
async def now(
    format: Annotated[str | None, Field(description="A Java pattern; without it, `dd.MM.yyyy HH:mm:ss`.")] = None,  # noqa: A002
) -> str:
    """The current date and time where the pipeline runs, as text.

    Example:
        pipeline:
          - datetime: {format: "'Printed on' dd/MM/yyyy"}
    """
    return format_moment(datetime.now(local_zone()), format or USUAL_PATTERN)


@command("datetime.zones", anonymous=True, read_only=True)
def zones() -> list[str]:
    """The names of all time zones, sorted.

    Example:
        pipeline:
          - datetime.zones
          - body.set: "#{body.contains('Asia/Kolkata')}"
        # => true
    """
    return zone_names()
