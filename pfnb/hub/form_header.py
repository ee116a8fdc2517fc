"""Header values with parameters (`form-data; name="a"; filename="b.pdf"`), and what they name: charsets and files."""

from __future__ import annotations

import codecs
import re
from urllib.parse import unquote_to_bytes

_PARAMETER = re.compile(
    r';[ \t]*([\w!#$%&\'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&\'*+.^`|~-]+))', re.ASCII | re.DOTALL
)
_EXTENDED = re.compile(r"([\w-]*)'[\w-]*'(.+)", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f]")
# Looking up a codec imports modules and remembers every name for good: only names of this form are looked up.
_CHARSET = re.compile(
    r"utf-?8|(us-)?ascii|utf-16(le|be)?|iso-?8859-\d\d?|latin-?\d|(windows-|cp)125\d|koi8-[ru]"
    r"|shift_jis|sjis|windows-31j|euc-(jp|kr)|iso-2022-jp|gb2312|gbk|gb18030|big5"
)


def media_type(content_type: str) -> str:
    """The type without its parameters, in lower case; empty where there is none."""
    return content_type.partition(";")[0].strip().lower()


def parameters(value: str) -> list[tuple[str, str]]:
    """The parameters of a header value in order, names in lower case, quotes and escapes resolved.

    `%22` (browsers) and `\\"` (curl) are quotes. The extended form `name*=UTF-8''…` of RFC 5987 is given decoded, under
    its name with the asterisk. What is no parameter is passed over.
    """
    found = []
    for match in _PARAMETER.finditer(value):
        name, quoted, token = match.groups()
        text = token if quoted is None else quoted.replace('\\"', '"').replace("\\\\", "\\")
        if name.endswith("*"):
            if (extended := _EXTENDED.fullmatch(text)) is None:
                continue
            text = unquote_to_bytes(extended[2]).decode(known_charset(extended[1]) or "utf-8", "replace")
        else:
            text = text.replace("%22", '"')
        found.append((name.lower(), text))
    return found


def parameter(value: str, name: str) -> str | None:
    """The value of one parameter, the last one if it is repeated (as browsers' servers agree), None if it is absent."""
    return dict(parameters(value)).get(name)


def known_charset(name: str | None) -> str | None:
    """The codec for a charset that texts on the web are written in; None for others (utf-7, rot13, unknown ones)."""
    if not name or not _CHARSET.fullmatch(name.lower()):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def safe_filename(name: str) -> str:
    """A sender's file name as a base name: no folders of either kind, no control characters, never `.` or `..`.

    It stays metadata: this makes it fit to be shown and to be the last part of a path, not unique. Empty stays empty.
    """
    base = _CONTROL.sub("", re.split(r"[/\\]", name)[-1])
    if base in ("", ".", ".."):
        return "_" * len(base) if base or not name else "_"
    return base
