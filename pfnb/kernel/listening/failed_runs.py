"""The failed runs of this kernel's listeners, for notebooks executed in batch, where nobody watches the boards."""

from __future__ import annotations

from pfnb.rows.error import ErrorRow
from pfnb.rows.event import EventRow
from pfnb.rows.run import Outcome

KEPT = 1000
SHOWN = 10
_LONGEST = 500


class FailedRuns:
    """Runs that failed and have not succeeded since. Call all methods except `lines` on the loop."""

    def __init__(self) -> None:
        self._failed: dict[tuple[str, str], str] = {}

    def note(self, listener: str, entry: EventRow, outcome: Outcome) -> None:
        """Record how a run ended. `entry` is the row of its event."""
        self._failed.pop((listener, entry["id"]), None)
        if outcome["status"] == "failed":
            self._failed[listener, entry["id"]] = _line(listener, entry, outcome["error"])
            if len(self._failed) > KEPT:
                del self._failed[next(iter(self._failed))]

    def forget(self) -> None:
        self._failed.clear()

    def lines(self, name: str | None = None) -> list[str]:
        """A heading, and a line for each of the first failures of one listener or of all; empty if none failed."""
        found = [line for (listener, _), line in self._failed.copy().items() if name in (None, listener)]
        if not found:
            return []
        noun = "run" if len(found) == 1 else "runs"
        more = [f"… {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
        return [f"{len(found):,} {noun} of this notebook's pipelines failed:", *found[:SHOWN], *more]


def _line(listener: str, entry: EventRow, error: ErrorRow) -> str:
    from pfnb.display.visible import visible
    from pfnb.language.masking import Mask

    message = Mask.for_entries([entry]).head(error["statusMessage"], _LONGEST)
    where = f" (line {error['line']})" if error.get("line") else ""
    said = f"{listener} for {entry['eventKey']}, {entry['traceId']}: {error.get('errorType')}: {message}{where}"
    return visible(said, one_line=True)
