"""A listener: a pipeline bound to an event key or a pattern."""

from typing import NotRequired, TypedDict


class ListenerRow(TypedDict):
    """`notebook` is empty for a stored pipeline. `workers` are the kernels that serve it, `pending` the deliveries that wait for
    it, `lastMinute` the runs begun in the last minute; `problem` says why its events wait although it is connected."""

    name: str
    pattern: str
    notebook: str
    owner: str
    connected: bool
    workers: int
    shared: bool
    allNotebooks: bool
    pending: int
    lastMinute: int
    created: int
    source: str
    problem: NotRequired[str]


class ListenerHere(ListenerRow):
    """The same in a kernel: `runningFor` are the seconds since its longest run there began, None while nothing runs."""

    runningFor: float | None


class Registered(TypedDict):
    """`leftOut` are event keys of webhooks that match the pattern but that the listener does not get."""

    leftOut: list[str]


class EventMapping(TypedDict):
    """Which pipeline gets which events. `notebook` is None for a stored one."""

    eventKey: str
    pipeline: str
    notebook: str | None


class JobRow(TypedDict):
    """A stored pipeline that runs by a schedule. Times are ISO 8601; `cron` is None for an interval that no cron line can say;
    `running` is false while it is stopped; `lastStatus` is that of the last run's delivery."""

    pipelineKey: str
    schedule: str
    cron: str | None
    timezone: str
    created: str
    running: bool
    lastRun: str | None
    lastStatus: str | None
    nextRun: str | None
