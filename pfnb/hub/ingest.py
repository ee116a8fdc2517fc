"""How a request's bytes become a `Received`: streamed, bounded, stored byte for byte, and understood on the way.

Nothing here knows a webhook, so everything that is refused here is refused in the same way to those who know a uuid and to
those who guess one.
"""

from __future__ import annotations

from pathlib import Path

from pfnb.exceptions import PayloadTooLargeError
from pfnb.hub.body import BodySink
from pfnb.hub.body_json import may_be_json, top_level_texts
from pfnb.hub.form import FORM, parse_form, parse_query
from pfnb.hub.form_header import media_type
from pfnb.hub.multipart import MultipartReader, boundary_of
from pfnb.hub.request import FilePart, Limits, Received, RequestHead, canonical_uuid


class Ingest:
    """Takes one request: the head, then `feed` for each chunk, then `finish` once; `discard` at any time, also afterwards.

    Synchronous and without an event loop: small bodies are fed on the loop, the chunks of big ones in a thread. Every
    error is a RequestError (400), PayloadTooLargeError (413) or BusyError (503), and leaves no file behind.
    """

    def __init__(self, head: RequestHead, limits: Limits, spool: Path) -> None:
        """`spool` is the folder for bodies over `limits.memory`. RequestError for an impossible query or boundary."""
        self._method = head.method
        self._limits = limits
        self._token: str | None = None
        self._named_by = ""
        self._headers = self._merged(head.headers)
        self._query = parse_query(head.query, longest=limits.query, most=limits.fields)
        self._name_by("query", self._query, ("token", "uuid"))
        self._content_type = self._headers.get("content-type", "")
        boundary = boundary_of(self._content_type)
        self._multipart = MultipartReader(boundary, limits) if boundary else None
        self._sink = BodySink(limits.memory, spool)

    def check_declared(self, length: int | None) -> None:
        """PayloadTooLargeError if a declared Content-Length is over the hard limit: before the first byte is read."""
        if length is not None and length > self._limits.hard:
            raise PayloadTooLargeError(f"The body has {length} bytes: at most {self._limits.hard} are accepted.")

    def feed(self, chunk: bytes) -> None:
        try:
            if self._sink.size + len(chunk) > self._limits.hard:
                raise PayloadTooLargeError(f"The body is longer than {self._limits.hard} bytes.")
            self._sink.write(chunk)
            if self._multipart is not None:
                self._multipart.feed(chunk)
        except BaseException:
            self.discard()
            raise

    def finish(self) -> Received:
        """What was received. Call it when the body has ended as announced; a body that was cut off is to be discarded."""
        try:
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
        )

    def discard(self) -> None:
        """Removes what was kept of the body. Not needed after an error: it has been done then."""
        self._sink.discard()

    def _merged(self, headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
        merged: dict[str, str] = {}
        for name, value in headers:
            key = name.lower()
            if key == "token" and self._token is None and (token := canonical_uuid(value)):
                self._token, self._named_by = token, "header.token"
            else:
                merged[key] = f"{merged[key]}, {value}" if key in merged else value
        return merged

    def _form(self) -> tuple[dict[str, list[str]], tuple[FilePart, ...]]:
        if self._multipart is not None and (self._sink.size or self._method != "GET"):
            return self._multipart.finish()
        if 0 < self._sink.size <= self._limits.form and media_type(self._content_type) == FORM:
            return parse_form(self._sink.content(), most=self._limits.fields), ()
        return {}, ()

    def _name_by(self, place: str, values: dict[str, list[str]], names: tuple[str, str]) -> None:
        """Takes the first uuid that one of `names` has in `values` out of them, if nothing has named the webhook yet."""
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
        body = self._sink.content()
        if not may_be_json(media_type(self._content_type), body):
            return
        for name, value in top_level_texts(body, ("uuid", "token")).items():
            if token := canonical_uuid(value):
                self._token, self._named_by = token, f"json.{name}"
                return
