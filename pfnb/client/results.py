"""Runs of a listener, the steps of a run, and new deliveries, as lists with a display of their own."""

from __future__ import annotations

from collections.abc import Iterable

from pfnb.client.rows import Rows
from pfnb.rows.delivery import NewDelivery, RunRow
from pfnb.rows.run import StepRow


class Runs(Rows[RunRow]):
    """Deliveries to one listener, newest first."""

    def __init__(self, name: str, rows: Iterable[RunRow]) -> None:
        super().__init__(rows)
        self.name = name

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import runs_bundle

        return runs_bundle(self.name, self)


class Steps(Rows[StepRow]):
    """The step records of one run, in the order they ran; `run` is its row of `Runs`."""

    def __init__(self, run: RunRow, rows: Iterable[StepRow]) -> None:
        super().__init__(rows)
        self.run = run.copy()

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import steps_bundle

        return steps_bundle(self.run, self)


class FailedRows(Rows[RunRow]):
    """Deliveries that failed, are dead, are retried, or run, newest event first."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import failed_bundle

        return failed_bundle(self)


class Replayed(Rows[NewDelivery]):
    """New deliveries of an event: id and listener."""

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import replayed_bundle

        return replayed_bundle(self)
