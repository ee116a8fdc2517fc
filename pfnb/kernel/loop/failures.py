"""How errors look under a cell: the message and the faulty lines, without frames of pfnb. The cell still fails."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, cast

from pfnb.exceptions import PfnbError

_WIDTH = 120
_FRAMES = 3
_OURS = str(Path(__file__).parents[2])
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


class _Rendered(Protocol):
    """An exception that IPython asks how to show it."""

    _render_traceback_: Callable[[], list[str]]


@contextmanager
def told_briefly(source: str = "", first_line: int = 1) -> Iterator[None]:
    """Make IPython show errors raised within as a short message. `source` is the text that `error.line` refers to; its first
    line has the number `first_line`."""
    try:
        yield
    except PfnbError as error:
        _show_as(error, explained(error, source, first_line))
        raise
    except KeyboardInterrupt as interrupt:
        _show_as(interrupt, ["KeyboardInterrupt: stopped"])
        raise


def explained(error: PfnbError, source: str = "", first_line: int = 1) -> list[str]:
    """The message, the pipeline's line, and where in the user's own code the error came from."""
    return [f"{type(error).__name__}: {error}", *_excerpt(error, source, first_line), *_own_lines(error.__cause__)]


def from_own_code(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without its leading frames of pfnb and of libraries."""
    while trace is not None and not _is_own(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _show_as(error: BaseException, lines: list[str]) -> None:
    # The first caller wins: it has the cell's source.
    if not hasattr(error, "_render_traceback_"):
        cast(_Rendered, error)._render_traceback_ = lambda: lines


def _excerpt(error: PfnbError, source: str, first_line: int) -> list[str]:
    lines = source.splitlines()
    if error.line is None or not first_line <= error.line < first_line + len(lines):
        return []
    text = lines[error.line - first_line]
    excerpt = [f"{error.line:>5} | {text[:_WIDTH]}"]
    if error.column is not None and error.column <= min(len(text) + 1, _WIDTH):
        excerpt.append(f"      | {' ' * (error.column - 1)}^")
    return excerpt


def _own_lines(cause: BaseException | None) -> list[str]:
    """The last frames in the user's files and cells; if there are none, the last frame in a library."""
    if cause is None:
        return []
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if not frame.filename.startswith(_OURS)]
    own = [frame for frame in frames if _is_own(frame.filename)] or frames[-1:]
    lines = []
    for frame in own[-_FRAMES:]:
        lines += [f"{_place(frame.filename)}, line {frame.lineno}, in {frame.name}"]
        lines += [f"{frame.lineno:>5} | {frame.line[:_WIDTH]}"] if frame.line else []
    return lines


def _is_own(filename: str) -> bool:
    return not filename.startswith((_OURS, *_LIBRARIES, "<frozen"))


def _place(filename: str) -> str:
    """A cell by its number, as `In[5]`; a file by its path."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    named = shell.compile.format_code_name(filename) if shell is not None else None
    return " ".join(named) if named is not None else f"File {filename}"
