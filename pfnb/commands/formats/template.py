"""Templates in Jinja's language, rendered over JSON: sandboxed, and bounded in what they make and how long they take.

A template sees the data and nothing of Python. Every turn of a loop, every call and every text that it makes is paid from a
budget, which is the render's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from functools import lru_cache
from time import monotonic
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from pfnb.exceptions import ParameterError

MAX_TEMPLATE = 500_000
MAX_TEXT = 8_000_000
MAX_HANDLED = 32_000_000
"""Characters of a template, of what it makes, and of all the texts that it makes and goes through on the way."""
METHOD_COST = 4
"""How often the characters of a text count of which a method is called: it may make a list of them."""
MAX_ROUNDS = 1_000_000
"""Turns of loops, calls, and items that filters go through."""
SECONDS = 5.0
MAX_BITS = 4096
"""Size of a whole number."""
MAX_ARGUMENT = 100_000
"""A number given to a filter."""

_TEXT_METHODS = {
    "capitalize", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "islower", "isspace", "isupper", "lower",
    "lstrip", "partition", "removeprefix", "removesuffix", "rfind", "rpartition", "rsplit", "rstrip", "split", "splitlines",
    "startswith", "strip", "title", "upper",
}  # fmt: skip
_MAP_METHODS = {"get", "items", "keys", "values"}
_TEXT_FILTERS = {
    "capitalize", "e", "escape", "lower", "striptags", "title", "trim", "truncate", "upper", "urlencode", "wordcount",
}  # fmt: skip
"""Filters that make a text of whatever they get: of lists within lists, that could be more than any memory."""
_LOOKING = {"abs", "count", "d", "default", "first", "float", "int", "last", "length", "round", "safe"}
"""Filters that do not go through what they get."""
_FILTERS = _TEXT_FILTERS | _LOOKING | {
    "dictsort", "groupby", "items", "list", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr",
    "sort", "sum", "unique",
}  # fmt: skip


def render(source: str, data: Mapping[str, Any]) -> str:
    """The text that the template makes. Raises ParameterError, with the line of the template where it is known."""
    if len(source) > MAX_TEMPLATE:
        raise ParameterError(f"a template has {MAX_TEMPLATE:,} characters at most, not {len(source):,}")
    try:
        return _concat(_compiled(source).generate(data))
    except RecursionError:
        raise ParameterError("the template is nested too deeply, or calls itself without end") from None
    except Exception as error:
        # Whatever an expression of the template does wrong is the template's mistake, and no failure of this program.
        raise ParameterError(f"the template{_line_of(error)}: {_words_of(error)}") from None


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    return _Sandbox().from_string(source)


class _Budget(Context):
    """What one render may still do. Jinja hands it to whatever asks for the context."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._text = MAX_HANDLED
        self._rounds = MAX_ROUNDS
        self._end = monotonic() + SECONDS

    def pay(self, *, text: int = 0, rounds: int = 0) -> None:
        self._text -= text
        self._rounds -= rounds
        if self._text < 0:
            raise _too_long(MAX_HANDLED)
        if self._rounds < 0 or monotonic() > self._end:
            raise ParameterError("this takes too long: it goes through too much")


class _Sandbox(ImmutableSandboxedEnvironment):
    context_class = _Budget
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, optimized=False)
        self.plain = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        self.globals = {name: self.globals[name] for name in ("namespace", "range")}
        self.filters = {name: _paid(name) for name in _FILTERS}
        self.filters.update(join=_join, replace=_replace, string=_printed, tojson=_tojson)
        self.finalize, self.concat = _printed, _concat  # type: ignore[method-assign]
        self.counted, self.joined = _counted, _joined

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _Paying().visit(tree)
        tree.set_environment(self)
        return tree

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str):
            return attr in _TEXT_METHODS
        if isinstance(obj, Mapping):
            return attr in _MAP_METHODS
        return type(obj).__module__.startswith("jinja2.") and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """Nothing stands in for `format` of texts, which makes texts of any length."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a map comes before its methods: `order.items` are the order's."""
        return obj[attribute] if isinstance(obj, dict) and attribute in obj else super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, *arguments: Any, **named: Any) -> Any:
        of = getattr(obj, "__self__", None)
        _pay(context, rounds=1, text=METHOD_COST * len(of) if isinstance(of, str) else 0)
        return super().call(context, obj, *arguments, **named)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise ParameterError("% puts no texts together: write ~")
        sizes = [len(side) for side in (left, right) if isinstance(side, (str, list, tuple))]
        times = next((side for side in (left, right) if isinstance(side, int)), 1) if operator == "*" else 1
        _pay(context, text=sum(sizes) * max(times, 0), rounds=1)
        if isinstance(left, int) and isinstance(right, int) and _bits(operator, left, right) > MAX_BITS:
            raise ParameterError("this number is too large")
        return super().call_binop(context, operator, left, right)


class _Paying(NodeTransformer):
    """Changes a parsed template so that loops and joined texts are paid for, and refuses what leads out of it."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named by Jinja's nodes
        if node.recursive:
            raise TemplateSyntaxError("loops cannot be recursive here", node.lineno)
        self.generic_visit(node)
        node.iter = _call("counted", [node.iter], node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _call("joined", node.nodes, node.lineno)

    def generic_visit(self, node: nodes.Node, *arguments: Any, **named: Any) -> nodes.Node:
        if isinstance(node, (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)):
            raise TemplateSyntaxError("a template has no others here, and no blocks", node.lineno)
        return super().generic_visit(node, *arguments, **named)


def _call(name: str, arguments: list[Any], line: int) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(name), arguments, [], None, None, lineno=line)


def _pay(context: Context, *, text: int = 0, rounds: int = 0) -> None:
    assert isinstance(context, _Budget), "the sandbox makes no others"
    context.pay(text=text, rounds=rounds)


@pass_context
def _printed(context: Context, value: Any) -> str:
    """A value as it stands in a text: null is nothing. Lists and maps are written by `tojson`."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, Iterable) and not isinstance(value, (str, Undefined)):
        raise ParameterError("a list or a map is no text: write |tojson or |join(', ') behind it")
    text = "" if value is None else str(value)
    _pay(context, text=len(text), rounds=1)
    return text


@pass_context
def _joined(context: Context, *values: Any) -> str:
    return "".join(_printed(context, value) for value in values)


@pass_context
def _join(context: Context, values: Iterable[Any], d: str = "") -> str:
    texts = []
    for value in _counted(context, values):
        texts.append(_printed(context, value))
        _pay(context, text=len(d))
    return d.join(texts)


@pass_context
def _replace(context: Context, value: Any, old: str, new: str) -> str:
    text = _printed(context, value)
    _pay(context, text=text.count(old) * len(new))
    return text.replace(old, new)


@pass_context
def _tojson(context: Context, value: Any) -> str:
    chunks = []
    for chunk in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        _pay(context, text=len(chunk), rounds=1)
        chunks.append(chunk)
    return "".join(chunks)


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        _pay(context, rounds=1)
        yield item


def _paid(name: str) -> Callable[..., Any]:
    """A filter of Jinja's own, paid for by what it gets and what it makes."""

    @pass_context
    def paid(context: Context, value: Any, *arguments: Any, **named: Any) -> Any:
        if name in _TEXT_FILTERS:
            value = value if isinstance(value, str) else _printed(context, value)
        if any(isinstance(one, int) and abs(one) > MAX_ARGUMENT for one in (*arguments, *named.values())):
            raise ParameterError(f"{name} takes numbers up to {MAX_ARGUMENT:,}")
        goes_through = name not in _LOOKING and isinstance(value, Sized) and not isinstance(value, Undefined)
        size = len(value) if goes_through else 0
        _pay(context, rounds=1 if isinstance(value, str) else 1 + size, text=size if isinstance(value, str) else 0)
        plain = context.environment.plain  # type: ignore[attr-defined]
        result = plain.call_filter(name, value, arguments, named, context=context, eval_ctx=context.eval_ctx)
        _pay(context, text=len(result) if isinstance(result, str) else 0)
        return result

    return paid


def _concat(parts: Iterable[str]) -> str:
    kept, length = [], 0
    for part in parts:
        length += len(part)
        if length > MAX_TEXT:
            raise _too_long(MAX_TEXT)
        kept.append(part)
    return "".join(kept)


def _too_long(most: int) -> ParameterError:
    return ParameterError(f"this makes more than {most:,} characters")


def _bits(operator: str, left: int, right: int) -> int:
    """How long the number may become at most."""
    if operator == "**":
        return left.bit_length() * abs(right)
    return left.bit_length() + right.bit_length()


def _line_of(error: Exception) -> str:
    line, at = getattr(error, "lineno", None), error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == "<template>":
            line = at.tb_lineno
        at = at.tb_next
    return f", line {line}" if isinstance(line, int) else ""


def _words_of(error: Exception) -> str:
    if isinstance(error, (ParameterError, TemplateError)):
        return str(error.message)
    return f"{type(error).__name__}: {error}"
