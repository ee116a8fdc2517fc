"""The page that lists every file of the code with what it is for, as its own docstring says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.reference.markdown import page

ROOT = Path(__file__).parents[2]
CODE = ROOT / "pfnb"
_WIDTH = 26


def code_map_page() -> str:
    return page(_lines())


def _lines() -> Iterator[str]:
    yield "# A map of the code"
    yield ""
    yield "`make docs` writes this page from the first sentence of each file's docstring. CONTRIBUTING.md explains the rooms."
    yield ""
    yield "```"
    yield from _folder(CODE, 0)
    yield "```"


def _folder(folder: Path, depth: int) -> Iterator[str]:
    yield _line(f"{folder.name}/", depth, folder / "__init__.py")
    files = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    folders = sorted(path.parent for path in folder.glob("*/__init__.py"))
    for inner in folders:
        yield from _folder(inner, depth + 1)
    for path in files:
        yield _line(path.name, depth + 1, path)


def _line(name: str, depth: int, path: Path) -> str:
    return f"{'  ' * depth + name:<{_WIDTH}} {_summary(path)}".rstrip()


def _summary(path: Path) -> str:
    first = " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n\n")[0].split())
    return first.partition(". ")[0].rstrip(".")
