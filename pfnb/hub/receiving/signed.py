"""What a signature covers: a template such as `{timestamp}.{body}`, filled in from a request; and where the parts of it are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.hub.receiving.form import FORM
from pfnb.hub.receiving.proof import chunks, header_bytes, refused
from pfnb.hub.receiving.request import Body, Limits, Received
from pfnb.language.media_types import media_type

HEADER, FIELD, ITEM = "header", "field", "item"
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A header's name; several with `|` between them are alternatives."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SIMPLE = ("body", "timestamp", "url", "method", "form")
_MILLISECONDS_FROM = 10**11
"""A timestamp from here on counts milliseconds: in seconds this is the year 5138."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request has a text: a header, a field of its body, or an item of the header with the signature."""

    kind: str
    name: str

    def of(self, received: Received, document: Callable[[], Any]) -> str | None:
        """The text there; None if there is none. Not for items."""
        if self.kind == HEADER:
            return next(
                (value for one in self.name.split("|") if (value := received.headers.get(one)) is not None), None
            )
        return _text_at(document(), self.name)

    def __str__(self) -> str:
        return f"{self.name.replace('|', ' or ')} {self.kind}"


def place_of(text: str) -> Place:
    """From `X-Timestamp`, `item:t` or `field:a.b`. ParameterError for what can be none of these."""
    kind, colon, name = text.partition(":")
    if colon and kind in (FIELD, ITEM) and name:
        return Place(kind, name)
    name = name if colon and kind == HEADER else text
    if not NAME.fullmatch(name):
        raise ParameterError(f"signature: {text!r} is neither the name of a header, nor item:NAME, nor field:PATH")
    return Place(HEADER, name.lower())


@dataclass(frozen=True, slots=True)
class Template:
    """Literal bytes, names without arguments such as `body`, and places of texts, in order."""

    parts: tuple[bytes | str | Place, ...]

    def uses(self, name: str) -> bool:
        return name in self.parts

    def pieces(
        self, received: Received, document: Callable[[], Any], timestamp: str, url: str
    ) -> Iterator[bytes | None]:
        """What is signed, in order; None stands for the body. NotAdmittedError where the request lacks something."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            elif isinstance(part, Place):
                text = part.of(received, document)
                if text is None:
                    raise refused(f"no {part}")
                yield header_bytes(text) if part.kind == HEADER else text.encode("utf-8", "surrogatepass")
            elif part == "body":
                yield None
            else:
                yield _simple(part, received, timestamp, url).encode("utf-8", "surrogatepass")


def template_of(text: str) -> Template:
    """ParameterError for an unknown placeholder, or a brace of none."""
    parts: list[bytes | str | Place] = []
    for index, piece in enumerate(_PLACEHOLDER.split(text)):
        if index % 2:
            parts.append(_placeholder(piece))
        elif "{" in piece or "}" in piece:
            raise ParameterError("signature.signed: write braces only around placeholders, such as {body}")
        elif piece:
            parts.append(piece.encode())
    if not parts:
        raise ParameterError("signature.signed: say what is signed, such as {timestamp}.{body}")
    return Template(tuple(parts))


def _placeholder(text: str) -> str | Place:
    kind, _, name = text.partition(":")
    if text in _SIMPLE:
        return text
    if kind == FIELD and name:
        return Place(FIELD, name)
    if kind == HEADER and NAME.fullmatch(name):
        return Place(HEADER, name.lower())
    known = ", ".join(f"{{{one}}}" for one in _SIMPLE)
    raise ParameterError(
        f"signature.signed: {{{text}}} is unknown; there are {known}, {{header:NAME}} and {{field:PATH}}"
    )


def _simple(name: str, received: Received, timestamp: str, url: str) -> str:
    if name == "form":
        return form_text(received)
    return {"timestamp": timestamp, "url": url, "method": received.method}[name]


def is_form(received: Received) -> bool:
    return media_type(received.content_type) == FORM


def form_text(received: Received) -> str:
    """A form's names and values, sorted, each value behind its name; empty without a form. A value sent twice counts once."""
    if not is_form(received):
        return ""
    return "".join(name + value for name in sorted(received.fields) for value in sorted(set(received.fields[name])))


def document_of(received: Received) -> Any:
    """A form's fields, else the parsed JSON; None for what is neither. May take long: the body may be in a file."""
    if received.fields:
        return {name: values[0] for name, values in received.fields.items()}
    return parsed(received.body)


def parsed(body: Body) -> Any:
    """A body's JSON; None for any other, or a long one."""
    if body.size > Limits.json:
        return None
    try:
        return json.loads(b"".join(chunks(body)))
    except (ValueError, RecursionError):
        return None


def _text_at(document: Any, path: str) -> str | None:
    """The text or number at a path with dots. A name that has dots itself is found, too."""
    if isinstance(document, dict) and path in document:
        found = document[path]
    else:
        found = document
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return None
    return str(found)


def check_timestamp(text: str, now: int, tolerance: int) -> None:
    """NotAdmittedError if it is not a time, or further from `now`, in milliseconds, than so many seconds."""
    sent = _seconds(text.strip())
    if sent is None:
        raise refused("the timestamp is not a time")
    age = now / 1000 - sent
    if int(age) > tolerance:
        raise refused(f"the timestamp is {age:.0f} s old: at most {tolerance} are allowed")
    if int(-age) > tolerance:
        raise refused(
            f"the timestamp is {-age:.0f} s in the future: at most {tolerance} are allowed (is this machine's clock right?)"
        )


def _seconds(text: str) -> float | None:
    """Since the epoch; None for what is not a time."""
    if text.isascii() and text.isdigit() and len(text) < 20:
        number = int(text)
        return number / 1000 if number >= _MILLISECONDS_FROM else number
    if text[4:5] != "-":
        return None  # a longer number, which Python would read as a date
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()
