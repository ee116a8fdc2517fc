"""Machine-readable descriptions of the hub: the JSON Schema of pipelines, and OpenAPI."""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.web import stream_request_body

from pfnb.http.bodiless import BodilessHandler
from pfnb.http.door import Door
from pfnb.http.openapi import openapi


class DocumentHandler(BodilessHandler, Door):
    """Built anew for each request, in a thread: commands may have been registered since."""

    async def prepare(self) -> None:
        self.refuse_body()
        await self.caller()

    async def get(self) -> None:
        self.answer(await asyncio.to_thread(self.document))

    def document(self) -> dict[str, Any]:
        raise NotImplementedError


@stream_request_body
class PipelineSchemaHandler(DocumentHandler):
    """`GET {hub}/api/v3/pipeline.schema.json`."""

    def document(self) -> dict[str, Any]:
        from pfnb.language.editing.schema import pipeline_schema

        return pipeline_schema(self.site.runner.registry)


@stream_request_body
class OpenApiHandler(DocumentHandler):
    """`GET {hub}/api/v3/openapi.json`."""

    def document(self) -> dict[str, Any]:
        return openapi(self.site.runner.registry, self.site.url())
