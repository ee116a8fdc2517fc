"""JSONPath for `@json.path`: Goessner's syntax with the filters of RFC 9535, in bounded time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.budget import current
from pfnb.language.pel.values import compare, equal, is_list, is_map

MAX_QUERY = 1_000
"""Maximum characters of a query."""

MAX_LOOKED_AT = 500_000
"""Maximum number of values that one query may visit."""

_TOKEN = re.compile(
    r"""\s*(?: (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*") | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
    | (?P<name>[^\W\d][\w-]*) | (?P<symbol>\.\.|\|\||&&|[=!<>]=|[$@.*\[\],:?()!<>]) | (?P<end>\Z) | (?P<bad>.) )""",
    re.VERBOSE | re.DOTALL,
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_NOTHING = object()

Select = Callable[[Any, "_Search"], Iterator[Any]]
"""A selector: yields the values that it selects within a value."""

Test = Callable[[Any, "_Search"], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """Steps of selectors; a `definite` query selects one value at most."""

    steps: tuple[Select, ...]
    definite: bool


class _Search:
    """One run of a query: the document, and how many values it may still visit."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._left = MAX_LOOKED_AT
        self._budget = current()

    def look(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ParameterError("the JSONPath visits too much data: make it more precise")
        self._budget.spend()
        return value

    def part(self, items: Any, which: slice) -> Any:
        """A slice of a list, which is a copy: its items count as visited."""
        count = len(range(*which.indices(len(items))))
        self._left -= count
        self._budget.spend(count)
        return self.look(items[which])

    def values(self, start: Any, steps: tuple[Select, ...]) -> Iterator[Any]:
        if not steps:
            yield start
            return
        for value in steps[0](start, self):
            yield from self.values(self.look(value), steps[1:])


def find(document: Any, query: str) -> Any:
    """The value of a definite path, or null; for any other path the list of all values. Raises ParameterError."""
    parsed = _parse(query)
    found = _Search(document).values(document, parsed.steps)
    return next(found, None) if parsed.definite else list(found)


@lru_cache(maxsize=256)
def _parse(query: str) -> Query:
    if len(query) > MAX_QUERY:
        raise ParameterError(f"a JSONPath may have at most {MAX_QUERY:,} characters")
    try:
        return _Parser(query).query()
    except RecursionError:
        raise ParameterError("the JSONPath is nested too deeply") from None


class _Parser:
    def __init__(self, query: str) -> None:
        self._tokens = [(found.lastgroup or "", found[found.lastgroup or 0]) for found in _TOKEN.finditer(query)]
        self._at = 0

    @property
    def _word(self) -> str:
        kind, word = self._tokens[self._at]
        return word if kind == "symbol" else ""

    def _take(self, *symbols: str) -> str:
        word = self._word if self._word in symbols else ""
        self._at += bool(word)
        return word

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._wrong(f"expected '{symbol}'")

    def _wrong(self, what: str) -> ParameterError:
        kind, word = self._tokens[self._at]
        return ParameterError(f"the JSONPath is wrong: {what}, not {'the end' if kind == 'end' else repr(word)}")

    def query(self) -> Query:
        self._expect("$")
        query = self._path()
        if self._tokens[self._at][0] != "end":
            raise self._wrong("expected the end, '.' or '['")
        return query

    def _path(self) -> Query:
        steps: list[Select] = []
        definite = True
        while dots := self._take("..", ".", "["):
            if dots == "..":
                steps.append(_everything)
                definite = False
            if dots == "[" or (dots == ".." and self._take("[")):
                select, single = self._bracket()
            else:
                select, single = self._dotted()
            steps.append(select)
            definite = definite and single
        return Query(tuple(steps), definite)

    def _dotted(self) -> tuple[Select, bool]:
        kind, word = self._tokens[self._at]
        if kind not in ("name", "number") and word != "*":
            raise self._wrong("expected a name or '*'")
        self._at += 1
        return (_children, False) if word == "*" else (_key(word), True)

    def _bracket(self) -> tuple[Select, bool]:
        selects = [self._selector()]
        while self._take(","):
            selects.append(self._selector())
        self._expect("]")
        if len(selects) == 1:
            return selects[0]
        return (lambda value, search: (each for select, _ in selects for each in select(value, search))), False

    def _selector(self) -> tuple[Select, bool]:
        kind, word = self._tokens[self._at]
        if self._take("*"):
            return _children, False
        if self._take("?"):
            return _filtered(self._any_of()), False
        if kind == "text":
            self._at += 1
            return _key(_unquoted(word)), True
        start = self._whole()
        if not self._take(":"):
            if start is None:
                raise self._wrong("expected a quoted key, an index, '*' or '?'")
            return _item(start), True
        stop = self._whole()
        step = self._whole() if self._take(":") else None
        if step == 0:
            raise self._wrong("expected a step other than 0")
        part = slice(start, stop, step)
        return (lambda value, search: iter(search.part(value, part)) if is_list(value) else iter(())), False

    def _whole(self) -> int | None:
        kind, word = self._tokens[self._at]
        if kind != "number" or not word.lstrip("-").isdigit() or len(word) > 15:
            return None
        self._at += 1
        return int(word)

    def _any_of(self) -> Test:
        tests = [self._all_of()]
        while self._take("||"):
            tests.append(self._all_of())
        return lambda value, search: any(test(value, search) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._test()]
        while self._take("&&"):
            tests.append(self._test())
        return lambda value, search: all(test(value, search) for test in tests)

    def _test(self) -> Test:
        if self._take("!"):
            test = self._test()
            return lambda value, search: not test(value, search)
        if self._take("("):
            test = self._any_of()
            self._expect(")")
            return test
        left = self._operand()
        operator = self._take("==", "!=", "<", "<=", ">", ">=")
        if not operator:
            return lambda value, search: left(value, search) is not _NOTHING
        right = self._operand()
        return lambda value, search: _holds(left(value, search), operator, right(value, search))

    def _operand(self) -> Callable[[Any, _Search], Any]:
        start = self._take("@", "$")
        if start:
            steps = self._path().steps
            return lambda value, search: next(search.values(value if start == "@" else search.root, steps), _NOTHING)
        kind, word = self._tokens[self._at]
        if kind not in ("text", "number") and word not in _CONSTANTS:
            raise self._wrong("expected @, $ or a value")
        self._at += 1
        constant = _unquoted(word) if kind == "text" else _CONSTANTS.get(word, _NOTHING)
        if constant is _NOTHING:
            constant = int(word) if word.lstrip("-").isdigit() else float(word)
        return lambda _value, _search: constant


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1])


def _key(name: str) -> Select:
    return lambda value, _search: iter((value[name],)) if is_map(value) and name in value else iter(())


def _item(index: int) -> Select:
    def select(value: Any, _search: _Search) -> Iterator[Any]:
        return iter((value[index],)) if is_list(value) and -len(value) <= index < len(value) else iter(())

    return select


def _children(value: Any, _search: _Search) -> Iterator[Any]:
    if is_map(value):
        return iter(value.values())
    return iter(value) if is_list(value) else iter(())


def _everything(value: Any, search: _Search) -> Iterator[Any]:
    """The value and all its descendants, in document order."""
    waiting = [value]
    while waiting:
        yield (at := search.look(waiting.pop()))
        waiting.extend(reversed(list(_children(at, search))))


def _filtered(test: Test) -> Select:
    return lambda value, search: (each for each in _children(value, search) if test(search.look(each), search))


def _holds(left: Any, operator: str, right: Any) -> bool:
    if operator in ("==", "!="):
        return equal(left, right) is (operator == "==")
    comparable = isinstance(left, str) and isinstance(right, str)
    if not comparable and not all(
        isinstance(each, (int, float)) and not isinstance(each, bool) for each in (left, right)
    ):
        return False
    order = compare(left, right)
    return (order == 0 and "=" in operator) or (order < 0 if operator[0] == "<" else order > 0)
