"""`webhook.receive`, open to anonymous callers: it takes whatever they send, and answers once it is stored."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tornado.web import stream_request_body

from pfnb.commands.webhook_settings import METHODS
from pfnb.exceptions import ParameterError, PfnbError
from pfnb.http.pages import INERT, ISOLATED
from pfnb.http.results import ResultAnswers
from pfnb.http.upload import UploadHandler, declared_length
from pfnb.hub.hub import Receipt, receipt_row
from pfnb.hub.receiving.cookies import without_jupyters
from pfnb.hub.receiving.request import RequestHead
from pfnb.hub.records.delivery import Outcome
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.bodies import discard_body
from pfnb.language.response import can_be_sent

PREFLIGHT_SECONDS = 7200
"""How long a browser need not ask again whether it may send."""


@stream_request_body
class ReceiverHandler(UploadHandler, ResultAnswers):
    SUPPORTED_METHODS = (*METHODS, "HEAD", "OPTIONS")
    _gone = False
    _polls = False
    _problem: BaseException | None = None
    _is_noted = False
    _awaited: asyncio.Future[Outcome | None] | None = None

    def check_xsrf_cookie(self) -> None:
        """Callers send no cookies; XSRF does not apply."""

    def prepare(self) -> None:
        self.begin(self.site.gate, self.site.share_of(self.request))

    def _head(self) -> RequestHead:
        head = super()._head()
        return replace(head, headers=without_jupyters(head.headers)) if "Cookie" in self.request.headers else head

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self._problem = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        super().write_error(status_code, **kwargs)

    def on_finish(self) -> None:
        super().on_finish()
        self._note_refusal()

    def _note_refusal(self) -> None:
        """Count the refusal for the webhook's owner, after the sender has the answer."""
        problem, self._problem = self._problem or self._refused, None
        if isinstance(problem, PfnbError) and not self._is_noted:
            self._is_noted = True
            size = declared_length(self.request) or self._read
            name = self.site.hub.webhooks.named(self._names)
            self.site.hub.refusals.note(name and name.uuid, problem, size)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._note_refusal()  # the sender left before the answer
        self._gone = True
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Access-Control-Allow-Origin", "*")

    async def head(self) -> None:
        """Answer as GET would, and store nothing. No webhook is looked up: senders try out an address in this way."""
        received = await self.received()
        await discard_body(received.body)
        self.answer(receipt_row(self.site.hub.receipt(received)))

    async def options(self) -> None:
        """Answer what browsers (CORS) and senders of CloudEvents ask before they send: the same at every address. What a
        webhook's `cors` does not allow is refused when it is sent."""
        await discard_body((await self.received()).body)
        asked = self.request.headers
        self.clear_header("Content-Type")
        self.set_header("Allow", self._methods())
        if "Access-Control-Request-Method" in asked:
            headers = asked.get("Access-Control-Request-Headers", "*")
            self.set_header("Access-Control-Allow-Methods", self._methods())
            self.set_header("Access-Control-Allow-Headers", headers if can_be_sent("Accept", headers) else "*")
            self.set_header("Access-Control-Max-Age", str(PREFLIGHT_SECONDS))
        if "WebHook-Request-Origin" in asked:
            origin = asked["WebHook-Request-Origin"]
            self.set_header("WebHook-Allowed-Origin", origin if can_be_sent("Origin", origin) else "*")
            self.set_header("WebHook-Allowed-Rate", "*")
        self.finish()

    async def get(self) -> None:
        await self._receive()

    post = put = patch = delete = get

    async def _receive(self) -> None:
        names = ("wait", "timeout", "pollingRedirectEnabled")
        asked = {name: "" if self._ingest is None else self._ingest.query_value(name) for name in names}
        wait, timeout = asked["wait"].lower(), asked["timeout"]
        self._polls = asked["pollingRedirectEnabled"].lower() == "true"
        if wait == "true":
            seconds = self._seconds(timeout)
            with self._place():
                receipt = await self.site.hub.receive(await self.received(), wait=True)
                await self._answer_when_done(receipt, seconds)
            return
        received = await self.received()
        if wait == "false" or not self.site.hub.webhooks.answers_with_body(received.names):
            await self._answer_at_once(await self.site.hub.receive(received))
            return
        with contextlib.ExitStack() as held:
            seconds = 0.0

            def begin() -> None:
                nonlocal seconds
                seconds = self._seconds(timeout)
                held.enter_context(self._place())

            # Only a request that the webhook takes may fail by this: others are answered like those to an unknown one.
            receipt = await self.site.hub.receive(received, wait=True, admitted=begin)
            await self._answer_when_done(receipt, seconds)

    def _place(self) -> contextlib.AbstractContextManager[None]:
        """A place among the callers that wait. BusyError."""
        return self.site.waiting.place(self.site.share_of(self.request))

    async def _answer_when_done(self, receipt: Receipt, seconds: float) -> None:
        if receipt.answer is None:
            await self._answer_at_once(receipt)
            return
        try:
            outcome = await self._outcome(receipt.answer, seconds)
        finally:
            self.site.hub.outcomes.forget(receipt.event_id)
        await self._answer_with(outcome, receipt)

    async def _answer_at_once(self, receipt: Receipt) -> None:
        reply = receipt.reply
        if reply is None and self._polls:
            self.answer_later(receipt.correlation_id)
        elif reply is None:
            self.answer(receipt_row(receipt))
        else:
            await self.answer_as_set(reply.body, reply.status, reply.headers)

    def _seconds(self, text: str) -> float:
        """How long a caller waits that sent this `timeout`. ParameterError."""
        longest = self.site.timing.longest_wait
        with contextlib.suppress(ValueError):
            seconds = float(text) if text else self.site.timing.wait
            if 0 <= seconds <= longest:
                return seconds
        raise ParameterError(f"timeout must be a number of seconds from 0 to {longest:g}")

    async def _outcome(self, answer: asyncio.Future[Outcome | None], seconds: float) -> Outcome | None:
        if self._gone:  # the caller left while the event was being stored
            return None
        self._awaited = answer
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            return None

    async def _answer_with(self, outcome: Outcome | None, receipt: Receipt) -> None:
        webhook = receipt.webhook
        assert webhook is not None, "who waits has named a webhook"
        if outcome is None and self._polls:
            self.answer_later(receipt.correlation_id)
        elif outcome is None:
            # Who expects a result must not take this for one.
            self.answer(receipt_row(receipt, 202), 202) if webhook.answer == "body" else self.answer(
                receipt_row(receipt)
            )
        elif not outcome.succeeded:
            self.answer({"status": "error", "statusCode": 500, "traceId": receipt.trace_id}, 500)
        else:
            await self._answer_with_result(outcome, webhook)

    async def _answer_with_result(self, outcome: Outcome, webhook: Webhook) -> None:
        page = ISOLATED if webhook.allow_html else INERT
        in_envelope = webhook.answer == "envelope"
        await self.answer_with_result(outcome.value, outcome.response, webhook.owner, page, in_envelope=in_envelope)

    @property
    def cookie_path(self) -> str | None:
        """The address that the caller used: other pages of the server, such as Jupyter's, do not get these cookies, and so cannot
        be misled by them. At a `;`, which a caller may have put into the path, it would end, and attributes of theirs begin."""
        own, public = urlsplit(self.site.url()).path, self.site.hub.settings.public_url
        path = urlsplit(public).path.rstrip("/") + self.request.path.removeprefix(own) if public else self.request.path
        return path.replace(";", "%3B")
