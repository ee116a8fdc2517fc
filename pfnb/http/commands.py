"""Commands and ad-hoc pipelines over HTTP: the final body is the answer, without an envelope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

from tornado.web import HTTPError, stream_request_body

from pfnb.exceptions import ParameterError, PfnbError
from pfnb.http.door import Door, check_method
from pfnb.http.site import Caller
from pfnb.http.upload import UploadHandler
from pfnb.hub.clock import now
from pfnb.hub.event import Event
from pfnb.hub.form import FORM
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.payload import event_object
from pfnb.hub.request import Received
from pfnb.hub.stores.bodies import read_body
from pfnb.language.command import CommandRegistry
from pfnb.language.content import content_id_of
from pfnb.language.inline import is_form
from pfnb.language.parser import command_pipeline, parse_form, parse_pipeline
from pfnb.language.pipeline import Pipeline
from pfnb.language.run import Response, RunResult

_PARTS = ("pipeline", "pipeline.yaml")
"""Names of the part of a multipart request that holds the pipeline."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A received request whose content is held under an id."""

    received: Received
    content_id: str

    async def bytes(self) -> bytes:
        return await in_thread_if_large(self.received.body.size, partial(read_body, self.received.body))

    async def pipeline(self) -> str | None:
        """The part of a form that holds a pipeline, as a field or as a file."""
        received = self.received
        field = next((received.fields[name][0] for name in _PARTS if name in received.fields), None)
        file = next((file for file in received.files if file.field in _PARTS), None)
        if field is not None or file is None:
            return field
        return (await self.bytes())[file.offset : file.offset + file.size].decode("utf-8", "replace")

    async def body(self) -> Any:
        """What was sent, as a pipeline's body: JSON, text, a content reference, or a collection of files. A form is none."""
        received = self.received
        if received.body.size == 0 or received.content_type.startswith(FORM):
            return None
        record = Event(
            id=self.content_id,
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
        build = partial(event_object, record, payload_type="raw", body=await self.bytes())
        body = (await in_thread_if_large(received.body.size, build))["payload"]
        if received.files:
            body["children"] = [file for file in body["children"] if file["field"] not in _PARTS]
        return body


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

    async def run(
        self, pipeline: Pipeline, body: Any, variables: Mapping[str, Any] | None = None, name: str | None = None
    ) -> None:
        user, hub = self._caller.user, self.site.access(self._caller.user)
        result = await self.site.runner.run(
            pipeline, user=user, owner=user, hub=hub, body=body, vars=variables, name=name
        )
        await self._answer_with(result)

    async def parsed(self, text: str, parse: Callable[[str, CommandRegistry], Pipeline]) -> Pipeline:
        return await in_thread_if_large(len(text), partial(parse, text, self.site.runner.registry))

    async def _answer_with(self, result: RunResult) -> None:
        response = result.response or Response()
        body = result.body if response.body is None else response.body
        headers = response.headers
        if (content_id := content_id_of(body)) is not None:
            headers = {"Content-Type": str(body.get("contentType") or "application/octet-stream"), **headers}
            body = await self.site.hub.contents.read(content_id, self._caller.user.name)
        self.answer_as_set(body, response.status, headers)

    @asynccontextmanager
    async def upload(self) -> AsyncIterator[Upload]:
        """The received request; its content can be read until the block ends, and is gone after that."""
        received = await self.received()
        content_id = self.site.hub.contents.hold(received)
        try:
            yield Upload(received, content_id)
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
        async with self.upload() as upload:
            command = self.site.runner.registry.get(unquote(name))
            check_method(self._caller, self.request.method, command)
            given = parameters_of(upload.received)
            pipeline = command_pipeline(command.name, given, self.site.runner.registry)
            await self.run(pipeline, await upload.body())


@stream_request_body
class PipelineHandler(RunHandler):
    """`POST {hub}/api/v3/pipeline`: a pipeline as YAML, JSON, URI or url-encoded, or a multipart body with a `pipeline` part and
    files. The query becomes its variables."""

    async def post(self) -> None:
        async with self.upload() as upload:
            received, variables = upload.received, _single(upload.received.query)
            text = await upload.pipeline()
            if text is not None:
                await self.run(await self.parsed(text, parse_pipeline), await upload.body(), variables)
            elif received.files:
                raise ParameterError("a multipart request to /pipeline needs a part named `pipeline` with YAML in it")
            else:
                text = (await upload.bytes()).decode("utf-8", "replace")
                is_encoded = received.content_type.startswith(FORM) and is_form(text)
                await self.run(await self.parsed(text, parse_form if is_encoded else parse_pipeline), None, variables)


@stream_request_body
class StoredPipelineHandler(RunHandler):
    """`{hub}/api/v3/pipeline:<path>`, or `pipeline:uuid:<uuid>`: POST runs a stored pipeline, with query and form as its
    variables; PUT stores one, GET reads and DELETE deletes it."""

    async def post(self, path: str) -> None:
        async with self.upload() as upload:
            stored = await self.site.access(self._caller.user).read_pipeline(unquote(path))
            pipeline = await self.parsed(stored["source"], parse_pipeline)
            await self.run(pipeline, await upload.body(), parameters_of(upload.received), stored["path"])

    async def put(self, path: str) -> None:
        async with self.upload() as upload:
            text = (await upload.bytes()).decode("utf-8", "replace")
            await self.parsed(text, parse_pipeline)  # so that its own lines stand in the answer to what is wrong
            await self._command("pipeline.put", path=path, value=text)

    async def get(self, path: str) -> None:
        async with self.upload():
            await self._command("pipeline.get", path=path)

    async def delete(self, path: str) -> None:
        async with self.upload():
            await self._command("pipeline.delete", path=path)

    async def _command(self, name: str, path: str, **given: Any) -> None:
        parameters = {"path": unquote(path), **given}
        await self.run(command_pipeline(name, parameters, self.site.runner.registry), None)


def parameters_of(received: Received) -> Mapping[str, Any]:
    """Query and form fields. Which of `token` and `uuid` named a webhook makes no difference here."""
    given = {**_single(received.query), **_single(received.fields)}
    if received.named_by.startswith(("query.", "field.")):
        given["uuid"] = received.token
    return given


def _single(values: Mapping[str, list[str]]) -> dict[str, Any]:
    return {name: items[0] if len(items) == 1 else items for name, items in values.items()}
