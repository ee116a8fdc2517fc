"""How a request's bytes become a `Received`: streamed, bounded, stored byte for byte, and parsed on the way.

This module does not know webhooks: a refusal here is the same for callers who know a uuid and for those who guess one.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pfnb.exceptions import ContentEncodingError, MissingPackageError, PayloadTooLargeError, RequestError
from pfnb.hub.receiving.body import BodySink
from pfnb.hub.receiving.body_json import may_be_json, top_level_texts
from pfnb.hub.receiving.form import FORM, parse_form, parse_query
from pfnb.hub.receiving.multipart import MultipartReader, boundary_of
from pfnb.hub.receiving.request import FilePart, Limits, Received, RequestHead, canonical_uuid
from pfnb.language.charset import known_charset, named_charset
from pfnb.language.encodings import codings, decoded_pieces
from pfnb.language.media_types import media_type
from pfnb.language.sizes import size_in_full


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
        self._token: str | None = None
        self._named_by = ""
        self._headers = self._merged(head.headers)
        self._query = parse_query(head.query, longest=limits.query, most=limits.fields)
        self._name_by("query", self._query, ("token", "uuid"))
        self._content_type = self._headers.get("content-type", "")
        self._codings = codings(self._headers)
        boundary = boundary_of(self._content_type)
        if boundary and self._codings:
            raise RequestError("A multipart body must not have a Content-Encoding: send it uncompressed.")
        self._multipart = MultipartReader(boundary, limits) if boundary else None
        self._sink = BodySink(limits.memory, spool)

    @property
    def token(self) -> str | None:
        """The uuid that names the webhook, if known yet."""
        return self._token

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
            self._name_by("field", fields, ("uuid", "token"))
            self._name_by_json()
            body = self._sink.finish()
        except BaseException:
            self.discard()
            raise
        return Received(
            self._token,
            self._named_by,
            self._method,
            self._query,
            self._headers,
            self._content_type,
            body,
            fields,
            files,
            self._head.query,
            self._head.remote_address,
        )

    def discard(self) -> None:
        """Remove what was kept of the body. Not needed after an error, which does the same."""
        self._sink.discard()

    def _merged(self, headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
        merged: dict[str, str] = {}
        for name, value in headers:
            key = name.lower()
            if key == "token" and self._token is None and (token := canonical_uuid(value)):
                self._token, self._named_by = token, "header.token"
            elif key != "token" or self._token is None or canonical_uuid(value) != self._token:
                merged[key] = f"{merged[key]}, {value}" if key in merged else value
        return merged

    def _form(self) -> tuple[dict[str, list[str]], tuple[FilePart, ...]]:
        if self._multipart is not None and (self._sink.size or self._method != "GET"):
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

    def _name_by(self, place: str, values: dict[str, list[str]], names: tuple[str, str]) -> None:
        """If nothing has named the webhook yet, take its uuid from `values`: the first one under any of the `names`."""
        for name in names:
            for index, value in enumerate(values.get(name, ()) if self._token is None else ()):
                if token := canonical_uuid(value):
                    self._token, self._named_by = token, f"{place}.{name}"
                    del values[name][index]
                    if not values[name]:
                        del values[name]
                    break

    def _name_by_json(self) -> None:
        if self._token is not None or self._multipart is not None or not 0 < self._sink.size <= self._limits.json:
            return
        body = self._plain(self._limits.json)
        if not may_be_json(media_type(self._content_type), body):
            return
        charset = known_charset(named_charset(self._content_type))
        for name, value in top_level_texts(body, ("uuid", "token"), charset).items():
            if token := canonical_uuid(value):
                self._token, self._named_by = token, f"json.{name}"
                return


def named_in(head: RequestHead, limits: Limits) -> str | None:
    """The uuid in the head of a request that is not read any further."""
    for name, value in head.headers:
        if name.lower() == "token" and (token := canonical_uuid(value)):
            return token
    try:
        query = parse_query(head.query, longest=limits.query, most=limits.fields)
    except RequestError:
        return None
    values = [*query.get("token", ()), *query.get("uuid", ())]
    return next(filter(None, map(canonical_uuid, values)), None)


def too_large(said: str, hard: int) -> PayloadTooLargeError:
    """The answer to any body over the limit that holds for all webhooks."""
    return PayloadTooLargeError(
        f"The body {said}: this hub accepts at most {size_in_full(hard)}. Its owner can raise that with --max-payload or "
        "PFNB_MAX_PAYLOAD.",
        limit=hard,
    )
