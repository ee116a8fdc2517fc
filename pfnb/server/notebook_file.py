"""The file of a notebook that runs as a service: reading it, setting parameters, writing the executed copy."""

from __future__ import annotations

import copy
import keyword
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import nbformat.v4
from nbformat import NotebookNode

from pfnb.exceptions import NotebookError, ParameterError, PipelineSyntaxError
from pfnb.language.reading.values import json_value
from pfnb.language.yaml.document import read_document
from pfnb.language.yaml.nodes import Scalar

PARAMETERS = "parameters"
INJECTED = "injected-parameters"
_JSON = ("{", "[", '"')


def read_parameters(words: Sequence[str]) -> dict[str, Any]:
    """`name=value` words as a mapping. A value is a YAML scalar, or a list or map in JSON; anything else is text.

    Raises ParameterError for a word of another form, or a name that is not a Python identifier.
    """
    parameters = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ParameterError(f"{word!r} is not a parameter: write -p name=value")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ParameterError(f"{name!r} is not a valid parameter name: use a Python name")
        parameters[name] = _value(name, text)
    return parameters


def _value(name: str, text: str) -> Any:
    try:
        node = read_document(text)
    except PipelineSyntaxError as error:
        if text.startswith(_JSON):
            raise ParameterError(f"the value of -p {name} begins like JSON, but is not JSON: {error.message}") from None
        return text
    if isinstance(node, Scalar) or text.startswith(_JSON):
        return json_value(node) if node is not None else text
    return text


def read_notebook(path: Path) -> NotebookNode:
    """Raises NotebookError for a file that cannot be read, or is not a notebook."""
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except (nbformat.ValidationError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise NotebookError(f"{path} is not a notebook: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise NotebookError(f"{path} cannot be read: {os.strerror(error.errno or 0)}") from None
    return notebook


def with_parameters(notebook: NotebookNode, parameters: Mapping[str, Any]) -> NotebookNode:
    """A copy with a cell that sets them, after the one tagged `parameters` or at the top. Removes the cell that an earlier run
    inserted."""
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if INJECTED not in tags_of(cell)]
    if parameters:
        lines = ["# Parameters", *(f"{name} = {_python(value)}" for name, value in parameters.items())]
        cell = nbformat.v4.new_code_cell("\n".join(lines), metadata={"tags": [INJECTED]})  # type: ignore[no-untyped-call]
        if notebook.nbformat_minor < 5:
            del cell["id"]  # older formats have no cell ids
        places = [place for place, cell in enumerate(notebook.cells) if PARAMETERS in tags_of(cell)]
        notebook.cells.insert(places[0] + 1 if places else 0, cell)
    return notebook


def _python(value: Any) -> str:
    return f"float({str(value)!r})" if isinstance(value, float) else repr(value)


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """All of it or nothing: a reader never finds half a notebook."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        nbformat.write(notebook, unfinished)  # type: ignore[no-untyped-call]
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def tags_of(cell: NotebookNode) -> Sequence[str]:
    tags: Sequence[str] = cell.metadata.get("tags", [])
    return tags
