"""`@convert`: conversion of values, and encoding of texts."""

from __future__ import annotations

import base64
import string
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import function, json, resolve
from pfnb.functions.arguments import fitting, items_of, plain_text
from pfnb.language.context import Context
from pfnb.language.java.numbers import DEFAULT_PATTERN, format_number, read_number, to_number
from pfnb.language.pel.literal_text import LiteralText
from pfnb.language.xml_document import read_xml, write_xml


@function("convert.toBase64")
def to_base64(value: Any) -> str | None:
    """The base64 form of bytes, or of a text in UTF-8.

    Example:
        @convert.toBase64('Grüße')  # => "R3LDvMOfZQ=="
    """
    if value is None:
        return None
    return fitting(
        base64.b64encode(value if isinstance(value, bytes) else plain_text(value).encode(errors="replace")).decode()
    )


@function("convert.toByteArray")
def to_byte_array(value: Any) -> bytes | None:
    """The bytes of a text in UTF-8, or of the text form of any other value; bytes stay as they are.

    Example:
        @hash.md5(@convert.toByteArray('a'))  # => "0cc175b9c0f1b6a831c399e269772661"
    """
    if value is None or isinstance(value, bytes):
        return value
    return plain_text(value).encode(errors="replace")


@function("convert.fromBase64")
def from_base64(base64_string: str | None) -> str | None:
    """Decode base64 to UTF-8 text; invalid bytes become question marks.

    Example:
        @convert.fromBase64('R3LDvMOfZQ==')  # => "Grüße"
    """
    decoded = from_base64_to_bytes(base64_string)
    return None if decoded is None else decoded.decode(errors="replace")


@function("convert.fromBase64ToBytes")
def from_base64_to_bytes(base64_string: str | None) -> bytes | None:
    """Decode base64 to bytes, for functions that take bytes.

    Example:
        @convert.toBase64(@convert.fromBase64ToBytes('/+8='))  # => "/+8="
    """
    if base64_string is None:
        return None
    try:
        data = base64_string.encode()  # what is not ASCII is not base64 either
        return base64.b64decode(data.translate(None, string.whitespace.encode()), validate=True)
    except ValueError as error:
        raise ParameterError(f"this is not base64: {error}") from None


@function("convert.toJson")
def to_json(value: Any) -> Any:
    """Parse a JSON text; other values are returned unchanged.

    Example:
        @convert.toJson('[1, 2]')  # => [1, 2]
    """
    return json.load(value)


@function("convert.toMap")
def to_map(value: Any) -> Any:
    """A map from a map, a JSON text or an XML text; null stays null.

    Example:
        @convert.toMap('{"a": 1}')  # => {"a": 1}
        @convert.toMap('<a x="1">b</a>')  # => {"a": {"attributes": {"x": "1"}, "children": ["b"]}}
    """
    result = to_map_or_list(value)
    if result is None or isinstance(result, dict):
        return result
    raise ParameterError("this is not a map")


@function("convert.toMapOrList")
def to_map_or_list(value: Any) -> Any:
    """A map or list from a map, a list, a JSON text or an XML text; null stays null.

    Example:
        @convert.toMapOrList('[1, 2]')  # => [1, 2]
    """
    if isinstance(value, (str, bytes)):
        is_xml = value.lstrip()[:1] in ("<", b"<")
        value = read_xml(value) if is_xml else json.load(value)
    if value is None or isinstance(value, (dict, list, tuple)):
        return value
    raise ParameterError("this is neither a map nor a list")


@function("convert.toXMLString")
def to_xml_string(value: Any) -> str:
    """The value as XML, as the command `transform.json.xml` writes it: elements within `<root>`.

    Example:
        @xml.xpathAsText(@convert.toXMLString({item: {'a', 'b'}}), '/root/item[2]')  # => "b"
    """
    return fitting(write_xml(value))


@function("convert.toDOM")
def to_dom(value: Any) -> str:
    """XML text for `@xml`: of a value, or the text itself if it is valid XML.

    Example:
        @xml.xpathAsText(@convert.toDOM({order: {item: 'a'}}), '/root/order/item')  # => "a"
    """
    if not isinstance(value, str):
        return fitting(write_xml(value))
    read_xml(value)
    return value


@function("convert.lazy")
async def lazy(context: Context, uri: str | LiteralText) -> Any:
    """The target of an address, read at once: the same as `@resolve.uri`.

    Example:
        @convert.lazy('$uri:property:global/app/demo/config/app')
    """
    return await resolve.uri(context, uri)


@function("convert.toLong")
@function("convert.toInteger")
def to_integer(value: Any) -> int | None:
    """The value as a whole number: decimals lose their fraction, true is 1, false and an empty text are 0.

    Example:
        @convert.toInteger('42')  # => 42
        @convert.toInteger('true')  # => 1
    """
    if value is None:
        return None
    word = value.strip().lower() if isinstance(value, str) else value
    if word in ("true", "false", ""):
        return int(word == "true")
    return int(value) if isinstance(value, bool) else int(to_number(value))


@function("convert.toBoolean")
def to_boolean(value: Any) -> bool:
    """The value as true or false: numbers above zero are true, null and an empty text are false.

    Example:
        @convert.toBoolean('true')  # => true
        @convert.toBoolean(0)  # => false
    """
    if value is None or isinstance(value, bool):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else value
    if word in ("true", "false", ""):
        return bool(word == "true")
    return to_number(value) > 0


@function("convert.toDecimal")
def to_decimal(value: Any, *how: str | None) -> float | None:
    """A value or text as a decimal number: `toDecimal(value)` with a point, `toDecimal(value, symbol)` and
    `toDecimal(value, pattern, symbol)` with a decimal symbol (`,` or `.`) or a locale (`de`, `en`, `fr`; German for null).

    Example:
        @convert.toDecimal('1.234,56', 'de')  # => 1234.56
        @convert.toDecimal('25,5 %', '0.0 %', ',')  # => 0.255
    """
    if value is None:
        return None
    pattern, symbol = _how(how, default_symbol=".")
    if pattern is not None and isinstance(value, str):
        return float(read_number(value, pattern, symbol))
    return float(to_number(value, symbol))


@function("convert.toDecimalString")
def to_decimal_string(value: Any, *how: str | None) -> str | None:
    """A number as a text: `toDecimalString(value, symbol)` or `toDecimalString(value, pattern, symbol)`, as `toDecimal`.

    Example:
        @convert.toDecimalString(1234.5, '#,##0.00', 'de')  # => "1.234,50"
        @convert.toDecimalString(1234.5, 'en')  # => "1,234.5"
    """
    if value is None:
        return None
    pattern, symbol = _how(how, default_symbol=None)
    return format_number(to_number(value), pattern or DEFAULT_PATTERN, symbol)


def _how(how: tuple[str | None, ...], default_symbol: str | None) -> tuple[str | None, str | None]:
    if len(how) > 2:
        raise ParameterError("expected at most a pattern and a decimal symbol")
    pattern = how[0] if len(how) == 2 else None
    return pattern, (how[-1] or None) if how else default_symbol


@function("util.toList")
def to_list(value: Any) -> list[Any]:
    """The list of a JSON text, or of a text with commas between the items; a list as it is.

    Example:
        @util.toList('[1, 2]').size()  # => 2
    """
    is_json = isinstance(value, str) and value.lstrip().startswith("[")
    return items_of(to_map_or_list(value) if is_json else value)
