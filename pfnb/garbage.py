"""Pauses garbage collection. Imports nothing, so that `%load_ext` can use it before all other imports."""

from __future__ import annotations

import gc


class uncollected:  # noqa: N801 - used as a function
    """Pause garbage collection while many values are made: none is garbage yet, and the search would take most of the time."""

    __slots__ = ("_collects",)

    def __enter__(self) -> None:
        self._collects = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._collects:
            gc.enable()
