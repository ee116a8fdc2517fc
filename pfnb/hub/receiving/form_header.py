"""Header values with parameters (`form-data; name="a"; filename="b.pdf"`), and the names of files in them."""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

from pfnb.language.charset import known_charset, text_of

_PARAMETER = re.compile(
    r';[ \t]*([\w!#$%&\'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&\'*+.^`|~-]+))', re.ASCII | re.DOTALL
)
_EXTENDED = re.compile(r"([\w-]*)'[\w-]*'(.+)", re.ASCII)
_ENCODED_WORD = re.compile(r"=\?([\w-]+)\?([bBqQ])\?([^?\s]*)\?=\s*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f]")


def parameters(value: str) -> list[tuple[str, str]]:
    """The parameters of a header value in order, names in lower case, quotes and escapes resolved.

    `%22` (browsers) and `\\"` (curl) are quotes, and `=?utf-8?B?…?=` (.NET, mail programs) is decoded. The extended form
    `name*=UTF-8''…` of RFC 5987 is decoded, under its name with the asterisk. Anything that is not a parameter is skipped.
    """
    found = []
    for match in _PARAMETER.finditer(value):
        name, quoted, token = match.groups()
        text = token if quoted is None else quoted.replace('\\"', '"').replace("\\\\", "\\")
        if name.endswith("*"):
            if (extended := _EXTENDED.fullmatch(text)) is None:
                continue
            text = text_of(unquote_to_bytes(extended[2]), known_charset(extended[1]))
        else:
            text = _from_mail(text.replace("%22", '"'))
        found.append((name.lower(), text))
    return found


def _from_mail(text: str) -> str:
    """The text of a value that consists only of encoded words of RFC 2047; any other value unchanged."""
    words = list(_ENCODED_WORD.finditer(text))
    if not words or "".join(word[0] for word in words) != text:
        return text
    try:
        return "".join(_decoded_word(*word.groups()) for word in words)
    except binascii.Error:
        return text


def _decoded_word(charset: str, kind: str, data: str) -> str:
    raw = binascii.a2b_base64(data) if kind in "bB" else binascii.a2b_qp(data, header=True)
    return text_of(raw, known_charset(charset))


def parameter(value: str, name: str) -> str | None:
    """The value of one parameter, None if it is absent. If repeated, the last one counts, as in other servers."""
    return dict(parameters(value)).get(name)


def safe_filename(name: str) -> str:
    """A sender's file name as a base name: no folders of either kind, no control characters, never `.` or `..`.

    It is metadata: fit to be shown and to be the last part of a path, but not unique. Empty stays empty.
    """
    base = _CONTROL.sub("", re.split(r"[/\\]", name)[-1])
    if base in ("", ".", ".."):
        return "_" * len(base) if base or not name else "_"
    return base
