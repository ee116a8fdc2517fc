"""A request to run a pipeline or a command: the pipeline in it, its parameters, and the body that the run begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.hub.clock import now
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.payload import Sign, event_object
from pfnb.hub.receiving.form import FORM
from pfnb.hub.receiving.request import Received
from pfnb.hub.records.event import Event
from pfnb.hub.stores.bodies import read_body
from pfnb.language.reading.inline import is_form

_PARTS = ("pipeline", "pipeline.yaml")
"""Names of the multipart part that holds the pipeline."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """`received` is held as a content under this id. `sign` makes references to it genuine."""

    received: Received
    content_id: str
    sign: Sign

    @property
    def vars(self) -> dict[str, Any]:
        """The parameters in the query: a text, or a list where there are several."""
        return _single(self.received.query)

    @property
    def parameters(self) -> dict[str, Any]:
        """Query and form fields, also `uuid`: in these addresses it does not name a webhook."""
        return {**self.vars, **_single(self.received.fields)}

    async def text(self) -> str:
        return (await self._bytes()).decode("utf-8", "replace")

    async def pipeline(self) -> Mapping[str, Any]:
        """What is to be run, and with which body: `pipeline` is its text; `form` is one that is url-encoded."""
        if (text := await self._part()) is not None:
            return {"pipeline": text, "body": await self.body()}
        if self.received.files:
            raise ParameterError("a multipart request to /pipeline needs a part named `pipeline` with YAML in it")
        text = await self.text()
        is_encoded = self.received.content_type.startswith(FORM) and is_form(text)
        return {"form" if is_encoded else "pipeline": text, "body": None}

    async def _bytes(self) -> bytes:
        return await in_thread_if_large(self.received.body.size, partial(read_body, self.received.body))

    async def _part(self) -> str | None:
        """The part of a form that holds a pipeline, as a field or as a file."""
        received = self.received
        field = next((received.fields[name][0] for name in _PARTS if name in received.fields), None)
        file = next((file for file in received.files if file.field in _PARTS), None)
        if field is not None or file is None:
            return field
        return (await self._bytes())[file.offset : file.offset + file.size].decode("utf-8", "replace")

    async def body(self) -> Any:
        """What was sent, as a pipeline's body: JSON, text, a content reference, or a collection of files. None for a form."""
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
        build = partial(event_object, record, payload_type="raw", body=await self._bytes(), sign=self.sign)
        body = (await in_thread_if_large(received.body.size, build))["payload"]
        if received.files:
            body["children"] = [file for file in body["children"] if file["field"] not in _PARTS]
        return body


def _single(values: Mapping[str, list[str]]) -> dict[str, Any]:
    return {name: items[0] if len(items) == 1 else items for name, items in values.items()}
