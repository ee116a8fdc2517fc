"""The one anonymous door: `webhook.receive` takes whatever callers send, and answers after it is stored."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

from tornado.web import stream_request_body

from pfnb.exceptions import ParameterError
from pfnb.http.handler import to_json
from pfnb.http.upload import UploadHandler
from pfnb.hub.delivery import Outcome
from pfnb.hub.hub import Receipt
from pfnb.hub.request import Received

KEPT_BY_SERVER = frozenset({"connection", "content-length", "date", "server", "set-cookie", "transfer-encoding"})
"""Headers of a pipeline's response that only this server may set."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@stream_request_body
class ReceiverHandler(UploadHandler):
    SUPPORTED_METHODS = ("GET", "POST")

    def check_xsrf_cookie(self) -> None:
        """Callers have no cookie, and none would tell anything about them."""

    def prepare(self) -> None:
        self.begin()

    async def get(self) -> None:
        await self._receive()

    async def post(self) -> None:
        await self._receive()

    async def _receive(self) -> None:
        received = await self.received()
        seconds = self._seconds_to_wait(received)
        receipt = await self.site.hub.receive(received, wait=seconds is not None)
        if receipt.answer is None or seconds is None:
            self.answer(_running(receipt))
            return
        try:
            outcome = await self._outcome(receipt.answer, seconds)
        finally:
            self.site.hub.outcomes.forget(receipt.event_id)
        self._answer_with(outcome, receipt)

    def _seconds_to_wait(self, received: Received) -> float | None:
        if received.query.get("wait", [""])[0].lower() != "true":
            return None
        text = received.query.get("timeout", [""])[0]
        longest = self.site.timing.longest_wait
        with contextlib.suppress(ValueError):
            seconds = float(text) if text else self.site.timing.wait
            if 0 <= seconds <= longest:
                return seconds
        raise ParameterError(f"timeout is a number of seconds from 0 to {longest:g}")

    async def _outcome(self, answer: asyncio.Future[Outcome | None], seconds: float) -> Outcome | None:
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            return None

    def _answer_with(self, outcome: Outcome | None, receipt: Receipt) -> None:
        if outcome is None:
            self.answer(_running(receipt))
        elif not outcome.succeeded:
            self.answer({"status": "error", "statusCode": 500, "traceId": receipt.trace_id}, 500)
        elif outcome.response is None:
            self.answer({"status": "finished", "statusCode": 200, "value": outcome.value})
        else:
            self._answer_as_set(outcome.response, outcome.value)

    def _answer_as_set(self, response: dict[str, Any], value: Any) -> None:
        """What `http.response.set` asked for; a header that cannot be sent is left out."""
        body = response["body"] if response.get("body") is not None else value
        self.contain()
        self.set_status(response["status"])
        self.set_header("Content-Type", "text/plain; charset=utf-8" if isinstance(body, str) else "application/json")
        for name, text in response.get("headers", {}).items():
            if name.lower() not in KEPT_BY_SERVER and _can_be_sent(name, text):
                self.set_header(name, text)
        self.finish(None if response["status"] == 204 else body if isinstance(body, str) else to_json(body))


def _running(receipt: Receipt) -> dict[str, Any]:
    return {
        "status": "running",
        "statusCode": 200,
        "correlationId": receipt.correlation_id,
        "traceId": receipt.trace_id,
        "created": receipt.created,
    }


def _can_be_sent(name: str, value: str) -> bool:
    return bool(_HEADER_NAME.fullmatch(name)) and value.isascii() and value.isprintable()
