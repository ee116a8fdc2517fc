"""XML as values and back: for the commands and the functions that read or write it, in one place.

An element is a map of its children; attributes have an @ before their names, and text beside them is `#text`. An element with
text alone is that text, an empty one is null, and children of one name are a list. The map around it all names the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pfnb.exceptions import ParameterError
from pfnb.language.pel import to_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_XML = 8_000_000
"""Characters of a document."""

MAX_DEPTH = 200
"""Levels of elements."""

_NAME = re.compile(r"[^\W\d][\w.-]*(:[^\W\d][\w.-]*)?")
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(text: str | bytes) -> Element:
    """The root element of a document. Raises ParameterError, also for entities and for what is nested too deeply."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(text) > MAX_XML:
        raise ParameterError(f"an XML document has {MAX_XML:,} characters at most")
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except ParseError as error:
        raise ParameterError(f"this is not XML: {error}") from None
    except DefusedXmlException:
        raise ParameterError("an XML document with a DTD or with entities of its own is refused") from None
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return root
    raise ParameterError(f"the XML is nested more than {MAX_DEPTH} deep")


def value_of_xml(root: Element) -> dict[str, Any]:
    """The document as a value: one key, the root's name."""
    return {_plain_name(root.tag): _value(root)}


def _value(element: Element) -> Any:
    fields: dict[str, Any] = {f"@{_plain_name(name)}": value for name, value in element.attrib.items()}
    texts = [element.text or ""]
    for child in element:
        name, value = _plain_name(child.tag), _value(child)
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
        texts.append(child.tail or "")
    text = "".join(texts).strip()
    if not fields:
        return text or None
    return {**fields, "#text": text} if text else fields


def _plain_name(name: str) -> str:
    return name.rpartition("}")[2]


def xml_of_value(value: Any, root: str = "root") -> str:
    """The value as a document; what is no map of one element is put into one of the name `root`. Raises ParameterError."""
    names = list(value) if isinstance(value, Mapping) else []
    is_document = len(names) == 1 and not isinstance(value[names[0]], (list, tuple)) and names[0][:1] not in ("@", "#")
    name, inner = (names[0], value[names[0]]) if is_document else (root, value)
    length = 0
    pieces = []
    for piece in _element(name, inner, MAX_DEPTH):
        length += len(piece)
        if length > MAX_XML:
            raise ParameterError(f"the XML document becomes longer than {MAX_XML:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def _element(name: Any, value: Any, depth: int) -> Iterator[str]:
    if not depth:
        raise ParameterError(f"the value is nested more than {MAX_DEPTH} deep, or contains itself")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ParameterError(f'"{str(name)[:40]}" cannot be the name of an XML element')
    if isinstance(value, (list, tuple)):
        value = {"item": value}
    fields = value if isinstance(value, Mapping) else {"#text": value}
    attributes = {key[1:]: each for key, each in fields.items() if str(key).startswith("@")}
    yield f"<{name}"
    for key, each in attributes.items():
        if not _NAME.fullmatch(key):
            raise ParameterError(f'"{key[:40]}" cannot be the name of an XML attribute')
        yield f' {key}="{_escaped(each)}"'
    if len(attributes) == len(fields) or (len(fields) == 1 and fields.get("#text", "") is None):
        yield "/>"
        return
    yield ">"
    for key, each in fields.items():
        if key == "#text":
            yield _escaped(each)
        elif not str(key).startswith("@"):
            for item in each if isinstance(each, (list, tuple)) else [each]:
                yield from _element(key, item, depth - 1)
    yield f"</{name}>"


def _escaped(value: Any) -> str:
    from xml.sax.saxutils import escape

    text = "" if value is None else _FORBIDDEN.sub("\ufffd", to_text(value))
    return escape(text, {'"': "&quot;", "\r": "&#13;"})
