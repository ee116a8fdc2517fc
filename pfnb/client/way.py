"""Faults of the connection to the hub: marked where they arise, and recognized in errors that they cause.

Such a fault is not the pipeline's: the run begins again, and the fault is never its outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from pfnb.exceptions import PfnbError

E = TypeVar("E", bound=PfnbError)


def of_the_way(error: E) -> E:
    """The same error, marked as a fault of the connection."""
    error.connection_failed = True
    return error


def is_of_the_way(error: BaseException) -> bool:
    """Whether a fault of the connection caused this error, even if other code caught it and raised its own error."""
    return any(isinstance(one, PfnbError) and one.connection_failed for one in _with_causes(error))


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            left += [one.__cause__, one.__context__]
