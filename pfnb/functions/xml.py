"""`@xml`: XPath over XML documents. Pipelines have no node values: an element is its XML text."""

from __future__ import annotations

from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import function
from pfnb.language.xml_document import write_xml
from pfnb.workshop.pool import call_named

MAX_XPATH = 1_000
"""Maximum characters of an XPath."""


@function("xml.xpath")
def xpath(document: Any, xpath: str) -> list[Any]:
    """The results of an XPath 1.0: elements as XML texts, attributes and texts as texts, numbers and booleans as they are.

    Example:
        @xml.xpath('<a><b n="1">x</b><b n="2">y</b></a>', '/a/b[@n = 2]')  # => ["<b n=\\"2\\">y</b>"]
        @xml.xpath('<a><b n="1">x</b><b n="2">y</b></a>', '//b/@n')  # => ["1", "2"]
    """
    found: list[Any] = _found("find", document, xpath)
    return found


@function("xml.xpathAsText")
def xpath_as_text(document: Any, xpath: str) -> str:
    """The text of all results of an XPath 1.0, concatenated.

    Example:
        @xml.xpathAsText('<a><b>x</b><b>y</b></a>', '/a/b[1]')  # => "x"
        @xml.xpathAsText('<a><b>x</b><b>y</b></a>', 'count(//b)')  # => "2"
    """
    text: str = _found("text_of", document, xpath)
    return text


def _found(what: str, document: Any, xpath: str) -> Any:
    """Call a function of `xpath.py` by name. The module is never imported here, since its library loads slowly."""
    if len(xpath) > MAX_XPATH:
        raise ParameterError(f"an XPath may have at most {MAX_XPATH:,} characters")
    text = document if isinstance(document, (str, bytes)) else write_xml(document)
    return call_named("pfnb.functions.xpath", what, text, xpath)
