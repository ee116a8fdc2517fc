"""`@xml`: XPath over XML documents. There are no nodes among the values of a pipeline: an element is its XML text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pfnb.exceptions import ParameterError
from pfnb.functions.arguments import plain_text
from pfnb.language.function import function
from pfnb.language.xml_document import MAX_DEPTH, write_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

XPATH_SECONDS = 0.5
"""Processor time of one XPath."""

MAX_XPATH = 1_000
"""Characters of an XPath."""


@function("xml.xpath")
def xpath(document: Any, xpath: str) -> list[Any]:
    """What an XPath 1.0 finds: elements as XML texts, attributes and texts as texts, numbers and booleans as they are.

    Example:
        @xml.xpath('<a><b n="1">x</b><b n="2">y</b></a>', '/a/b[@n = 2]')  # => ["<b n=\\"2\\">y</b>"]
        @xml.xpath('<a><b n="1">x</b><b n="2">y</b></a>', '//b/@n')  # => ["1", "2"]
    """
    return [_shown(node) for node in _select(document, xpath)]


@function("xml.xpathAsText")
def xpath_as_text(document: Any, xpath: str) -> str:
    """The text of all that an XPath 1.0 finds, one after the other.

    Example:
        @xml.xpathAsText('<a><b>x</b><b>y</b></a>', '/a/b[1]')  # => "x"
        @xml.xpathAsText('<a><b>x</b><b>y</b></a>', 'count(//b)')  # => "2"
    """
    found = _select(document, xpath)
    return "".join(
        "".join(node.itertext()) if hasattr(node, "itertext") else plain_text(_shown(node)) for node in found
    )


def _select(document: Any, xpath: str) -> list[Any]:
    from xml.etree.ElementTree import ElementTree

    from elementpath import ElementPathError

    from pfnb.functions.xpath import BoundedContext, ComparingParser

    if len(xpath) > MAX_XPATH:
        raise ParameterError(f"an XPath has {MAX_XPATH:,} characters at most")
    tree = ElementTree(_root(document if isinstance(document, (str, bytes)) else write_xml(document)))
    try:
        found = ComparingParser().parse(xpath).get_results(BoundedContext(tree, XPATH_SECONDS))
    except RecursionError:
        raise ParameterError("the XPath is nested too deeply") from None
    except ElementPathError as error:
        raise ParameterError(f"the XPath is wrong: {error}") from None
    return found if isinstance(found, list) else [found]


def _root(document: str | bytes) -> Element:
    """The root element; ParameterError for what is no XML, declares entities, or is nested too deeply to be searched."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(document, forbid_dtd=True)
    except (ParseError, ValueError) as error:
        raise ParameterError(f"this is no XML: {error}") from None
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
        from xml.etree.ElementTree import tostring

        return tostring(node, encoding="unicode", short_empty_elements=True).strip()
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node if isinstance(node, (bool, int, float)) else str(node)
