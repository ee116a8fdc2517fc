"""Names and values joined by `&` and `=`: query strings and url-encoded forms, parsed in bounded, linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

from pfnb.exceptions import RequestError
from pfnb.language.charset import form_charset, text_of

FORM = "application/x-www-form-urlencoded"
CHARSETS = ("_charset_", "charset")
"""Fields in which a form gives its charset: browsers fill in the first, PayPal and SMS gateways send the second."""

# Unquoting creates an object per escape. In pieces (that end after an escape), megabytes of escapes stay cheap.
_PIECE = re.compile(rb"(?:%[0-9A-Fa-f]{2}|.){1,8192}", re.DOTALL)


def parse_query(text: str, *, longest: int, most: int) -> dict[str, list[str]]:
    """The values of each name, in order, empty ones kept. The charset is the one named in the query itself, else UTF-8, else
    Latin-1.

    RequestError if there are more than `longest` characters or `most` values.
    """
    if not text:
        return {}
    if len(text) > longest:
        raise RequestError(f"The query has {len(text)} characters, but at most {longest} are accepted.")
    return parse_form(text.encode("utf-8", "surrogatepass"), most=most)


def parse_form(body: bytes, *, most: int, charset: str | None = None) -> dict[str, list[str]]:
    """The fields of an `application/x-www-form-urlencoded` body, as in `parse_query`. `charset` is the codec named in the
    content type: it takes precedence."""
    body = body.rstrip(b"\r\n")
    if (count := body.count(b"&") + 1) > most:
        raise RequestError(f"There are {count} names and values, but at most {most} are accepted.")
    pairs = [(_unquoted(name), _unquoted(value)) for name, value in _pairs(body)]
    charsets = (charset, named_in(pairs) if b"charset" in body else None)
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(text_of(name, *charsets), []).append(text_of(value, *charsets))
    return grouped


def named_in(pairs: list[tuple[bytes, bytes]]) -> str | None:
    """The charset that a form's own fields name."""
    for wanted in CHARSETS:
        for name, value in pairs:
            if name == wanted.encode() and (codec := form_charset(value.decode("ascii", "replace"))):
                return codec
    return None


def without_pairs(query: str, drop: Callable[[str, str], bool]) -> str:
    """A query as sent, without the pairs for whose name and value `drop` is true."""
    kept = [
        pair
        for pair in query.split("&")
        if not any(
            drop(text_of(_unquoted(name)), text_of(_unquoted(value)))
            for name, value in _pairs(pair.encode("utf-8", "surrogatepass"))
        )
    ]
    return "&".join(kept)


def _pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for pair in data.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            yield name, value


def _unquoted(data: bytes) -> bytes:
    data = data.replace(b"+", b" ")
    if b"%" not in data:
        return data
    return b"".join(unquote_to_bytes(piece[0]) for piece in _PIECE.finditer(data))
