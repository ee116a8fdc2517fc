"""What a scan for leaked secrets of webhooks found."""

from typing import TypedDict


class Place(TypedDict):
    """Where a secret is. `uuid` is masked, `line` counts from 1; `commit` is None in a current file."""

    uuid: str
    path: str
    line: int
    repository: str | None
    commit: str | None


class LeakRow(Place):
    """A leaked secret, its webhook's event key, and whether the webhook was deactivated now."""

    eventKey: str
    deactivated: bool


class UnreadRow(TypedDict):
    """What could not be read."""

    path: str
    reason: str


class LeakReport(TypedDict):
    """The result of a scan. `files` and `repositories` are how many were read."""

    leaks: list[LeakRow]
    files: int
    repositories: int
    unread: list[UnreadRow]
