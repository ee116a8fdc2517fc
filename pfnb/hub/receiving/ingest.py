"""How a request's bytes become a `Received`: streamed, bounded, stored byte for byte, and parsed on the way.

This module does not know webhooks: a refusal here is the same for callers who know a uuid and for those who guess one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pfnb.exceptions import ContentEncodingError, MissingPackageError, PayloadTooLargeError, RequestError
from pfnb.hub.receiving.body import BodySink
from pfnb.hub.receiving.body_json import may_be_json, top_level_texts
from pfnb.hub.receiving.form import FORM, parse_form, parse_query
from pfnb.hub.receiving.multipart import MultipartReader, boundary_of
from pfnb.hub.receiving.naming import Name, first_uuid, gateway_path, names_in, names_in_head, one_query
from pfnb.hub.receiving.request import FilePart, Limits, Received, RequestHead
from pfnb.language.charset import known_charset, named_charset
from pfnb.language.encodings import codings, decoded_pieces
from pfnb.language.media_types import media_type
from pfnb.language.sizes import size_in_full

_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE"})
"""Methods of requests that may have the type of a multipart body and no body."""
_MAY_NAME = re.compile(rb'"(?:uuid|token)"\s*:\s*"[^"]{36}|\\u00[67]')
"""Matches in every JSON body that may name a webhook; most bodies need not be parsed here."""


class Ingest:
    """Takes one request: the head, then `feed` for each chunk, then `finish` once; `discard` at any time, also afterwards.

    Synchronous and without an event loop: small bodies are fed on the loop, the chunks of big ones in a thread. Every
    error is a RequestError (400), PayloadTooLargeError (413) or BusyError (503), and leaves no file behind.
    """

    def __init__(self, head: RequestHead, limits: Limits, spool: Path) -> None:
        """`spool` is the folder for bodies over `limits.memory`. RequestError for an invalid query or boundary."""
        self._head = head
        self._method = head.method
        self._limits = limits
        self._headers = _merged(head.headers)
        self._query = parse_query(one_query(head.query), longest=limits.query, most=limits.fields)
        self._names = [*names_in_head(head.path, self._query, head.headers)]
        self._content_type = self._headers.get("content-type", "")
        self._codings = codings(self._headers)
        boundary = boundary_of(self._content_type)
        if boundary and self._codings:
            raise RequestError("A multipart body must not have a Content-Encoding: send it uncompressed.")
        self._multipart = MultipartReader(boundary, limits) if boundary else None
        self._sink = BodySink(limits.memory, spool)

    @property
    def names(self) -> tuple[Name, ...]:
        """The uuids found so far that may name the webhook, in order."""
        return tuple(self._names)

    def query_value(self, name: str) -> str:
        """The last value of a parameter in the query; empty if there is none."""
        return self._query.get(name, [""])[-1]

    def check_declared(self, length: int | None) -> None:
        """PayloadTooLargeError if a declared Content-Length exceeds the hard limit: before the first byte is read."""
        if length is not None and length > self._limits.hard:
            raise too_large(f"has {length:,} bytes", self._limits.hard)

    @property
    def is_encoded(self) -> bool:
        """Whether `finish` must decode a compressed body, which may take long."""
        return bool(self._codings)

    def feed(self, chunk: bytes) -> None:
        try:
            if self._sink.size + len(chunk) > self._limits.hard:
                raise too_large("is too long", self._limits.hard)
            self._sink.write(chunk)
            if self._multipart is not None:
                self._multipart.feed(chunk)
        except BaseException:
            self.discard()
            raise

    def finish(self) -> Received:
        """What was received. Call it when the body has ended as announced; discard a body that was cut off."""
        try:
            if self._codings and self._multipart is None:
                self._check_encoded()
            fields, files = self._form()
            if gateway_path(self._head.path) is None:
                self._names += names_in("field", fields)
                self._names += self._names_in_json()
            body = self._sink.finish()
        except BaseException:
            self.discard()
            raise
        return Received(
            self.names,
            self._names[0] if self._names else None,
            self._method,
            self._query,
            self._headers,
            self._content_type,
            body,
            fields,
            files,
            self._head.query,
            self._head.remote_address,
            self._head.path,
            self._head.addresses,
        )

    def discard(self) -> None:
        """Remove what was kept of the body. Not needed after an error, which does the same."""
        self._sink.discard()

    def _form(self) -> tuple[dict[str, list[str]], tuple[FilePart, ...]]:
        if self._multipart is not None and (self._sink.size or self._method not in _WITHOUT_BODY):
            return self._multipart.finish()
        if 0 < self._sink.size <= self._limits.form and media_type(self._content_type) == FORM:
            form, most = self._plain(self._limits.form), self._limits.fields
            if form.count(b"&") < most:
                charset = known_charset(named_charset(self._content_type))
                return parse_form(form, most=most, charset=charset), ()
        return {}, ()

    def _check_encoded(self) -> None:
        """PayloadTooLargeError for a body that becomes too large when decoded. A body that cannot be decoded is kept as it is:
        its webhook may not need it decoded."""
        with suppress(ContentEncodingError, MissingPackageError):
            for _ in decoded_pieces(self._sink.chunks(), self._codings):
                pass

    def _plain(self, most: int) -> bytes:
        """The body decoded; empty if that fails, or if it is longer than `most`."""
        if not self._codings:
            return self._sink.content()
        data = bytearray()
        try:
            for piece in decoded_pieces(self._sink.chunks(), self._codings):
                data += piece
                if len(data) > most:
                    return b""
        except (ContentEncodingError, MissingPackageError):
            return b""
        return bytes(data)

    def _names_in_json(self) -> Iterator[Name]:
        if self._multipart is not None or not 0 < self._sink.size <= self._limits.json:
            return
        body = self._plain(self._limits.json)
        if not may_be_json(media_type(self._content_type), body) or not _MAY_NAME.search(body):
            return
        charset = known_charset(named_charset(self._content_type))
        texts = top_level_texts(body, ("uuid", "token"), charset)
        for name in ("uuid", "token"):
            yield from first_uuid(f"json.{name}", (texts.get(name),))


def names_in_refused(head: RequestHead, limits: Limits) -> tuple[Name, ...]:
    """The uuids in the head of a request that is not read any further."""
    try:
        query = parse_query(one_query(head.query), longest=limits.query, most=limits.fields)
    except RequestError:
        query = {}
    return tuple(names_in_head(head.path, query, head.headers))


def too_large(said: str, hard: int) -> PayloadTooLargeError:
    """The answer to any body over the limit that holds for all webhooks."""
    return PayloadTooLargeError(
        f"The body {said}: this hub accepts at most {size_in_full(hard)}. Its owner can raise that with --max-payload or "
        "PFNB_MAX_PAYLOAD.",
        limit=hard,
    )


def _merged(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        merged[key] = f"{merged[key]}, {value}" if key in merged else value
    return merged
