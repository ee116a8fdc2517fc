"""The one anonymous door: `webhook.receive` takes whatever callers send, and answers after it is stored."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tornado.web import stream_request_body

from pfnb.exceptions import ParameterError
from pfnb.http.upload import UploadHandler
from pfnb.hub.delivery import Outcome
from pfnb.hub.hub import Receipt


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
        seconds = self._seconds_to_wait()
        received = await self.received()
        receipt = await self.site.hub.receive(received, wait=seconds is not None)
        if receipt.answer is None or seconds is None:
            self.answer(_running(receipt))
            return
        try:
            outcome = await self._outcome(receipt.answer, seconds)
        finally:
            self.site.hub.outcomes.forget(receipt.event_id)
        self._answer_with(outcome, receipt)

    def _seconds_to_wait(self) -> float | None:
        if self.get_query_argument("wait", "").lower() != "true":
            return None
        text = self.get_query_argument("timeout", "")
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
            set_ = outcome.response
            body = set_["body"] if set_.get("body") is not None else outcome.value
            self.answer_as_set(body, set_["status"], set_.get("headers", {}))


def _running(receipt: Receipt) -> dict[str, Any]:
    return {
        "status": "running",
        "statusCode": 200,
        "correlationId": receipt.correlation_id,
        "traceId": receipt.trace_id,
        "created": receipt.created,
    }
