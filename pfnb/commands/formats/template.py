"""Jinja templates, rendered over JSON: sandboxed, with limits on output and time.

A template sees only the data, nothing of Python. Every loop iteration, call and text that it makes is paid from the render's
own budget.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from pfnb.exceptions import ParameterError, PfnbError
from pfnb.language.budget import current
from pfnb.language.extent import NODE, check_written, written

MAX_TEMPLATE = 500_000
STEPS_PER_WORD = 200
"""Cost of a template's word in the step's budget; allows about 25,000 words."""
MAX_TEXT = 8_000_000
MAX_HANDLED = 32_000_000
"""Maximum characters of a template, of its result, and of all intermediate texts."""
METHOD_COST = 7
"""Cost per character of a method call on a text: it may make a list of them."""
MAX_ROUNDS = 1_000_000
"""Maximum number of loop iterations, calls, and items that filters process."""
ROUNDS_PER_LOOK = 100
"""Iterations between two checks of the clock."""
MAX_BITS = 4096
"""Maximum bits of a whole number."""
MAX_ARGUMENT = 100_000
"""Maximum number passed to a filter."""

_TEXT_METHODS = {
    "capitalize", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdigit", "islower", "isspace", "isupper", "lower",
    "lstrip", "partition", "removeprefix", "removesuffix", "rfind", "rpartition", "rsplit", "rstrip", "split", "splitlines",
    "startswith", "strip", "title", "upper",
}  # fmt: skip
_MAP_METHODS = {"get", "items", "keys", "values"}
_TEXT_FILTERS = {
    "capitalize", "e", "escape", "lower", "striptags", "title", "trim", "truncate", "upper", "urlencode", "wordcount",
}  # fmt: skip
"""Filters that turn any value into text: for nested lists, that could exceed the memory."""
_LOOKING = {"abs", "count", "d", "default", "first", "float", "int", "last", "length", "round", "safe"}
"""Filters that do not iterate over their value."""
_FILTERS = _TEXT_FILTERS | _LOOKING | {
    "dictsort", "groupby", "items", "list", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr",
    "sort", "sum", "unique",
}  # fmt: skip

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda one, other: one in other,
    "notin": lambda one, other: one not in other,
}


def render(source: str, data: Mapping[str, Any]) -> str:
    """Render a template. Raises ParameterError, with the template's line if known."""
    if len(source) > MAX_TEMPLATE:
        raise ParameterError(f"a template may have at most {MAX_TEMPLATE:,} characters, not {len(source):,}")
    try:
        return _concat(_compiled(source).generate(data))
    except RecursionError:
        raise ParameterError("the template is nested too deeply, or calls itself endlessly") from None
    except Exception as error:
        # Any error in an expression of the template is the template's, not a failure of this program.
        raise ParameterError(f"the template{_line_of(error)}: {_words_of(error)}") from None


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    return _Sandbox().from_string(source)


class _Budget(Context):
    """The remaining budget of one render. Jinja passes it as the context."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._text = MAX_HANDLED
        self._rounds = MAX_ROUNDS
        self._budget = current()

    def pay(self, *, text: int = 0, rounds: int = 0) -> None:
        self._text -= text
        self._rounds -= rounds
        if self._text < 0:
            raise _too_long(MAX_HANDLED)
        if self._rounds < 0:
            raise ParameterError("this takes too long: it processes too much")
        if self._rounds % ROUNDS_PER_LOOK < rounds:
            self._budget.check()


class _Plain(ImmutableSandboxedEnvironment):
    """The environment for Jinja's own filters. Attribute names passed to them may come from data, so they are keys, never
    methods."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            return obj[argument]
        except (AttributeError, LookupError, TypeError):
            return self.undefined(obj=obj, name=argument)


def _paid_words(words: Iterator[Token]) -> Iterator[Token]:
    """Pay for each word by its length before rendering: Python compiles the whole template at once, and nothing else runs
    meanwhile."""
    budget = current()
    for word in words:
        budget.spend(STEPS_PER_WORD)
        yield word


class _Sandbox(_Plain):
    context_class = _Budget
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, optimized=False)
        self.plain = _Plain(undefined=StrictUndefined)
        self.globals = {name: self.globals[name] for name in ("namespace", "range")}
        self.filters = {name: _paid(name) for name in _FILTERS}
        self.filters.update(join=_join, replace=_replace, string=_string, then=_then, tojson=_tojson)
        self.finalize, self.concat = _printed, _concat  # type: ignore[method-assign]
        self.tests = {name: _tested(test) for name, test in self.tests.items()}
        self.counted, self.joined, self.compared, self.sliced = _counted, _joined, _compared, _sliced

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        stream = super()._tokenize(source, name, filename, state)
        stream._iter = _paid_words(stream._iter)
        return stream

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
        if attr == "changed":  # of a loop: it compares arbitrary values
            return False
        return type(obj).__module__.startswith("jinja2.") and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """No replacement for `format` of texts, which could make texts of any length."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A map's keys take precedence over its methods: `order.items` is the key."""
        return obj[attribute] if isinstance(obj, dict) and attribute in obj else super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, *arguments: Any, **named: Any) -> Any:
        of = getattr(obj, "__self__", None)
        _pay(context, rounds=1, text=METHOD_COST * len(of) if isinstance(of, str) else 0)
        return super().call(context, obj, *arguments, **named)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise ParameterError("% does not format texts: use ~ to join them")
        sizes = [len(side) for side in (left, right) if isinstance(side, (str, list, tuple))]
        times = next((side for side in (left, right) if isinstance(side, int)), 1) if operator == "*" else 1
        _pay(context, text=sum(sizes) * max(times, 0), rounds=1)
        if isinstance(left, int) and isinstance(right, int) and _bits(operator, left, right) > MAX_BITS:
            raise ParameterError("this number is too large")
        return super().call_binop(context, operator, left, right)


class _Paying(NodeTransformer):
    """Changes a parsed template so that loops and joined texts are paid for, and refuses what leaves the sandbox."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named by Jinja's nodes
        if node.recursive:
            raise TemplateSyntaxError("recursive loops are not supported", node.lineno)
        self.generic_visit(node)
        node.iter = _call("counted", [node.iter], node.lineno)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        arguments = [node.expr]
        for operand in node.ops:
            arguments += [nodes.Const(operand.op, lineno=node.lineno), operand.expr]
        return _call("compared", arguments, node.lineno)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        """Make it a list: a tuple can be a map's key, and hashing it takes time for its length as text."""
        self.generic_visit(node)
        return nodes.List(node.items, lineno=node.lineno) if node.ctx == "load" else node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        nothing = nodes.Const(None, lineno=node.lineno)
        bounds = [bound or nothing for bound in (node.arg.start, node.arg.stop, node.arg.step)]
        return _call("sliced", [node.node, *bounds], node.lineno)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _call("joined", node.nodes, node.lineno)

    def generic_visit(self, node: nodes.Node, *arguments: Any, **named: Any) -> nodes.Node:
        if isinstance(node, (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)):
            raise TemplateSyntaxError("templates cannot include others, and cannot have blocks", node.lineno)
        return super().generic_visit(node, *arguments, **named)


def _call(name: str, arguments: list[Any], line: int) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(name), arguments, [], None, None, lineno=line)


def _pay(context: Context, *, text: int = 0, rounds: int = 0) -> None:
    assert isinstance(context, _Budget), "the sandbox makes no others"
    context.pay(text=text, rounds=rounds)


@pass_context
def _printed(context: Context, value: Any) -> str:
    """A value as text: null is empty. Lists and maps need `tojson`."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, Iterable) and not isinstance(value, (str, Undefined)):
        raise ParameterError("a list or a map is not a text: add |tojson or |join(', ')")
    text = "" if value is None else str(value)
    _pay(context, text=len(text), rounds=1)
    return text


@pass_context
def _string(context: Context, value: Any, yes: Any = None, no: Any = None) -> str:
    """A value as text; true and false as the two texts, if they are given."""
    if yes is None:
        return _printed(context, value)
    if no is None:
        raise ParameterError("string takes two texts, for true and for false; formats are not supported")
    return _printed(context, _then(context, value, yes, no))


@pass_context
def _then(_context: Context, value: Any, yes: Any, no: Any) -> Any:
    if not isinstance(value, bool):
        raise ParameterError("what is chosen by must be true or false")
    return yes if value else no


@pass_context
def _joined(context: Context, *values: Any) -> str:
    return "".join(_printed(context, value) for value in values)


@pass_context
def _compared(context: Context, value: Any, *rest: Any) -> bool:
    """`a < b <= c`, and `in`."""
    for comparison, other in zip(rest[::2], rest[1::2], strict=True):
        _pay_for_all(context, value, other)
        if not _COMPARISONS[comparison](value, other):
            return False
        value = other
    return True


@pass_context
def _sliced(context: Context, value: Any, start: Any, stop: Any, step: Any) -> Any:
    if not isinstance(value, str | list | tuple):
        raise ParameterError("only a text or a list can be sliced")
    part = value[start:stop:step]
    _pay(context, text=len(part), rounds=1 if isinstance(part, str) else 1 + len(part))
    return part


def _pay_for_all(context: Context, *values: Any) -> None:
    """Pay for a comparison: the values' length as text."""
    size = sum(written(value) for value in values)
    check_written(list(values))
    _pay(context, text=size, rounds=1 + size // NODE)


def _tested(test: Any) -> Callable[..., Any]:
    """Wrap one of Jinja's own tests, such as `x is eq(y)`, which may compare."""
    needs_more = hasattr(test, "jinja_pass_arg")  # `is filter` and `is test`, which look a name up

    @pass_context
    def tested(context: Context, *arguments: Any) -> Any:
        _pay_for_all(context, *(one for one in arguments if not isinstance(one, Undefined)))
        return test(context.environment, *arguments) if needs_more else test(*arguments)

    return tested


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
    check_written(value)
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
    """Wrap one of Jinja's own filters, paid for by its input and output."""

    @pass_context
    def paid(context: Context, value: Any, *arguments: Any, **named: Any) -> Any:
        if name in _TEXT_FILTERS:
            value = value if isinstance(value, str) else _printed(context, value)
        if any(isinstance(one, int) and abs(one) > MAX_ARGUMENT for one in (*arguments, *named.values())):
            raise ParameterError(f"{name} takes numbers up to {MAX_ARGUMENT:,}")
        if name == "sum" and any(isinstance(one, list | tuple) for one in (*arguments, *named.values())):
            raise ParameterError("sum adds numbers")
        if name not in _LOOKING and name not in _TEXT_FILTERS:
            check_written([one for one in (value, *arguments, *named.values()) if not isinstance(one, Undefined)])
        goes_through = name not in _LOOKING and isinstance(value, Sized) and not isinstance(value, Undefined)
        size = len(value) if goes_through else 0
        is_text = isinstance(value, str)
        _pay(context, rounds=1 if is_text and name in _TEXT_FILTERS else 1 + size, text=size if is_text else 0)
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
    """Upper bound of the result's bits."""
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
    if isinstance(error, (PfnbError, TemplateError)):
        return str(error.message)
    return f"{type(error).__name__}: {error}"
