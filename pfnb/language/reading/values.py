"""Nodes of a document as values: JSON, with every text that has an expression in it compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import ParameterError, PelSyntaxError, PipelineSyntaxError
from pfnb.language import pel
from pfnb.language.deferred import Deferred
from pfnb.language.formula import Evaluable, Formula, formula_in
from pfnb.language.place import place_of, relocate
from pfnb.language.scope import RESULT
from pfnb.language.yaml.nodes import Mapping, Node, Scalar, Sequence

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)$")
_BASED = re.compile(r"0o[0-7]+$|0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"-?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
"""No leading `+` or zero: telephone numbers, postal codes and article numbers would lose it."""
_SPECIAL = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_WRAPPED = re.compile(r"\s*(\W)\{(.*)\}\s*$", re.DOTALL)

_ADDRESS = re.compile(r"\s*\$?uri:(property|pipeline|command|user|drive|secret|webhook):", re.ASCII)
_NAMED = re.compile(r"\s*\$?uri:(property|user|drive):", re.ASCII)
"""The beginning of an address that names something, whatever the rest is."""
_TARGET = pel.parse(f"@resolve.uri({RESULT})")
_WORD = re.compile(r"\s*([A-Za-z_]\w*)(?!\s*\??[.\[])\b", re.ASCII)
"""A name at the beginning that nothing is read from."""
_ROOTS = frozenset({"vars", "var", "body", "headers", "exception", "true", "false", "null", "not"})


def is_null(node: Node) -> bool:
    """Whether the value is missing or `null`."""
    return isinstance(node, Scalar) and node.style is None and _SPECIAL.get(node.text, node) is None


def is_blank(node: Node) -> bool:
    """Whether the value is missing, `null` or an empty text."""
    return is_null(node) or (isinstance(node, Scalar) and not node.text.strip())


def json_value(node: Node) -> Any:
    """The value as JSON, expressions left as text. Resolved by the core schema of YAML 1.2: `yes`, `on` and dates are texts. So
    are `01234` and `+49`, which would lose a character as numbers."""
    if isinstance(node, Mapping):
        return {key.text: json_value(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [json_value(item) for item in node.items]
    return _plain(node) if node.style is None else node.text


def value_of(node: Node, source: str) -> Any:
    """The value with its expressions compiled to Formulas. Raises PelSyntaxError with the document's position."""
    if isinstance(node, Mapping):
        return {key.text: value_of(value, source) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [value_of(item, source) for item in node.items]
    if "{" in node.text and any(f"{mark}{{" in node.text for mark in node.marks):
        return _template(node, source)
    return _plain(node) if node.style is None else node.text


def data_of(node: Node, source: str) -> Any:
    """The same for a parameter that takes any data: a literal address such as `$uri:property:global/app/demo/config` stands for
    what it points to, and so does one with a computed path, such as `$uri:drive:#{vars.path}`. An address in a payload is
    text."""
    value = value_of(node, source)
    if isinstance(node, Scalar) and isinstance(value, str) and _ADDRESS.match(value):
        quoted = value.strip().replace("'", "''")
        return Formula(pel.parse(f"@resolve.uri('{quoted}')"), place_of(node, source), value, is_address=True)
    if isinstance(value, Formula) and isinstance(node, Scalar) and _NAMED.match(node.text):
        return Formula(_ComputedAddress(value.code), value.place, value.text, is_address=True)
    return value


@dataclass(frozen=True, slots=True)
class _ComputedAddress:
    """An address whose beginning is literal, and whose rest is computed: it only names something."""

    template: Evaluable
    may_block: bool = True
    changes: bool = True

    def evaluate(self, scope: MutableMapping[str, Any], functions: Map[str, Any] | None = None) -> Any:
        return _TARGET.evaluate({**scope, RESULT: self.template.evaluate(scope, functions)}, functions)


def input_of(node: Node, source: str) -> Any:
    """A step's `input`: an expression such as `vars.order`, bare or within `#{…}`; else the value itself. A bare text that is no
    expression over the run's values is data."""
    value = data_of(node, source)
    if not isinstance(node, Scalar) or not isinstance(value, str):
        return value
    try:
        formula = formula_in(node.text, place_of(node, source))
    except PelSyntaxError:
        return value
    first = _WORD.match(node.text)
    return value if first is not None and first[1].lower() not in _ROOTS else formula


def formula_of(node: Node, source: str, parameter: str) -> Formula:
    """An expression, bare or within `#{…}`, as `eval` and `filter` take it. Raises ParameterError for anything else."""
    if not isinstance(node, Scalar) or not node.text.strip():
        raise ParameterError(f"{parameter} must be an expression", line=node.line, column=node.column)
    return formula_in(node.text, place_of(node, source))


def deferred_of(kind: type[Deferred], node: Node, source: str, parameter: str) -> Deferred:
    """The node's text, compiled as this kind. Raises as `kind.compiled` does, and ParameterError for anything but a text."""
    if not isinstance(node, Scalar):
        raise ParameterError(f"{parameter} must be a text", line=node.line, column=node.column)
    return kind.compiled(node.text, place_of(node, source))


def target_of(node: Node, source: str) -> Formula:
    """The path given as `output`, such as `vars.total` or `#{vars.total}`, as an assignment of the step's result."""
    wrapped = _WRAPPED.match(node.text) if isinstance(node, Scalar) else None
    if not isinstance(node, Scalar) or not node.text.strip():
        raise ParameterError("output must be a path such as vars.total", line=node.line, column=node.column)
    if wrapped and wrapped[1] in node.marks:
        path, offset = wrapped[2], wrapped.start(2)
    else:
        path, offset = node.text, 0
    place = place_of(node, source).after(offset)
    try:
        return Formula(pel.parse(f"{path} = {RESULT}"), place, path)
    except PelSyntaxError as error:
        error.message = f"output must be a path such as vars.total: {error.message}"
        relocate(error, path, place)
        raise


def _template(node: Scalar, source: str) -> Formula | str:
    place = place_of(node, source)
    try:
        template = pel.parse_template(node.text, node.marks)
    except PelSyntaxError as error:
        relocate(error, node.text, place)
        raise
    return node.text if template.is_text else Formula(template, place, node.text)


def _plain(node: Scalar) -> Any:
    text = node.text
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _INTEGER.match(text):
        if len(text) > 4000:  # Python refuses longer ones, since they take quadratic time
            raise PipelineSyntaxError("this number is too long", line=node.line, column=node.column)
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return int(text, 0) if _BASED.match(text) else text
