"""`multipart/form-data` as it streams in: fields as text, files as slices of the stored body with their hash.

The rules are those on which two well-tested parsers agree: preamble and epilogue are skipped, folded header lines are
joined, transfer encodings are left as they are, and a body that ends before its last delimiter is refused. Cameras send bodies in
which no part has a Content-Disposition, only a type: such parts are files without a name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pfnb.exceptions import RequestError
from pfnb.hub.receiving.form import named_in
from pfnb.hub.receiving.form_header import parameter, parameters, safe_filename
from pfnb.hub.receiving.request import FilePart, Limits
from pfnb.language.charset import is_utf8, known_charset, text_of
from pfnb.language.media_types import OCTETS, media_type

_BOUNDARY = re.compile(r"[!-~]|[!-~][ -~]{0,1022}[!-~]")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_HEADER_NAME = re.compile(r"[!-~]+")
_DELIMITER_END = re.compile(rb"--|[ \t]{0,250}\r\n")
_UNDECIDED = re.compile(rb"-|[ \t]*\r?")
_BAD_LINE_END = re.compile(rb"[ \t]*[\r\n]|[ \t]{256}")
_PADDING = 256
_CHARSETS = 16 * 1024
_NO_LABEL = 'Each part needs a header like `Content-Disposition: form-data; name="a"`.'


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of a `multipart/form-data` request, None for any other type.

    RequestError if it is missing, longer than 1,024 characters, or two parameters disagree: a body that can be cut in two
    ways is refused.
    """
    if media_type(content_type) != "multipart/form-data":
        return None
    found = {text for name, text in parameters(content_type) if name == "boundary"}
    if len(found) > 1:
        raise RequestError("The Content-Type names two boundaries: a multipart body has one.")
    boundary = found.pop() if found else ""
    if not _BOUNDARY.fullmatch(boundary):
        raise RequestError(
            "A multipart/form-data request needs boundary=… of 1 to 1,024 printable ASCII characters in its type."
        )
    return boundary.encode()


@dataclass
class _Part:
    name: str | None
    filename: str | None
    content_type: str
    offset: int
    has_label: bool = True
    size: int = 0
    text: bytearray = field(default_factory=bytearray)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def become_file(self) -> None:
        self.digest.update(self.text)
        self.text.clear()
        self.filename = ""
        if self.content_type == OCTETS:
            self.content_type = "text/plain"


class MultipartReader:
    """Reads one multipart body chunk by chunk. Raises RequestError at the first byte that makes the body invalid.

    Keeps in memory the content of fields, and of files only what may still turn out to be a delimiter. A field that exceeds the
    space for fields counts as a file without a name.
    """

    def __init__(self, boundary: bytes, limits: Limits) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._limits = limits
        self._buffer = b""
        self._base = 0
        self._at = 0
        self._step: Callable[[], bool] = self._preamble
        self._part: _Part | None = None
        self._count = 0
        self._has_labels = True
        self._held = 0
        self._fields: list[tuple[str, bytes, str | None]] = []
        self._files: list[FilePart] = []

    def feed(self, chunk: bytes) -> None:
        self._buffer = self._buffer[self._at :] + chunk
        self._base += self._at
        self._at = 0
        while self._step():
            pass

    def finish(self) -> tuple[dict[str, list[str]], tuple[FilePart, ...]]:
        """The fields and files in order of appearance. RequestError if the closing delimiter has not come."""
        if self._step != self._epilogue:
            raise RequestError("The multipart body ends before its closing delimiter.")
        common = named_in([(name.encode(), data) for name, data, _ in self._fields])
        named = _charsets(self._fields)
        fields: dict[str, list[str]] = {}
        for name, data, charset in self._fields:
            fields.setdefault(name, []).append(text_of(data, known_charset(charset), named.get(name), common))
        return fields, tuple(self._files)

    # Each step looks at the buffer from self._at on; it returns whether another step can follow or more bytes are needed.

    def _preamble(self) -> bool:
        index = self._buffer.find(self._delimiter[2:], self._at)
        if index < 0:
            self._at = max(self._at, len(self._buffer) - len(self._delimiter))
            return False
        if self._base + index and self._buffer[max(index - 2, 0) : index] != b"\r\n":
            raise RequestError("The first delimiter of the multipart body does not begin a line.")
        self._at = max(index - 2, 0)
        return self._delimited(index + len(self._delimiter) - 2)

    def _delimited(self, after: int) -> bool:
        """Decide what the bytes after a boundary mean; move on if it is a delimiter."""
        match = _DELIMITER_END.match(self._buffer, after)
        if match is None:
            return self._undecided(after)
        self._end_part()
        if match[0] == b"--":
            self._at = len(self._buffer)
            self._step = self._epilogue
            return False
        self._at = match.end() - 2
        self._step = self._headers
        return True

    def _undecided(self, after: int) -> bool:
        """What only begins like a delimiter is data, unless its line ends at once; more bytes may be needed to decide."""
        rest = self._buffer[after : after + _PADDING]
        if len(rest) < _PADDING and _UNDECIDED.fullmatch(rest):
            return False
        if self._part is None or _BAD_LINE_END.match(rest):
            raise RequestError("A delimiter of the multipart body is damaged: its line must end with CR LF.")
        self._take(after)
        return True

    def _headers(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", self._at)
        if (len(self._buffer) if end < 0 else end) - self._at > self._limits.part_header:
            raise RequestError(f"A part's headers are longer than {self._limits.part_header} bytes.")
        if end < 0:
            return False
        self._count += 1
        if self._count > self._limits.parts:
            raise RequestError(f"There are more than {self._limits.parts} parts in the multipart body.")
        self._part = _begin(self._buffer[self._at + 2 : end], self._limits, self._base + end + 4)
        if self._count > 1 and self._part.has_label != self._has_labels:
            raise RequestError(_NO_LABEL)
        self._has_labels = self._part.has_label
        # The line break that ends the headers may also begin the next delimiter: a part without a body.
        self._at = end + 2
        self._step = self._content
        return True

    def _content(self) -> bool:
        index = self._buffer.find(self._delimiter, self._at)
        if index < 0:
            self._take(len(self._buffer) - len(self._delimiter) + 1)
            return False
        self._take(index)
        return self._delimited(index + len(self._delimiter))

    def _epilogue(self) -> bool:
        self._at = len(self._buffer)
        return False

    def _take(self, end: int) -> None:
        """Give the bytes up to `end` to the current part, except the line break before its first byte."""
        part = self._part
        if part is None or end <= self._at:
            return
        start = max(self._at, part.offset - self._base)
        if start < end:
            data = memoryview(self._buffer)[start:end]
            part.size += end - start
            if part.filename is None and self._held + part.size > self._limits.fields_held:
                part.become_file()
            if part.filename is None:
                part.text += data
            else:
                part.digest.update(data)
        self._at = end

    def _end_part(self) -> None:
        part, self._part = self._part, None
        if part is None:
            return
        if part.filename is None:
            self._held += part.size
            self._fields.append((part.name or "", bytes(part.text), parameter(part.content_type, "charset")))
        elif part.filename or part.size:
            digest = part.digest.hexdigest()
            self._files.append(
                FilePart(part.name, safe_filename(part.filename), part.content_type, part.offset, part.size, digest)
            )


def _begin(block: bytes, limits: Limits, offset: int) -> _Part:
    """The part with this header block (without the empty line) and its first byte at `offset` of the body."""
    headers = _parse_headers(block, limits.part_headers)
    named = dict(parameters(headers.get("content-disposition", "")))
    name, filename = named.get("name*", named.get("name")), named.get("filename*", named.get("filename"))
    if name is not None and not name.isascii() and not is_utf8(block):
        raise RequestError("The name of a field in the multipart body is not UTF-8.")
    has_label = "content-disposition" in headers
    if name is None and filename is None:
        if has_label or "content-type" not in headers:
            raise RequestError(_NO_LABEL)
        filename = ""
    if any(line_break in f"{name}{filename}" for line_break in "\r\n"):
        raise RequestError("The name or file name of a part is broken by a line break.")
    return _Part(name, filename, headers.get("content-type") or OCTETS, offset, has_label)


def _parse_headers(block: bytes, most: int) -> dict[str, str]:
    lines = text_of(_FOLD.sub(b"", block)).split("\r\n")
    if len(lines) > most:
        raise RequestError(f"A part has more than {most} header lines.")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _HEADER_NAME.fullmatch(name := name.strip(" \t\r\n")):
            raise RequestError(
                "A header line of a part is not `Name: value`; each part begins with Content-Disposition."
            )
        headers.setdefault(name.lower(), value.strip())
    return headers


def _charsets(fields: list[tuple[str, bytes, str | None]]) -> dict[str, str | None]:
    """The charset of each field, if a field named `charsets` gives them as a JSON object, as SendGrid does."""
    listed = next((data for name, data, _ in fields if name == "charsets" and len(data) <= _CHARSETS), b"")
    try:
        named = json.loads(listed)
    except (ValueError, RecursionError):
        return {}
    return (
        {name: known_charset(text) for name, text in named.items() if isinstance(text, str)}
        if isinstance(named, dict)
        else {}
    )
