"""When jobs run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pfnb import commands
from pfnb.exceptions import ParameterError, PipelineError
from pfnb.language import parse_pipeline
from pfnb.language.schedule import schedule_of


def after(text: str, time: str, timezone: str = "UTC", path: str = "a") -> str:
    start = round(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1000)
    found = schedule_of(text, timezone).after(start, path)
    return datetime.fromtimestamp(found / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("text", "time", "timezone", "next_"),
    [
        ("EVERY_5_MIN", "2026-03-01T10:02:03", "UTC", "2026-03-01T10:05:00"),
        ("every_5_min", "2026-03-01T10:05:00", "UTC", "2026-03-01T10:10:00"),
        ("EVERY_45_MIN", "1970-01-01T00:50:00", "UTC", "1970-01-01T01:30:00"),
        ("0 9 * * MON-FRI", "2026-02-27T09:00:00", "UTC", "2026-03-02T09:00:00"),
        ("0 9 * * *", "2026-01-15T08:30:00", "Europe/Berlin", "2026-01-16T08:00:00"),
        ("0 9 * * *", "2026-07-15T06:30:00", "Europe/Berlin", "2026-07-15T07:00:00"),
        ("30 2 * * *", "2026-03-28T12:00:00", "Europe/Berlin", "2026-03-29T01:00:00"),
        ("0 0 29 2 *", "2026-03-01T00:00:00", "UTC", "2028-02-29T00:00:00"),
    ],
)
def test_the_next_time(text: str, time: str, timezone: str, next_: str) -> None:
    assert after(text, time, timezone) == next_


@pytest.mark.parametrize(("text", "days"), [("DAILY", 1), ("WEEKLY", 7), ("MONTHLY", 31)])
def test_a_named_schedule_runs_at_night_at_a_time_of_the_pipelines_own(text: str, days: int) -> None:
    times = {after(text, "2026-01-01T12:00:00", path=f"pipeline {number}") for number in range(20)}
    assert len(times) > 5
    for time in times:
        assert "T02:" in time or "T03:" in time
        assert 0 < (datetime.fromisoformat(time) - datetime(2026, 1, 1, 12)).days + 1 <= days
    assert after(text, "2026-01-01T12:00:00") == after(text, "2026-01-01T12:00:00")


@pytest.mark.parametrize(
    ("text", "timezone", "message"),
    [
        ("SOMETIMES", "UTC", "is no schedule"),
        ("EVERY_7_MIN", "UTC", "EVERY_5_MIN"),
        ("* * * * * *", "UTC", "is no schedule"),
        ("61 * * * *", "UTC", "Bad minute"),
        ("0 0 30 2 *", "UTC", "Bad day-of-month"),
        ("0 0 31 2,4 *", "UTC", "no time at all"),
        ("@daily", "UTC", "is no schedule"),
        ("HOURLY", "Mars/Olympus", "no time zone"),
        ("HOURLY", "../../etc/passwd", "no time zone"),
        ("", "UTC", "is no schedule"),
    ],
)
def test_what_is_no_schedule_is_refused(text: str, timezone: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        schedule_of(text, timezone)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("[{datetime: {}}, {job: HOURLY}]", "must be the first step"),
        ("[{job: HOURLY}, {job: DAILY}]", "must be the first step"),
        ("[{job: {schedule: '#{body}'}}]", "cannot have an expression"),
        ("[{job: {schedule: HOURLY, timezone: Nowhere}}]", "no time zone"),
        ("[{job: {}}]", "schedule"),
        ("[{job: {schedule: 7}}]", "schedule"),
        ("[{job: HOURLY}, {event.listen: {key: a}}]", "must be the first step"),
    ],
)
def test_a_job_that_cannot_be_is_refused_with_its_pipeline(steps: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        parse_pipeline(f"pipeline: {steps}", commands.load())


@pytest.mark.parametrize("header", ["debounce: 5s", "batch: 10"])
def test_a_job_gathers_no_events(header: str) -> None:
    with pytest.raises(ParameterError, match="no events to gather"):
        parse_pipeline(f"headers: {{{header}}}\npipeline: [{{job: HOURLY}}]", commands.load())
