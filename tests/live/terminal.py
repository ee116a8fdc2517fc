"""A program in a terminal, and the text on its screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte

COLUMNS, ROWS = 140, 60
SECONDS = 30.0


class Terminal:
    """Whoever types here sees what a user sees: the screen, not the bytes that drew it."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self.process = pexpect.spawn(
            command[0],
            list(command[1:]),
            env=environment,
            cwd=str(folder),
            dimensions=(ROWS, COLUMNS),
            encoding="utf-8",
        )
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._screen.write_process_input = self.process.send  # where the cursor is, which programs ask for
        self._stream = pyte.Stream(self._screen)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()

    def until(self, condition: Callable[[str], object], seconds: float = SECONDS) -> None:
        """Read until the screen's text fits."""
        end = time.monotonic() + seconds
        while not condition(self.text):
            assert time.monotonic() < end, f"the screen did not show it:\n{self.text}"
            assert self._read() or condition(self.text), f"the program ended:\n{self.text}"

    def ended(self, seconds: float = SECONDS) -> int:
        """Wait until the program has ended; its exit status."""
        end = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < end, f"the program did not end:\n{self.text}"
        return int(self.process.wait())

    def _read(self) -> bool:
        """False once the program has ended."""
        try:
            self._stream.feed(self.process.read_nonblocking(65536, timeout=0.1))
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return True


class IPythonTerminal(Terminal):
    """The real `ipython`, cell by cell."""

    cells = 0

    def ready(self) -> None:
        """Wait for the next prompt."""
        self.cells += 1
        self.until(lambda text: f"In [{self.cells}]:" in text)

    def cell(self, source: str) -> str:
        """Paste a cell, run it, wait for the next prompt; what the screen showed between the two."""
        self.enter(source)
        self.ready()
        return self.text.rpartition(f"In [{self.cells - 1}]:")[2].rpartition(f"In [{self.cells}]:")[0]

    def enter(self, source: str) -> None:
        end = "\n\n" if "\n" in source else ""  # an empty line ends a cell of several
        self.process.send(f"\x1b[200~{source.rstrip()}{end}\x1b[201~\r")


@contextmanager
def ipython(command: Sequence[str], environment: dict[str, str], folder: Path) -> Iterator[IPythonTerminal]:
    """Started for the block; it has shown its first prompt."""
    terminal = IPythonTerminal(command, environment, folder)
    try:
        terminal.ready()
        yield terminal
    finally:
        terminal.process.close(force=True)
