"""How errors look under a cell: the message and the line that was wrong, no frames of ours. The cell fails all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pfnb.exceptions import PfnbError

_WIDTH = 120


@contextmanager
def told_briefly(source: str = "", first_line: int = 1) -> Iterator[None]:
    """Have IPython show what is raised within as a short message. `source` is the text its line counts in, from `first_line`."""
    try:
        yield
    except PfnbError as error:
        _show_as(error, [f"{type(error).__name__}: {error}", *_excerpt(error, source, first_line)])
        raise
    except KeyboardInterrupt as interrupt:
        _show_as(interrupt, ["KeyboardInterrupt: stopped"])
        raise


def _show_as(error: BaseException, lines: list[str]) -> None:
    # IPython asks the exception itself how it wants to be shown.
    vars(error)["_render_traceback_"] = lambda: lines


def _excerpt(error: PfnbError, source: str, first_line: int) -> list[str]:
    lines = source.splitlines()
    if error.line is None or not first_line <= error.line < first_line + len(lines):
        return []
    text = lines[error.line - first_line]
    excerpt = [f"{error.line:>5} | {text[:_WIDTH]}"]
    if error.column is not None and error.column <= min(len(text) + 1, _WIDTH):
        excerpt.append(f"      | {' ' * (error.column - 1)}^")
    return excerpt
