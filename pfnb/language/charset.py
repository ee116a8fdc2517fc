"""Charsets used on the web. Charset names from outside are looked up only here.

Python knows many more codecs. Some are slow (punycode takes seconds for a few hundred kilobytes), some decompress, and some do
not turn bytes into text.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import re

# Looking up a codec imports modules and remembers every name for good: only names of this form are looked up.
_CHARSET = re.compile(
    r"utf-?8|(us-)?ascii|utf-?16(le|be|-le|-be)?|utf-?32(le|be|-le|-be)?|iso[-_]?8859[-_]\d\d?|latin-?\d|(windows-|cp)125\d|(windows-|cp)874"
    r"|(cp|ibm)(437|850|852|866)|koi8[-_][ru]|macintosh|tis-620"
    r"|shift[_-]jis|sjis|windows-31j|cp932|euc[-_](jp|kr)|iso-2022-jp|gb2312|gbk|gb18030|big5"
)
_PARAMETER = re.compile(r";\s*charset\s*=\s*\"?([^\s\";,]{1,40})", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def known_charset(name: str | None) -> str | None:
    """The codec of a charset used on the web; None for others (utf-7, rot13, unknown ones)."""
    if not name or not _CHARSET.fullmatch(name.lower()):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def named_charset(content_type: str) -> str | None:
    """The charset name in a media type (`text/csv; charset=latin1`), as written."""
    found = _PARAMETER.search(content_type)
    return found[1].strip("'") if found else None


def charset_of(content_type: str) -> str | None:
    """The codec of a media type: UTF-8 if it names no charset, None for an unknown one."""
    name = named_charset(content_type)
    return "utf-8" if name is None else known_charset(name)


def text_of(data: bytes, *declared: str | None) -> str:
    """Decode with the first of these charsets that fits, else as UTF-8, else as Latin-1, which loses nothing.

    `declared` are codecs (see `known_charset`), the most trusted one first. Nothing becomes U+FFFD.
    """
    text = _strict(data, *declared)
    return data.decode("latin-1") if text is None else text


def document_text(data: bytes, *declared: str | None) -> str:
    """The same for a whole text, such as a body or a file: a byte order mark at its beginning counts most, and is left out."""
    return text_of(data, _marked(data), *declared)


def text_or_none(data: bytes, *declared: str | None, latin: bool = True) -> str | None:
    """The same for bytes that may not be text: None for those that only Latin-1 can decode, if they have control characters or
    `latin` is false."""
    text = _strict(data, _marked(data), *declared)
    if text is None and latin and not _CONTROL.search(data):
        return data.decode("latin-1")
    return text


def json_text(data: bytes, *declared: str | None) -> str:
    """The same for JSON, which may be UTF-16 or UTF-32 without saying so, and may hold half surrogate pairs."""
    found = json.detect_encoding(data)
    if found.startswith("utf-8") and any(name not in (None, "utf-8") for name in declared):
        return document_text(data, *declared)
    try:
        return data.decode(found, "surrogatepass")
    except UnicodeError:
        return document_text(data, *declared)


def form_charset(name: str | None) -> str | None:
    """The codec of a charset that a form names in a field: only one in which ASCII stays ASCII."""
    codec = known_charset(name)
    return None if codec is None or codec.startswith(("utf-16", "utf-32")) else codec


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _strict(data: bytes, *names: str | None) -> str | None:
    for name in (*names, "utf-8"):
        if name is not None:
            with contextlib.suppress(UnicodeError):
                return data.decode(name)
    return None


def _marked(data: bytes) -> str | None:
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)
