"""Commands and ad-hoc pipelines over HTTP: the final body is the answer, without an envelope.

Pipelines and commands run in a worker process. A command that is declared with `in_hub` runs here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote

from tornado.web import HTTPError, stream_request_body

from pfnb.exceptions import ParameterError, PfnbError
from pfnb.http.answers import answer_of
from pfnb.http.door import Door, check_method
from pfnb.http.site import Caller
from pfnb.http.upload import UploadHandler
from pfnb.hub.access import HubAccess
from pfnb.hub.receiving.form import FORM
from pfnb.hub.run_request import RunRequest
from pfnb.hub.workers.callers import Answer, Run
from pfnb.language.budget import Budget, granted
from pfnb.language.command import Command
from pfnb.language.media_types import is_json, media_type
from pfnb.language.offload import maybe_threaded
from pfnb.language.reading.parser import command_pipeline, parse_stored
from pfnb.language.running.calls import LARGE


class RunHandler(UploadHandler, Door):
    """Runs a pipeline for an authenticated caller, with the upload as its body."""

    _caller: Caller
    _asked: Run | None = None
    _gone = False

    async def prepare(self) -> None:
        try:
            self._caller = await self.caller()
        except (PfnbError, HTTPError) as error:
            # Answer only after reading the body, so that a refused caller can read why.
            self.refuse(error)
        else:
            self.begin(self.site.known, self._caller.user.name)

    @property
    def access(self) -> HubAccess:
        """The hub as this caller may use it."""
        return self.site.access(self._caller.user, self._caller.origin)

    async def run_in_worker(self, what: Mapping[str, Any], name: str | None = None) -> None:
        """Answer with a worker's result; `what` are the fields of the request frame, `name` the path of a stored pipeline."""
        user, access = self._caller.user, self.access
        access.check_there()  # reading the body may have taken long
        run = self._asked = Run(user, self.site.hub.users.uuid_of(user.name), self._caller.origin, name)
        frame = {"user": {"name": user.name, "roles": sorted(user.roles)}, "name": name, **what}
        if self._gone:
            self._left(run)
        await self._answer_with(await self.site.hub.workers.callers.run(run, frame), access)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._gone = True
        if self._asked is not None:
            self._left(self._asked)

    def _left(self, run: Run) -> None:
        self.site.hub.tasks.spawn(self.site.hub.workers.callers.left(run), "pfnb run without a caller")

    async def run_here(self, command: Command, given: Mapping[str, Any], body: Any = None) -> None:
        user, access = self._caller.user, self.access
        access.check_there()
        pipeline = command_pipeline(command.name, given, self.site.runner.registry)
        result = await self.site.runner.run(pipeline, user=user, owner=user, hub=access, body=body)
        await self._answer_with(await answer_of(result, access), access)

    async def _answer_with(self, answer: Answer, access: HubAccess) -> None:
        if answer.content is None:
            await self.answer_as_set(answer.body, answer.status, answer.headers)
        else:
            await self.answer_with_content(await access.open_content(answer.content), answer.status, answer.headers)

    @asynccontextmanager
    async def sent(self) -> AsyncIterator[RunRequest]:
        """The received request; its content can be read until the block ends, and is gone after that."""
        received = await self.received()
        owner = self._caller.user.name
        content_id = self.site.hub.contents.hold(owner, received)
        try:
            yield RunRequest(received, content_id, partial(self.site.hub.reference_codes.signed, owner=owner))
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
        async with self.sent() as sent:
            command = self.site.runner.registry.get(unquote(name))
            check_method(self._caller, self.request.method, command)
            given, body = sent.parameters, await sent.body()
            if command.in_hub:
                await self.run_here(command, given, body)
            else:
                await self.run_in_worker({"command": command.name, "parameters": given, "body": body})


@stream_request_body
class PipelineHandler(RunHandler):
    """`POST {hub}/api/v3/pipeline`: a pipeline as YAML, JSON, URI or url-encoded, or a multipart body with a `pipeline` part and
    files. The query becomes its variables."""

    async def post(self) -> None:
        async with self.sent() as sent:
            await self.run_in_worker({**await sent.pipeline(), "vars": sent.vars})


@stream_request_body
class StoredPipelineHandler(RunHandler):
    """`{hub}/api/v3/pipeline:<path>`, or `pipeline:uuid:<uuid>`: POST runs a stored pipeline, with query and form as its
    variables; PUT stores one, GET reads and DELETE deletes it."""

    async def post(self, path: str) -> None:
        async with self.sent() as sent:
            stored = await self.access.read_pipeline(unquote(path))
            given = {"body": await sent.body(), "vars": sent.parameters}
            await self.run_in_worker({"pipeline": stored["source"], **given}, name=stored["path"])

    async def put(self, path: str) -> None:
        async with self.sent() as sent:
            text = await sent.text()
            await self._check(text)
            await self._command("pipeline.put", path=path, value=text)

    async def get(self, path: str) -> None:
        async with self.sent():
            await self._command("pipeline.get", path=path)

    async def delete(self, path: str) -> None:
        async with self.sent():
            await self._command("pipeline.delete", path=path)

    async def _command(self, name: str, path: str, **given: Any) -> None:
        await self.run_here(self.site.runner.registry.get(name), {"path": unquote(path), **given})

    async def _check(self, text: str) -> None:
        """Check here, so that errors have the line numbers of the text that was sent."""
        with granted(Budget(self._caller.user.name)):
            await maybe_threaded(len(text) > LARGE, partial(parse_stored, text, self.site.runner.registry))


@stream_request_body
class PropertyHandler(RunHandler):
    """`{hub}/api/v3/property:<path>`, or `property:uuid:<uuid>`: POST and PUT store what is sent as the property's value, GET
    reads the property, DELETE deletes it."""

    async def post(self, path: str) -> None:
        async with self.sent() as sent:
            kind, body = sent.received.content_type, await sent.body()
            if sent.received.files or media_type(kind).startswith("multipart/"):
                raise ParameterError("send the value itself, not as multipart/form-data")
            given: dict[str, Any] = {} if media_type(kind) in ("", FORM) else {"type": kind}
            if body is None or isinstance(body, str) or is_json(kind):  # word for word
                await self._command("property.put", path, value=await sent.text(), **given)
            else:
                await self._command("property.put", path, body, **given)

    async def put(self, path: str) -> None:
        await self.post(path)

    async def get(self, path: str) -> None:
        async with self.sent():
            await self._command("property.get", path)

    async def delete(self, path: str) -> None:
        async with self.sent():
            found = await self.access.get_property(unquote(path))
            await self._command("property.schema.delete", found["path"])

    async def _command(self, name: str, path: str, body: Any = None, **given: Any) -> None:
        await self.run_here(self.site.runner.registry.get(name), {"path": unquote(path), **given}, body)
