"""JSONPath (RFC 9535) for `@json.path`, in bounded time. The library `jsonpath_rfc9535` reads queries; the search is here, so
that each value that it visits is paid for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import regex
from iregexp_check import check
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathQuery, selectors
from jsonpath_rfc9535 import filter_expressions as kinds
from jsonpath_rfc9535.exceptions import JSONPathError
from jsonpath_rfc9535.filter_expressions import Expression
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import JSONPathSelector

from pfnb.exceptions import ParameterError, PelEvaluationError
from pfnb.language.budget import current
from pfnb.language.pel.limits import MAX_MATCHED, PATTERN_SECONDS
from pfnb.language.pel.values import is_list, is_map, is_number

MAX_QUERY = 1_000
"""Maximum characters of a query."""

MAX_LOOKED_AT = 500_000
"""Maximum number of values that one query may visit."""

_NOTHING = object()
_DOT = re.compile(r"\\.|\[(?:[^\]\\]|\\.)*\]|\.", re.DOTALL)
"""What a dot may stand in, and dots."""
_LENIENT = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\.(?P<name>(?=[\w-]*[-\d])[\w-]+)""", re.DOTALL)
"""Quoted texts, and names after a dot that the RFC wants in brackets: `.first-name`, `.0`."""


def find(document: Any, query: str) -> Any:
    """The value of a definite path, or null; for any other path the list of all values. Raises ParameterError."""
    parsed = _parse(query)
    search = _Search(document)
    try:
        found = search.values(document, parsed)
        return next(found, None) if parsed.singular_query() else list(found)
    except RecursionError:
        raise ParameterError("the JSONPath, or the data, is nested too deeply") from None


@lru_cache(maxsize=256)
def _parse(query: str) -> JSONPathQuery:

    if len(query) > MAX_QUERY:
        raise ParameterError(f"a JSONPath may have at most {MAX_QUERY:,} characters")
    environment, lenient = JSONPathEnvironment(), _LENIENT.sub(_bracketed, query)
    try:
        try:
            return environment.compile(query)
        except JSONPathError:
            if lenient == query:
                raise
            return environment.compile(lenient)
    except JSONPathError as error:
        raise ParameterError(f"the JSONPath is wrong: {error}") from None
    except RecursionError:
        raise ParameterError("the JSONPath is nested too deeply") from None


def _bracketed(found: re.Match[str]) -> str:
    return found[0] if found["name"] is None else f"['{found['name']}']"


class _Search:
    """One run of a query: the document, and how many values it may still visit."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = MAX_LOOKED_AT
        self._budget = current()

    def values(self, start: Any, query: JSONPathQuery) -> Iterator[Any]:
        """What the query selects, in the order of the RFC."""
        found: Iterator[Any] = iter((start,))
        for segment in query.segments:
            found = self._segment(found, segment)
        return found

    def _look(self, value: Any) -> Any:
        self._pay(1)
        return value

    def _pay(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ParameterError("the JSONPath visits too much data: make it more precise")
        self._budget.spend(count)

    def _segment(self, values: Iterator[Any], segment: JSONPathSegment) -> Iterator[Any]:

        for value in values:
            reached = self._descent(value) if isinstance(segment, JSONPathRecursiveDescentSegment) else (value,)
            for one in reached:
                for selector in segment.selectors:
                    yield from map(self._look, self._selected(one, selector))

    def _descent(self, value: Any) -> Iterator[Any]:
        """The value and all its descendants, in document order."""
        waiting = [value]
        while waiting:
            yield (at := self._look(waiting.pop()))
            waiting.extend(reversed(list(_children(at))))

    def _selected(self, value: Any, selector: JSONPathSelector) -> Iterator[Any]:

        if isinstance(selector, selectors.NameSelector):
            return iter((value[selector.name],)) if is_map(value) and selector.name in value else iter(())
        if isinstance(selector, selectors.IndexSelector):
            index = selector.index
            return iter((value[index],)) if is_list(value) and -len(value) <= index < len(value) else iter(())
        if isinstance(selector, selectors.SliceSelector):
            return self._slice(value, selector.slice)
        if isinstance(selector, selectors.FilterSelector):
            test = selector.expression.expression
            return (each for each in _children(value) if self._holds(test, self._look(each)))
        return _children(value)

    def _slice(self, value: Any, part: slice) -> Iterator[Any]:
        if not is_list(value) or part.step == 0:
            return iter(())
        self._pay(len(range(*part.indices(len(value)))))  # it is a copy
        return iter(value[part])

    def _holds(self, test: Expression, value: Any) -> bool:
        """Whether a filter's expression is true for a value."""

        if isinstance(test, kinds.PrefixExpression):
            return not self._holds(test.right, value)
        if isinstance(test, kinds.LogicalExpression):
            if test.operator == "&&":
                return self._holds(test.left, value) and self._holds(test.right, value)
            return self._holds(test.left, value) or self._holds(test.right, value)
        if isinstance(test, kinds.ComparisonExpression):
            return self._compared(self._value(test.left, value), test.operator, self._value(test.right, value))
        if isinstance(test, kinds.FilterQuery):
            return next(self._nodes(test, value), _NOTHING) is not _NOTHING
        return bool(self._function(test, value)) if isinstance(test, kinds.FunctionExtension) else False

    def _nodes(self, query: Any, value: Any) -> Iterator[Any]:
        if not isinstance(query, kinds.FilterQuery):
            raise ParameterError("the JSONPath is wrong: a function needs a path or a value here, not a condition")
        return self.values(self._root if isinstance(query, kinds.RootFilterQuery) else value, query.query)

    def _value(self, expression: Expression, value: Any) -> Any:
        """The one value of an operand, or nothing."""

        if isinstance(expression, kinds.FilterExpressionLiteral):
            return expression.value
        if isinstance(expression, kinds.FunctionExtension):
            return self._function(expression, value)
        return next(self._nodes(expression, value), _NOTHING)

    def _function(self, call: Any, value: Any) -> Any:
        if call.name == "count":
            return sum(1 for _ in self._nodes(call.args[0], value))
        if call.name == "value":
            found = self._nodes(call.args[0], value)
            only = next(found, _NOTHING)
            return only if next(found, _NOTHING) is _NOTHING else _NOTHING
        first, *more = [self._value(one, value) for one in call.args]
        if call.name == "length":
            return len(first) if isinstance(first, str) or is_list(first) or is_map(first) else _NOTHING
        self._budget.check()
        return _matches(first, more[0], whole=call.name == "match")

    def _compared(self, left: Any, operator: str, right: Any) -> bool:
        if operator in ("==", "!="):
            return self._equal(left, right) is (operator == "==")
        if "=" in operator and self._equal(left, right):
            return True
        are_texts = isinstance(left, str) and isinstance(right, str)
        if not are_texts and not (is_number(left) and is_number(right)):
            return False
        return bool(left < right if operator[0] == "<" else left > right)

    def _equal(self, left: Any, right: Any) -> bool:
        """Numbers by value, at any depth; nothing equals nothing only."""
        if left is right or (is_number(left) and is_number(right) and left == right):
            return True
        if isinstance(left, str) and isinstance(right, str):
            return left == right
        if is_map(left) and is_map(right) and len(left) == len(right):
            self._pay(len(left))
            return all(key in right and self._equal(value, right[key]) for key, value in left.items())
        if is_list(left) and is_list(right) and len(left) == len(right):
            self._pay(len(left))
            return all(self._equal(one, other) for one, other in zip(left, right, strict=True))
        return False


def _children(value: Any) -> Iterator[Any]:
    if is_map(value):
        return iter(value.values())
    return iter(value) if is_list(value) else iter(())


def _any_in_line(found: re.Match[str]) -> str:
    return r"[^\n\r]" if found[0] == "." else found[0]


def _matches(text: Any, pattern: Any, *, whole: bool) -> bool:
    """`match` and `search`, with the regular expressions of RFC 9485 and within a time limit; false for what is none."""

    if not isinstance(text, str) or not isinstance(pattern, str) or len(pattern) > MAX_QUERY or not check(pattern):
        return False
    if len(text) > MAX_MATCHED:
        raise PelEvaluationError(f"a regular expression can be applied to at most {MAX_MATCHED:,} characters")
    try:
        compiled = regex.compile(_DOT.sub(_any_in_line, pattern), regex.VERSION1)
        find_in = compiled.fullmatch if whole else compiled.search
        return find_in(text, timeout=PATTERN_SECONDS, concurrent=True) is not None
    except regex.error:
        return False
    except TimeoutError:
        raise PelEvaluationError(
            "the regular expression takes too long: make it simpler, or the text shorter"
        ) from None
