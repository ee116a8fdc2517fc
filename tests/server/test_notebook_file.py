"""Parameters of a notebook that runs as a service."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from pfnb.exceptions import NotebookError, ParameterError
from pfnb.server.notebook_file import read_notebook, read_parameters, with_parameters


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""), ("2", 2), ("2.5", 2.5), ("true", True), ("null", None), ("yes", "yes"), ("2026-11-25", "2026-11-25"),
        ("Ada", "Ada"), ("a: b", "a: b"), ("- a", "- a"), ("@ada", "@ada"), ("a=b", "a=b"), ("'2'", "2"), ('"2"', "2"),
        ("[1, {}]", [1, {}]), ('{"a": [true]}', {"a": [True]}), ("http://h/?a=1#b", "http://h/?a=1#b"),
    ],
)  # fmt: skip
def test_a_value_is_a_yaml_scalar_or_json_and_else_text(text: str, value: object) -> None:
    read = read_parameters([f"name={text}"])["name"]
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("word", ["name", "=1", "a b=1", "1a=1", "class=1", "a={", 'a="b'])
def test_a_word_that_is_no_parameter_is_refused(word: str) -> None:
    with pytest.raises(ParameterError, match=r"-p|is not a valid parameter name"):
        read_parameters([word])


def notebook(*tags: str, minor: int = 5) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_code_cell(tag, metadata={"tags": [tag]}) for tag in tags]
    return nbformat.v4.new_notebook(cells=cells, nbformat_minor=minor)


def test_parameters_are_set_behind_their_defaults_and_once() -> None:
    given = notebook("first", "parameters", "last")
    once = with_parameters(given, {"a": 1, "far": float("inf"), "b": ["x"]})
    assert [cell.source for cell in once.cells] == [
        "first", "parameters", "# Parameters\na = 1\nfar = float('inf')\nb = ['x']", "last",
    ]  # fmt: skip
    again = with_parameters(once, {"a": 2})
    assert [cell.source for cell in again.cells] == ["first", "parameters", "# Parameters\na = 2", "last"]
    assert len(given.cells) == 3


def test_without_defaults_parameters_come_first() -> None:
    assert with_parameters(notebook("first"), {"a": 1}).cells[0].source == "# Parameters\na = 1"


def test_a_notebook_of_an_older_format_stays_valid() -> None:
    older = with_parameters(notebook(minor=4), {"a": 1})
    nbformat.validate(older)
    assert "id" not in older.cells[0]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"cells": 1}', '{"nbformat": 4, "nbformat_minor": 5}'])
def test_what_is_no_notebook_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(NotebookError, match=r"a\.ipynb is not a notebook") as raised:
        read_notebook(tmp_path / "a.ipynb")
    assert "\n" not in str(raised.value)
