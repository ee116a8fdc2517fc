"""The last lines that a listener logged or printed."""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass

LINES = 100
_LINE = 1000
_OPEN = 64
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Terminal colours and cursor movements."""


@dataclass(slots=True)
class _Line:
    stream: str
    text: str = ""


class Printed:
    """Keeps as much as a board shows, and counts the rest. May be written to from any thread.

    Each thread continues its own last line; a carriage return restarts that line.
    """

    def __init__(self) -> None:
        self._lines: deque[_Line] = deque(maxlen=LINES)
        self._open: dict[tuple[str, int], _Line] = {}
        self._count = 0
        self._lock = threading.Lock()

    def log(self, line: str) -> None:
        """Add a whole line."""
        with self._lock:
            self._begin("log").text = line[:_LINE]

    def write(self, stream: str, text: str) -> None:
        """Add a piece of text, as a stream receives it."""
        place = (stream, threading.get_ident())
        *ended, last = text.rsplit("\n", LINES)
        with self._lock:
            if ended and "\n" in ended[0]:  # more lines than are kept
                self._count += ended[0].count("\n") - (self._open.pop(place, None) is not None)
                ended[0] = ended[0].rpartition("\n")[2]
            for piece in ended:
                self._append(place, piece)
                self._open.pop(place, None)
            if last:
                self._append(place, last)

    def clear(self) -> None:
        with self._lock:
            self._lines.clear()
            self._open.clear()
            self._count = 0

    def last(self) -> tuple[tuple[tuple[str, str], ...], int]:
        """The last lines as `(stream, text)`, and how many there were before them."""
        with self._lock:
            lines = tuple((line.stream, line.text.rstrip("\r")) for line in self._lines)
            return lines, self._count - len(lines)

    def _append(self, place: tuple[str, int], piece: str) -> None:
        line = self._open.get(place)
        if line is None:
            if len(self._open) >= _OPEN:
                self._open.clear()
            line = self._open[place] = self._begin(place[0])
        text = _ESCAPE.sub("", line.text + piece[-_LINE:] if "\r" in piece else line.text + piece[:_LINE])
        returned = "\r" if text.endswith("\r") else ""
        line.text = text.rstrip("\r").rpartition("\r")[2][:_LINE] + returned

    def _begin(self, stream: str) -> _Line:
        line = _Line(stream)
        self._lines.append(line)
        self._count += 1
        return line
