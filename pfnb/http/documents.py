"""The documents by which programs understand the hub: the schema of pipelines, and OpenAPI."""

from __future__ import annotations

import asyncio
from typing import Any

from pfnb.http.door import Door
from pfnb.http.openapi import openapi


class DocumentHandler(Door):
    """Made anew each time, in a thread: commands may have been registered since."""

    async def get(self) -> None:
        await self.caller()
        self.answer(await asyncio.to_thread(self.document))

    def document(self) -> dict[str, Any]:
        raise NotImplementedError


class PipelineSchemaHandler(DocumentHandler):
    """`GET {hub}/api/v3/pipeline.schema.json`."""

    def document(self) -> dict[str, Any]:
        from pfnb.language.schema import pipeline_schema

        return pipeline_schema(self.site.runner.registry)


class OpenApiHandler(DocumentHandler):
    """`GET {hub}/api/v3/openapi.json`."""

    def document(self) -> dict[str, Any]:
        return openapi(self.site.runner.registry, self.site.url())
