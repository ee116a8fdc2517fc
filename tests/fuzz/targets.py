"""What is fuzzed. A target takes any bytes; it may raise nothing: a PfnbError is a good end, any other exception is a fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

from pfnb import commands
from pfnb.commands.formats.freemarker import to_jinja
from pfnb.commands.formats.template import render
from pfnb.exceptions import PfnbError, RequestError
from pfnb.functions.json import path as json_path
from pfnb.functions.xml import xpath
from pfnb.http.wire import pack, unpack
from pfnb.hub.gateway import Gateway, values_in
from pfnb.hub.receiving.body_json import parse_json
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.multipart import MultipartReader
from pfnb.hub.receiving.request import FilePart, Limits, Received, RequestHead
from pfnb.hub.records.webhook import NOBODYS
from pfnb.language import evaluate
from pfnb.language.java.dates import format_moment, parse_moment
from pfnb.language.java.moments import to_moment
from pfnb.language.java.numbers import format_number, to_number
from pfnb.language.pel.printing import to_text
from pfnb.language.reading.parser import parse_form, parse_pipeline, parse_uri
from pfnb.language.xml_document import read_xml, write_xml

Target = Callable[[bytes], None]
DATA = {"a": [1, 2.5, None, "text"], "b": {"c": "ä😀", "d": True}, "rows": [{"n": n, "s": f"s{n}"} for n in range(5)]}
_LIMITS = Limits()
_SMALL = Limits(hard=1 << 16, memory=64, parts=20, part_header=512)
_GATEWAY = Gateway(replace(NOBODYS, uuid=path, path=path) for path in ("{a}", "{a}/x", "x/{a}/{b}", "x/y"))
_REGISTRY = commands.load()


def multipart(data: bytes) -> None:
    """The same body gives the same parts, or an error, however it is cut into chunks; every file is a slice of the body."""
    whole = _parts(data, len(data) or 1)
    for size in (1, 7):
        assert _parts(data, size) == whole, f"cut into pieces of {size} bytes the body reads differently"
    for file in () if whole is None else whole[1]:
        assert 0 <= file.offset <= file.offset + file.size <= len(data)


def ingest(data: bytes) -> None:
    """A query, a content type and a body."""
    query, _, rest = data.partition(b"\n")
    kind, _, body = rest.partition(b"\n")
    headers = (("Content-Type", kind.decode("latin-1")), ("Host", "localhost"))
    received: Received | None = None
    reader = None
    try:
        reader = Ingest(RequestHead("POST", query.decode("latin-1"), headers), _SMALL, Path(gettempdir()))
        reader.feed(body)
        received = reader.finish()
    except PfnbError:
        pass
    finally:
        if reader is not None:
            reader.discard()
    if received is not None:
        json.dumps([received.query, received.headers, received.fields]).encode()


def paths(data: bytes) -> None:
    """A path below the gateway, as sent."""
    path = data.decode("latin-1")
    found = _GATEWAY.find(path)
    if found is not None:
        json.dumps(values_in(path, found)).encode()


def body_json(data: bytes) -> None:
    """What is read can be written again, and then reads as the same."""
    try:
        value = parse_json(data)
    except ValueError:
        return
    assert parse_json(json.dumps(value, allow_nan=False).encode()) == value


def frames(data: bytes) -> None:
    try:
        head, body = unpack(data)
    except PfnbError:
        return
    try:
        packed = pack(head, body)
    except ValueError:  # NaN, which Python's reader takes
        return
    assert unpack(packed) == (head, body)


def pipelines(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for read in (parse_pipeline, parse_uri, parse_form):
        _allowed(lambda read=read: read(text, _REGISTRY))


def expressions(data: bytes) -> None:
    """Any expression over some data; its value can be printed."""
    text = data.decode("utf-8", "replace")

    def call() -> None:
        to_text(evaluate(text, {"body": json.loads(json.dumps(DATA)), "vars": {}, "headers": {}}))

    _allowed(call)


def templates(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    _allowed(lambda: render(text, DATA))
    _allowed(lambda: render(to_jinja(text), DATA))


def json_paths(data: bytes) -> None:
    query = data.decode("utf-8", "replace")
    _allowed(lambda: json_path(DATA, query))


def xml(data: bytes) -> None:
    """A document, and behind a NUL an XPath over it."""
    document, _, query = data.partition(b"\x00")
    _allowed(lambda: write_xml(read_xml(document)))
    _allowed(lambda: xpath(document.decode("utf-8", "replace"), query.decode("utf-8", "replace") or "//a"))


def dates(data: bytes) -> None:
    """A date, and behind a line break the pattern it is written and read with."""
    text, _, pattern = data.decode("utf-8", "replace").partition("\n")
    _allowed(lambda: format_moment(to_moment(text), pattern))
    _allowed(lambda: parse_moment(text, pattern))


def numbers(data: bytes) -> None:
    text, _, pattern = data.decode("utf-8", "replace").partition("\n")
    _allowed(lambda: format_number(to_number(text), pattern or "#,##0.00"))


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        multipart,
        ingest,
        paths,
        body_json,
        frames,
        pipelines,
        expressions,
        templates,
        json_paths,
        xml,
        dates,
        numbers,
    )
}


def _allowed(call: Callable[[], object]) -> None:
    try:
        call()
    except PfnbError as error:
        str(error).encode("utf-8", "surrogatepass")


def _parts(data: bytes, size: int) -> tuple[dict[str, list[str]], tuple[FilePart, ...]] | None:
    reader = MultipartReader(b"x", _LIMITS)
    try:
        for start in range(0, len(data), size):
            reader.feed(data[start : start + size])
        return reader.finish()
    except RequestError:
        return None
