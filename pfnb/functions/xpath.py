"""XPath over XML, with a feature that the library lacks: comparisons of texts that spell numbers.

Loaded only in the processes of `pfnb.workshop`, since the library loads slowly and has no time limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from elementpath import ElementPathError, XPath1Parser, XPathContext

from pfnb.exceptions import ParameterError
from pfnb.functions.arguments import plain_text
from pfnb.language.xml_document import MAX_DEPTH


def find(document: str | bytes, xpath: str) -> list[Any]:
    """What the XPath finds: elements as XML texts, attributes and texts as texts, numbers and booleans as they are."""
    return [_shown(node) for node in _select(document, xpath)]


def text_of(document: str | bytes, xpath: str) -> str:
    """The text of all results, concatenated."""
    return "".join(
        "".join(node.itertext()) if hasattr(node, "itertext") else plain_text(_shown(node))
        for node in _select(document, xpath)
    )


class ComparingParser(XPath1Parser):
    """XPath 1.0 with its full comparison rules, of which the library implements some."""


def _comparing(base: Any) -> Any:
    """An operator's token that compares pairs as in section 3.4 of XPath 1.0."""

    def iter_comparison_data(self: Any, context: Any) -> Iterator[tuple[Any, Any]]:
        left, right = (list(operand.atomization(context)) for operand in self)
        if any(len(values) == 1 and isinstance(values[0], bool) for values in (left, right)):
            yield self.boolean_value(left), self.boolean_value(right)
            return
        ordered = self.symbol not in ("=", "!=")
        for one, other in product(left, right):
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


def _select(document: str | bytes, xpath: str) -> list[Any]:
    tree = ElementTree(_root(document))
    try:
        found = ComparingParser().parse(xpath).get_results(XPathContext(tree))
    except RecursionError:
        raise ParameterError("the XPath is nested too deeply") from None
    except ElementPathError as error:
        raise ParameterError(f"the XPath is wrong: {error}") from None
    return found if isinstance(found, list) else [found]


def _root(document: str | bytes) -> Element:
    """The root element. Raises ParameterError for a document that is not XML, declares entities, or is nested too deeply."""
    try:
        root: Element = fromstring(document, forbid_dtd=True)
    except (ParseError, ValueError) as error:
        raise ParameterError(f"this is not XML: {error}") from None
    except DefusedXmlException:
        raise ParameterError("the XML has a document type or entities of its own, which are not accepted") from None
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        raise ParameterError(f"the XML is nested deeper than {MAX_DEPTH}")
    return root


def _shown(node: Any) -> Any:
    if hasattr(node, "getroot"):
        node = node.getroot()
    if hasattr(node, "itertext"):
        return tostring(node, encoding="unicode", short_empty_elements=True).strip()
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node if isinstance(node, (bool, int, float)) else str(node)
