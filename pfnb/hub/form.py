"""Names and values joined by `&` and `=`: query strings and url-encoded forms, parsed in bounded, linear time."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from pfnb.exceptions import RequestError

FORM = "application/x-www-form-urlencoded"

# Unquoting makes an object of every escape: in pieces (that end behind an escape) megabytes of them cost no more than a few.
_PIECE = re.compile(rb"(?:%[0-9A-Fa-f]{2}|.){1,8192}", re.DOTALL)


def parse_query(text: str, *, longest: int, most: int) -> dict[str, list[str]]:
    """The values of each name, in order, empty ones kept. Bytes that are not UTF-8 become U+FFFD.

    RequestError if there are more than `longest` characters or `most` values.
    """
    if not text:
        return {}
    if len(text) > longest:
        raise RequestError(f"The query has {len(text)} characters: at most {longest} are accepted.")
    return _grouped(text, most)


def parse_form(body: bytes, *, most: int) -> dict[str, list[str]]:
    """The fields of an `application/x-www-form-urlencoded` body, as `parse_query` gives them."""
    return _grouped(body.decode("utf-8", "replace").rstrip("\r\n"), most)


def _grouped(text: str, most: int) -> dict[str, list[str]]:
    if (count := text.count("&") + 1) > most:
        raise RequestError(f"There are {count} names and values: at most {most} are accepted.")
    grouped: dict[str, list[str]] = {}
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            grouped.setdefault(_decoded(name), []).append(_decoded(value))
    return grouped


def _decoded(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    pieces = _PIECE.finditer(text.encode("utf-8", "replace"))
    return b"".join(unquote_to_bytes(piece[0]) for piece in pieces).decode("utf-8", "replace")
