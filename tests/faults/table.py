"""What the tests of faults counted, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True, slots=True)
class Row:
    """Of one fault. `events_in` were answered with 200, `delivered` are those whose listeners all have run with success.

    `failed_without_running` are deliveries that ended as failed or dead, although no pipeline here fails by itself.
    `lost` are events that were answered and not stored, or not run. `twice` are events that were stored twice, and runs after
    the delivery had ended. (A run that was cut off may begin again: at least once.)
    """

    fault: str
    rounds: int
    events_in: int
    stored: int
    delivered: int
    failed_without_running: int = 0
    lost: int = 0
    twice: int = 0

    def is_clean(self) -> bool:
        return (self.failed_without_running, self.lost, self.twice) == (0, 0, 0) and self.delivered == self.stored


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """The rows in Markdown, with their sum."""
    names = [field.name.replace("_", " ") for field in fields(Row)]
    sums = [sum(column) for column in zip(*(astuple(row)[1:] for row in rows), strict=True)]
    table = [names, ["---", *["---:"] * len(sums)]]
    table += [[str(value) for value in astuple(row)] for row in rows]
    table.append(["**all**", *map(str, sums)])
    yield from (f"| {' | '.join(row)} |" for row in table)
