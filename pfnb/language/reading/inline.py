"""Pipelines in one line, as nodes: a URI (`datetime?format=dd.MM.yyyy|log`), and a url-encoded form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from pfnb.exceptions import PipelineSyntaxError, UnknownCommandError
from pfnb.language.command import CommandRegistry
from pfnb.language.reading.options import common_name
from pfnb.language.yaml.nodes import MAX_NODES, Mapping, Node, Scalar

_NAME = r"[A-Za-z][\w-]*(?:\.[\w-]+)*(?::v\d+)?"
_URI = re.compile(rf"\s*{_NAME}\s*[?|][^\n]*(?:\n\s*)?")
_FORM = re.compile(rf"{_NAME}(?:=[^\n&]*)?(?:&{_NAME}(?:=[^\n&]*)?)*\s*")
_PAIR = re.compile(r"\s*([\w.-]+)\s*[:=]")


def is_uri(text: str) -> bool:
    """Whether a text is a pipeline as a URI: commands with `?` or `|`."""
    return _URI.fullmatch(text) is not None


def is_form(text: str) -> bool:
    """Whether a text can be a pipeline as a form, url-encoded or as `curl -d` sends it: YAML has a colon where this has `=`, JSON
    begins with a brace."""
    return _FORM.fullmatch(text) is not None


def uri_steps(text: str, number: int = 1) -> tuple[str, list[Node]]:
    """The steps of a pipeline URI in line `number`, and the decoded text that they refer to."""
    line = _Line(number)
    for begin, end in _spans(text, "|"):
        name, mark, query = text[begin:end].partition("?")
        if not name.strip():
            raise PipelineSyntaxError("this step is empty", line=number, column=begin + 1, step=len(line.nodes) + 1)
        step = line.step(name.strip())
        if mark:
            for first, last in _spans(query, "&"):
                key, _, value = query[first:last].partition("=")
                if key.strip():
                    step.entries.append((line.scalar(unquote(key.strip())), line.scalar(unquote(value))))
    return line.text, line.nodes


def form_steps(text: str, registry: CommandRegistry) -> tuple[str, list[Node]]:
    """The steps of a url-encoded pipeline, `log=message:Hello;level:WARN&datetime`, and the decoded text they refer to.

    A value without a name belongs to the command's shorthand, or its first parameter.
    """
    line = _Line(1)
    for piece in filter(None, text.strip().split("&")):
        name, _, query = piece.partition("=")
        command, query = unquote_plus(name).strip(), unquote_plus(query)
        step = line.step(command)
        for first, last in _spans(query, ";"):
            if query[first:last].strip():
                key, value = _pair(query[first:last], line, command, registry)
                step.entries.append((key, line.value(value.strip())))
    return line.text, line.nodes


def _pair(text: str, line: _Line, command: str, registry: CommandRegistry) -> tuple[Scalar, str]:
    """A parameter's name, as written or as implied, and the rest of the text."""
    try:
        called = registry.get(command)
    except UnknownCommandError:  # reported later, where the step is read
        return line.implied("value"), text
    parameters, found = called.parameters, _PAIR.match(text)
    if found and (parameters.is_open or found[1] in parameters.spellings or common_name(found[1])):
        return line.scalar(found[1]), text[found.end() :]
    first = next(iter(parameters.names()), "value")
    return line.implied(first if called.shorthand is None else parameters.spelling_of(called.shorthand)), text


class _Line:
    """The decoded text as it grows, and the nodes with their positions in it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.nodes: list[Node] = []
        self._pieces: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def write(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def step(self, name: str) -> Mapping:
        """Begin a step; returns the node of its parameters."""
        parameters = Mapping(self.number, self._length + 1)
        self.nodes.append(Mapping(self.number, self._length + 1, [(self.scalar(name), parameters)]))
        if len(self.nodes) > MAX_NODES:
            raise PipelineSyntaxError(f"more than {MAX_NODES} steps", line=self.number, column=self._length)
        return parameters

    def scalar(self, text: str) -> Scalar:
        return self._scalar(text, text, None)

    def implied(self, text: str) -> Scalar:
        """A name that is implied at this position."""
        return Scalar(self.number, self._length + 1, text, None, self._length, self._length)

    def value(self, text: str) -> Scalar:
        """A value; in quotes it is always a text."""
        is_quoted = len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]
        return self._scalar(text[1:-1], text, "'") if is_quoted else self.scalar(text)

    def _scalar(self, text: str, written: str, style: str | None) -> Scalar:
        start = self._length
        self.write(written)
        self.write(" ")
        return Scalar(self.number, start + 1, text, style, start, start + len(written))


def _spans(text: str, separator: str) -> Iterator[tuple[int, int]]:
    """The spans between separators, ignoring those in braces and in quoted values."""
    depth, quote, before, begin = 0, "", "", 0
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and (depth or before in ("", ":", "=", ";")):
            quote = character
        elif character in "{}":
            depth = max(0, depth + (1 if character == "{" else -1))
        elif character == separator and not depth:
            yield begin, at
            begin = at + 1
        before = before if character.isspace() else character
    yield begin, len(text)
