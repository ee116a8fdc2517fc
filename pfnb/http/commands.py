"""Commands and ad-hoc pipelines over HTTP: the final body is the answer, without an envelope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote

from tornado.web import HTTPError, stream_request_body

from pfnb.exceptions import ParameterError, PfnbError
from pfnb.http.door import Door, check_method
from pfnb.http.handler import to_json
from pfnb.http.site import Caller
from pfnb.http.upload import UploadHandler
from pfnb.hub.event import Event
from pfnb.hub.form import FORM
from pfnb.hub.hub import now
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.payload import event_object
from pfnb.hub.request import Received
from pfnb.hub.stores.bodies import read_body
from pfnb.language.parser import command_pipeline, parse_pipeline
from pfnb.language.pipeline import Pipeline
from pfnb.language.run import Response, RunResult

CONTENT = "$uri:attachment:"


class RunHandler(UploadHandler, Door):
    """Runs a pipeline for an authenticated caller, with what was uploaded as its body."""

    _caller: Caller

    async def prepare(self) -> None:
        self.begin()
        try:
            self._caller = await self.caller()
        except (PfnbError, HTTPError) as error:
            # Answered once the body is read: who may not come in should at least be able to read why.
            self.refuse(error)

    async def run(self, pipeline: Pipeline, body: Any) -> None:
        user = self._caller.user
        result = await self.site.runner.run(pipeline, user=user, owner=user, hub=self.site.access(user), body=body)
        await self._answer_with(result)

    async def _answer_with(self, result: RunResult) -> None:
        response = result.response or Response()
        body = result.body if response.body is None else response.body
        self.contain()
        self.set_status(response.status)
        if is_content_reference(body):
            self.set_header("Content-Type", body["contentType"] or "application/octet-stream")
            self.finish(await self.site.hub.contents.read(body["content"].removeprefix(CONTENT)))
        elif isinstance(body, str):
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(body)
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(to_json(body))

    async def _bytes(self, received: Received) -> bytes:
        return await in_thread_if_large(received.body.size, partial(read_body, received.body))

    @asynccontextmanager
    async def upload(self, received: Received) -> AsyncIterator[Any]:
        """The uploaded body as a pipeline's body; its content references can be read until the run has ended."""
        content_id = self.site.hub.contents.hold(received)
        try:
            if received.body.size == 0 or received.content_type.startswith(FORM):
                yield None
            else:
                record = Event(
                    id=content_id,
                    event_key="",
                    namespace="",
                    trace_id="",
                    correlation_id="",
                    created=now(),
                    content_type=received.content_type,
                    size=received.body.size,
                    fields=received.fields,
                    files=received.files,
                )
                yield event_object(record, payload_type="raw", body=await self._bytes(received))["payload"]
        finally:
            await self.site.hub.contents.release(content_id)


@stream_request_body
class CommandHandler(RunHandler):
    """`GET|POST {hub}/api/v3/command/<name>`: parameters from query and form."""

    async def get(self, name: str) -> None:
        await self._run(name)

    async def post(self, name: str) -> None:
        await self._run(name)

    async def _run(self, name: str) -> None:
        received = await self.received()
        command = self.site.runner.registry.get(unquote(name))
        check_method(self._caller, self.request.method, command)
        given = self._parameters(received)
        pipeline = command_pipeline(command.name, given, self.site.runner.registry)
        async with self.upload(received) as body:
            await self.run(pipeline, body)

    def _parameters(self, received: Received) -> Mapping[str, Any]:
        """Query and form fields. Which of `token` and `uuid` named a webhook makes no difference to a command."""
        given = {**_single(received.query), **_single(received.fields)}
        if received.named_by.startswith(("query.", "field.")):
            given["uuid"] = received.token
        return given


@stream_request_body
class PipelineHandler(RunHandler):
    """`POST {hub}/api/v3/pipeline`: a pipeline as YAML or JSON, or a multipart body with a `pipeline` part and files."""

    async def post(self) -> None:
        received = await self.received()
        text = received.fields.get("pipeline", [None])[0]
        if text is None and received.files:
            raise ParameterError(
                "a multipart request to /pipeline needs a part named `pipeline` with the pipeline's YAML"
            )
        if text is None:
            source = (await self._bytes(received)).decode("utf-8", "replace")
            await self.run(await self._parsed(source), None)
            return
        async with self.upload(received) as body:
            await self.run(await self._parsed(text), body)

    async def _parsed(self, text: str) -> Pipeline:
        return await in_thread_if_large(len(text), partial(parse_pipeline, text, self.site.runner.registry))


def is_content_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("content"), str) and value["content"].startswith(CONTENT)


def _single(values: Mapping[str, list[str]]) -> dict[str, Any]:
    return {name: items[0] if len(items) == 1 else items for name, items in values.items()}
