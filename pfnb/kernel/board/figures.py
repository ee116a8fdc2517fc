"""The last displays of a listener: figures, tables, widgets, or whatever else its code shows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIGURES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A mime bundle, with the display `id` if its code may update it."""

    data: Mapping[str, Any]
    metadata: Mapping[str, Any]
    id: str | None = None


class Figures:
    """Keeps the last few and counts the rest. May be added to from any thread."""

    def __init__(self) -> None:
        self._figures: list[Figure] = []
        self._count = 0
        self._lock = threading.Lock()

    def add(self, figure: Figure) -> None:
        with self._lock:
            self._figures = [*self._figures, figure][-FIGURES:]
            self._count += 1

    def update(self, figure: Figure) -> bool:
        """Replace the figures of the same id; False if there are none."""
        with self._lock:
            if not any(present.id == figure.id for present in self._figures):
                return False
            self._figures = [figure if present.id == figure.id else present for present in self._figures]
            return True

    def clear(self) -> None:
        with self._lock:
            self._figures = []
            self._count = 0

    def last(self) -> tuple[tuple[Figure, ...], int]:
        """The last figures, oldest first, and how many there were before them."""
        with self._lock:
            return tuple(self._figures), self._count - len(self._figures)
