"""Runs of a listener, the steps of a run, and new deliveries, as lists with a display of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pfnb.client.rows import Rows
from pfnb.rows.delivery import NewDelivery


class Runs(Rows[dict[str, Any]]):
    """Deliveries to one listener, newest first: id, eventId, eventKey, created, status, attempts, error."""

    def __init__(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        super().__init__(rows)
        self.name = name

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import runs_bundle

        return runs_bundle(self.name, self)


class Steps(Rows[dict[str, Any]]):
    """The step records of one run, in the order they ran; `run` is its row of `Runs`."""

    def __init__(self, run: Mapping[str, Any], rows: Iterable[dict[str, Any]]) -> None:
        super().__init__(rows)
        self.run = dict(run)

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import steps_bundle

        return steps_bundle(self.run, self)


class FailedRows(Rows[dict[str, Any]]):
    """Deliveries that failed, are dead, are retried, or run, newest event first: as `Runs`, plus listener and runningFor."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import failed_bundle

        return failed_bundle(self)


class Replayed(Rows[NewDelivery]):
    """New deliveries of an event: id and listener."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import replayed_bundle

        return replayed_bundle(self)
