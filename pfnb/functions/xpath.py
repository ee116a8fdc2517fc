"""What XPath lacks in the library that reads it: an end to its time, and comparisons of texts that spell numbers.

Loaded only when an XPath is evaluated, for the library takes long to load.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from time import thread_time
from typing import Any

from elementpath import XPath1Parser, XPathContext

from pfnb.exceptions import ParameterError


class BoundedContext(XPathContext):
    """A context that gives up after some seconds of processor time: each step along an axis looks at the clock."""

    def __init__(self, root: Any, seconds: float) -> None:
        self._ends = thread_time() + seconds
        super().__init__(root)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "item":
            self.check()
        super().__setattr__(name, value)

    def check(self) -> None:
        """Raises ParameterError when the time is over."""
        if thread_time() > self._ends:
            raise ParameterError("the XPath takes too long: make it more precise")


class ComparingParser(XPath1Parser):
    """XPath 1.0 with its own rules of comparison, of which the library knows some."""


def _comparing(base: Any) -> Any:
    """The token of an operator, with the pairs that it compares as section 3.4 of XPath 1.0 has them."""

    def iter_comparison_data(self: Any, context: Any) -> Iterator[tuple[Any, Any]]:
        left, right = (list(operand.atomization(context)) for operand in self)
        if any(len(values) == 1 and isinstance(values[0], bool) for values in (left, right)):
            yield self.boolean_value(left), self.boolean_value(right)
            return
        ordered = self.symbol not in ("=", "!=")
        for one, other in product(left, right):
            context.check()
            is_numeric = ordered or isinstance(one, (int, float)) or isinstance(other, (int, float))
            yield (_number(one), _number(other)) if is_numeric else (one, other)

    return type(base.__name__, (base,), {"iter_comparison_data": iter_comparison_data})


def _number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")


for _symbol in ("=", "!=", "<", "<=", ">", ">="):
    ComparingParser.symbol_table[_symbol] = _comparing(XPath1Parser.symbol_table[_symbol])
