"""Results for strangers: what a pipeline has made of their request; at once, or later by its correlation id."""

from __future__ import annotations

from asyncio import Future
from typing import Any
from urllib.parse import quote, urlsplit

from tornado.web import stream_request_body

from pfnb.http.bodiless import BodilessHandler
from pfnb.http.handler import HubHandler
from pfnb.http.openapi import RESULT
from pfnb.http.pages import INERT
from pfnb.hub.keeping.results import gone
from pfnb.language.content import genuine_id, without_codes
from pfnb.language.media_types import OCTETS
from pfnb.language.response import Headers

CORRELATION = "pipeforce-result-correlationid"
RETRY_SECONDS = 3


class ResultAnswers(HubHandler):
    """Answers with results. Its callers are strangers: no content reference in an answer has a signature."""

    is_for_strangers = True

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> Future[None]:
        return super().finish(without_codes(chunk) if isinstance(chunk, str | bytes) else chunk)

    def bytes_of(self, body: Any) -> bytes:
        return without_codes(super().bytes_of(body))

    def answer_later(self, correlation_id: str) -> None:
        """There is no result yet: 503, and where to ask for it."""
        base = urlsplit(self.site.hub.settings.public_url or self.site.url()).path.rstrip("/")
        self.set_header("Location", f"{base}{RESULT}?correlationId={quote(correlation_id, safe='')}")
        self.set_header("Retry-After", str(RETRY_SECONDS))
        self.set_header("Cache-Control", "no-store")
        self.set_header(CORRELATION, correlation_id)
        self.answer({"correlationId": correlation_id, "status": "running", "statusCode": 503}, 503)

    async def answer_with_result(
        self, value: Any, response: Any, owner: str, page: str = INERT, *, in_envelope: bool = False
    ) -> None:
        """A content reference is answered with its bytes and their type."""
        body = value if response is None or response.get("body") is None else response["body"]
        access = self.site.access(self.site.hub.users.user(owner))
        content_id = await genuine_id(body, access)
        if response is None and content_id is None and in_envelope:
            await self.answer_with({"status": "finished", "statusCode": 200, "value": body})
            return
        set_: dict[str, Any] = response if response is not None else {"status": 204 if body is None else 200}
        status, headers = set_["status"], _plain(set_.get("headers", {}))
        if content_id is None:
            await self.answer_as_set("" if body is None else body, status, headers, page)
        else:
            headers = {"Content-Type": str(body.get("contentType") or OCTETS), **headers}
            await self.answer_with_content(await access.open_content(content_id), status, headers, page)


@stream_request_body
class ResultHandler(BodilessHandler, ResultAnswers):
    """`GET {hub}/api/v3/result?correlationId=…`, open to whoever knows the id: 503 until there is a result, then the result."""

    async def get(self) -> None:
        asked = self.get_query_argument("correlationId", "") or self.request.headers.get(CORRELATION, "")
        result = self.site.hub.results.find(asked)
        if result is None:
            row = gone(asked[:100])
            self.answer(row, row["statusCode"])
        elif result.status == "running":
            self.answer_later(result.correlation_id)
        elif result.status == "finished":
            answer = result.answer
            await self.answer_with_result(answer["value"], answer["response"], result.owner)
        else:
            row = {**result.to_json(value=False), "statusMessage": "the pipeline has given no result"}
            self.answer(row, 500)


def _plain(headers: Headers) -> Headers:
    return {
        name: without_codes(value) if isinstance(value, str) else [without_codes(one) for one in value]
        for name, value in headers.items()
    }
