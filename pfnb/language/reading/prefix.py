"""The header `exprPrefix`: which mark opens expressions, for pipelines that contain another language with the usual marks."""

from __future__ import annotations

import re

from pfnb.exceptions import ParameterError
from pfnb.language.yaml.nodes import Mapping, Node, Scalar, Sequence

HEADER = "exprPrefix"
PATTERN = r"^[#$%&@!~§]\{?$"
"""The header's JSON Schema: one mark, with the brace or without."""


def apply_prefix(headers: Node | None, sections: list[Node]) -> None:
    """Let expressions in these sections open with the mark that the header names, and with no other.

    Raises ParameterError with line and column for a header that does not name a mark.
    """
    for key, value in headers.entries if isinstance(headers, Mapping) else ():
        if key.text == HEADER:
            if not isinstance(value, Scalar) or not re.search(PATTERN, value.text):
                raise ParameterError(
                    f'{HEADER} must be one of # $ % & @ ! ~ §, such as "$" for ${{…}}',
                    line=value.line,
                    column=value.column,
                )
            for section in sections:
                _mark(section, value.text[0])


def _mark(node: Node, marks: str) -> None:
    if isinstance(node, Scalar):
        node.marks = marks
    elif isinstance(node, Sequence):
        for item in node.items:
            _mark(item, marks)
    else:
        for _, value in node.entries:
            _mark(value, marks)
