"""XML as JSON and back, for the commands and the functions that read or write it.

An element is `{name: {"attributes": {…}, "children": […]}}`, its children elements and texts; names keep their prefixes.
Documents that declare entities are always refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.saxutils import escape, quoteattr
from xml.sax.xmlreader import AttributesImpl, InputSource, Locator

from pfnb.exceptions import ParameterError
from pfnb.language.budget import current
from pfnb.language.extent import check_written

MAX_ELEMENTS = 500_000
MAX_DEPTH = 100
INSTRUCTIONS = "processing-instructions"
_ELEMENT_BYTES = 500
"""Memory of an element as JSON: two maps and a list."""

_NAME = re.compile(r"[^\W\d][\w.\-]*(:[^\W\d][\w.\-]*)?")
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(document: str | bytes) -> dict[str, Any]:
    """The document as JSON; whitespace-only text, comments and the XML declaration are left out. Bytes are decoded as the
    document declares. Raises ParameterError, with the line of the XML."""
    from defusedxml import DefusedXmlException
    from defusedxml.expatreader import create_parser

    reader, source = _Reader(), InputSource()
    if isinstance(document, str):
        source.setCharacterStream(StringIO(document))
    else:
        source.setByteStream(BytesIO(document))
    parser = create_parser(forbid_dtd=True)
    parser.setContentHandler(reader)
    try:
        parser.parse(source)
    except DefusedXmlException:
        raise ParameterError("the XML has a document type or entities of its own, which are not accepted") from None
    except SAXParseException as error:
        raise ParameterError(f"line {error.getLineNumber()} of the XML: {error.getMessage()}") from None
    except (SAXException, LookupError, UnicodeError) as error:
        raise ParameterError(f"this is not XML: {error}") from None
    return reader.document


class _Reader(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.document: dict[str, Any] = {}
        self._open: list[list[Any]] = []
        self._text: list[str] = []
        self._elements = 0
        self._left = current()
        self._locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - SAX's name
        self._locator = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        self._flush()
        self._left.spend()
        self._left.take(_ELEMENT_BYTES + 100 * len(attrs))
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            line = self._locator.getLineNumber() if self._locator is not None else 0
            bound = (
                f"nested deeper than {MAX_DEPTH}" if self._elements <= MAX_ELEMENTS else f"more than {MAX_ELEMENTS:,}"
            )
            raise ParameterError(f"line {line} of the XML: elements are {bound}")
        element: dict[str, Any] = {"attributes": dict(attrs.items()), "children": []}
        if self._open:
            self._open[-1].append({name: element})
        else:
            self.document[name] = element
        self._open.append(element["children"])

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802
        self._flush()
        self._open.pop()

    def characters(self, content: str) -> None:
        self._left.take(len(content))
        self._text.append(content)

    def processingInstruction(self, target: str, data: str) -> None:  # noqa: N802
        if not self._open:
            self.document.setdefault(INSTRUCTIONS, {})[target] = data

    def _flush(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if text.strip():
            self._open[-1].append(text)


def write_xml(value: Any) -> str:
    """Write the result of `read_xml` as XML again; any other JSON goes into `<root>`, its names as elements, the items of a
    list one after the other. Raises ParameterError for names and characters that XML does not allow."""
    check_written(value)
    instructions = value.get(INSTRUCTIONS) if isinstance(value, dict) else None
    rest = {name: item for name, item in value.items() if name != INSTRUCTIONS} if isinstance(value, dict) else value
    try:
        if isinstance(rest, dict) and len(rest) == 1 and all(map(_is_element, rest.values())):
            return "".join([*_instructions(instructions), *_element(*next(iter(rest.items())))])
        return "\n".join(_plain("root", {"item": value} if isinstance(value, list) else value, ""))
    except RecursionError:
        raise ParameterError("the JSON is nested too deeply for XML") from None


def _is_element(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"attributes", "children"}
        and isinstance(value["attributes"], dict | list)
        and isinstance(value["children"], list)
    )


def _instructions(value: Any) -> Iterator[str]:
    for target, data in (value if isinstance(value, dict) else {}).items():
        if "?>" in str(data):
            raise ParameterError(f"the processing instruction {_name(target)} cannot have ?> in it")
        yield f"<?{_name(target)} {_possible(str(data))}?>\n"


def _element(name: str, element: dict[str, Any]) -> Iterator[str]:
    current().spend()
    given = element["attributes"]
    attributes = given if isinstance(given, dict) else {key: item for one in given for key, item in one.items()}
    written = "".join(f" {_name(key)}={quoteattr(_possible(_text(item)))}" for key, item in attributes.items())
    if not element["children"]:
        yield f"<{_name(name)}{written}/>"
        return
    yield f"<{_name(name)}{written}>"
    for child in element["children"]:
        if isinstance(child, dict) and len(child) == 1 and _is_element(inner := next(iter(child.values()))):
            yield from _element(next(iter(child)), inner)
        else:
            yield escape(_possible(_text(child)))
    yield f"</{name}>"


def _plain(name: str, value: Any, indent: str) -> Iterator[str]:
    """The lines of an element; a list is as many elements as it has items."""
    current().spend()
    _name(name)
    if isinstance(value, list):
        for item in value:
            yield from _plain(name, {"item": item} if isinstance(item, list) else item, indent)
    elif isinstance(value, dict) and value:
        yield f"{indent}<{name}>"
        for key, item in value.items():
            yield from _plain(key, item, indent + "  ")
        yield f"{indent}</{name}>"
    elif value is None or value in ("", {}):
        yield f"{indent}<{name}/>"
    else:
        yield f"{indent}<{name}>{escape(_possible(_text(value)))}</{name}>"


def _text(value: Any) -> str:
    current().take(len(value) if isinstance(value, str) else 0)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, (dict, list)):
        raise ParameterError("an element's attributes and children must be texts, numbers and elements")
    return str(value)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ParameterError(f"{str(name)[:60]!r} cannot be a name in XML")
    return name


def _possible(text: str) -> str:
    found = _IMPOSSIBLE.search(text)
    if found:
        raise ParameterError(f"XML cannot have the character U+{ord(found[0]):04X}")
    return text
