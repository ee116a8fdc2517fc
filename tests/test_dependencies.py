"""What pfnb imports is declared, what is declared is imported, and the oldest versions are those that CI installs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.version import Version

from pfnb.language.evaluation import FUNCTIONS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOT_IMPORTED = {"tzdata"}
"""The data that the standard library reads."""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def floors(requirements: list[str]) -> dict[str, Version]:
    """The oldest version of each, by its normal name."""
    found = [re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)", one) for one in requirements]
    assert all(found), requirements
    return {normal(one[1]): Version(one[2]) for one in found if one is not None}


BASE = floors(PROJECT["dependencies"])
OPTIONAL = set().union(
    *(floors(PROJECT["optional-dependencies"][name]) for name in ("keyring", "mail", "query", "pandas", "previews"))
)


@cache
def imported() -> tuple[tuple[str, str], ...]:
    """The distributions that files of pfnb import, each with a place where."""
    return tuple(_imported())


def _imported() -> Iterator[tuple[str, str]]:
    distributions = packages_distributions()
    for file in sorted((ROOT / "pfnb").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            for module in {one.partition(".")[0] for one in modules} - set(sys.stdlib_module_names) - {"pfnb"}:
                # A namespace may be shared, and its first owner is not always the one that is meant.
                owners = {normal(one) for one in distributions[module]}
                yield min(owners, key=lambda one: (one not in BASE, one)), f"{file.relative_to(ROOT)}:{node.lineno}"


def test_whatever_pfnb_imports_is_declared() -> None:
    undeclared = {name: place for name, place in imported() if name not in {*BASE, *OPTIONAL}}
    assert undeclared == {}


def test_whatever_is_declared_is_imported() -> None:
    assert set(BASE) - {name for name, _ in imported()} == NOT_IMPORTED


def test_the_language_knows_no_built_in_command_or_function() -> None:
    """Not even by a name in a text, which the import linter cannot see."""
    for file in sorted((ROOT / "pfnb" / "language").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            # Whoever provides the functions, the group of their entry points has the name FUNCTIONS.
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != FUNCTIONS:
                assert not re.match(r"pfnb\.(commands|functions)\b", node.value), f"{file}:{node.lineno}"
            if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).endswith(
                ("import_module", "__import__")
            ):
                assert file.name == "encodings.py", (
                    f"{file}:{node.lineno}"
                )  # it imports libraries that may not be there


def test_the_floors_of_ci_are_those_that_are_declared() -> None:
    lines = (line for line in (ROOT / "tests" / "floors.txt").read_text().splitlines() if not line.startswith("#"))
    pinned = {normal(name): Version(version) for name, _, version in (line.partition("==") for line in lines)}
    assert pinned == BASE


def test_the_versions_of_python_are_named() -> None:
    assert PROJECT["requires-python"] == ">=3.11"
    for minor in range(11, 15):
        assert f"Programming Language :: Python :: 3.{minor}" in PROJECT["classifiers"]
