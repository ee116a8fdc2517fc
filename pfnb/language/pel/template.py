"""A text with expressions in it, `#{…}` or `${…}`: alone, an expression keeps its value's type; amid text it becomes text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from functools import lru_cache
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.errors import locate, place, syntax_error
from pfnb.language.pel.evaluator import compile_node
from pfnb.language.pel.expression import too_nested
from pfnb.language.pel.frame import Frame, Run
from pfnb.language.pel.limits import CACHE_SIZE, LIGHT, MAX_CACHED, MAX_TEXT
from pfnb.language.pel.literal_text import is_literal
from pfnb.language.pel.parser import Parser
from pfnb.language.pel.printing import to_template_text, too_long
from pfnb.language.pel.run_functions import RunFunctions

MARKS = "#$"
_BRACKET = re.compile(r"[(\[{)\]}'\"]")
_PAIRS = {")": "(", "]": "[", "}": "{"}


class Template:
    """A parsed template. `is_text`: it has no expression. `is_expression`: it is one expression only. `is_literal`: its
    expressions are quoted texts, so that nothing in it is computed.

    For `may_block` and `changes` see Expression.
    """

    __slots__ = ("_only", "_parts", "_weight", "changes", "is_expression", "is_literal", "is_text", "may_block", "text")

    def __init__(self, text: str, marks: str = MARKS) -> None:
        self.text = text
        self.may_block = False
        self.is_literal = True
        self._weight = changes = 0
        self._parts: list[tuple[str | Run, int]] = []
        begin = 0
        for opening, start, stop in _expressions(text, marks):
            if opening > begin:
                self._parts.append((text[begin:opening], begin))
            parser = Parser(text, start, stop, nested=True)
            node = parser.parse()
            self._parts.append((compile_node(node), opening))
            self.is_literal = self.is_literal and is_literal(node)
            self.may_block = self.may_block or parser.may_block
            changes += parser.changes
            self._weight += parser.weight
            begin = stop + 1
        self.changes = changes > 0
        self.is_text = not self._parts
        if begin < len(text):
            self._parts.append((text[begin:], begin))
        self._only = self._parts[0][0] if len(self._parts) == 1 else None
        self.is_expression = callable(self._only)
        self.may_block = self.may_block or (self.changes and self._only is None)

    def evaluate(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
        """The value, with arguments as Expression.evaluate; line and column of its errors count in the whole text."""
        if self.is_text:
            return self.text
        frame = Frame()
        frame.root, frame.functions = scope, functions
        in_run = functions.__class__ is RunFunctions
        if in_run:
            frame.portion = functions.portion  # type: ignore[union-attr]
        try:
            if self._weight > LIGHT:
                frame.spend(self._weight)
            value = self._only(scope, frame) if callable(self._only) else self._joined(frame)
        except PelEvaluationError as error:
            locate(error, self.text)
            raise
        except RecursionError:
            raise too_nested() from None
        if in_run:
            functions.portion = frame.portion  # type: ignore[union-attr]
        return value

    def _joined(self, frame: Frame) -> str:
        texts = []
        length = 0
        for part, offset in self._parts:
            try:
                text = part if isinstance(part, str) else to_template_text(part(frame.root, frame))
                length += len(text)
                frame.spend(len(text))
                if length > MAX_TEXT:
                    raise too_long()
            except PelEvaluationError as error:
                place(error, offset)
                raise
            texts.append(text)
        return "".join(texts)


def _expressions(text: str, marks: str) -> Iterator[tuple[int, int, int]]:
    """Offset of each opening, and start and stop of the expression after it."""
    opening = re.compile(f"[{re.escape(marks)}]\\{{")
    found = opening.search(text)
    while found:
        stop = _closing(text, found.start())
        if not text[found.end() : stop].strip():
            raise syntax_error(f"there is no expression within {found[0]}}}", text, found.start())
        yield found.start(), found.end(), stop
        found = opening.search(text, stop + 1)


def _closing(text: str, opening: int) -> int:
    """Offset of the brace that closes the one after `opening`; brackets within quotes do not count."""
    open_brackets: list[str] = []
    position = opening + 2
    while found := _BRACKET.search(text, position):
        bracket, position = found[0], found.end()
        if bracket in "'\"":
            position = text.find(bracket, position) + 1
            if not position:
                raise syntax_error(f"the text that starts here has no closing {bracket}", text, found.start())
        elif bracket in "([{":
            open_brackets.append(bracket)
        elif not open_brackets and bracket == "}":
            return found.start()
        elif not open_brackets or open_brackets.pop() != _PAIRS[bracket]:
            raise syntax_error(f"unmatched '{bracket}'", text, found.start())
    raise syntax_error(f"'{text[opening : opening + 2]}' has no closing '}}'", text, opening)


def parse_template(text: str, marks: str = MARKS) -> Template:
    """Parse a template, in which any of the marks before a `{` opens an expression. Raises PelSyntaxError with line and column,
    from 1."""
    return _parse_template(text, marks) if len(text) <= MAX_CACHED else Template(text, marks)


_parse_template = lru_cache(maxsize=CACHE_SIZE)(Template)


def render(text: str, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any:
    """The value of a text with expressions in it: see Template.evaluate."""
    return parse_template(text).evaluate(scope, functions)
