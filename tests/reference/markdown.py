"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pfnb.language.declaration import Documentation


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, and the empty line behind it; nothing without rows."""
    lines = [_row(row) for row in rows]
    return [_row(head), _row(["---"] * len(head)), *lines, ""] if lines else []


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    return ", ".join(map(code, texts))


def fenced(language: str, text: str) -> list[str]:
    return [f"```{language}", *text.splitlines(), "```", ""]


def pipelines(documentation: Documentation) -> list[str]:
    """The examples of a command, each with what it ends with."""
    lines: list[str] = []
    for example in documentation.examples:
        lines += fenced("yaml", example.code)
        if example.result is not None:
            lines += ["It ends with", "", *fenced("json", example.result)]
    return lines


def expressions(documentation: Documentation) -> list[str]:
    """The examples of a function, with their values."""
    shown = [
        example.code if example.result is None else f"{example.code}  # => {example.result}"
        for example in documentation.examples
    ]
    return fenced("", "\n".join(shown)) if shown else []


def page(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"
