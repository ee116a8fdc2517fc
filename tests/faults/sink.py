"""Somebody whom stored pipelines call: what runs of the worker leave behind outside of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PIPELINE = """
headers: {headers}
pipeline:
  - event.listen: {{key: order.placed}}
  - iam.run.as: {{username: systemuser}}
  - http.post: {{url: "http://127.0.0.1:{port}/", body: "#{{{posted}}}"}}
"""


class Sink:
    """`noted` are the correlation ids that were posted, in the order in which they came."""

    def __init__(self) -> None:
        self.noted: list[str] = []
        self.port = 0

    @property
    def pipeline(self) -> str:
        return PIPELINE.format(headers="{concurrency: 4}", posted="body.correlationId", port=self.port)

    @property
    def batches(self) -> str:
        """A pipeline for several events at once."""
        headers = "{batch: {size: 7, wait: 200ms}, concurrency: 2}"
        return PIPELINE.format(
            headers=headers, posted="@text.concat(' ', body.events.![correlationId])", port=self.port
        )

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            self.noted += (await reader.readexactly(length)).decode().strip('"').split()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller was killed before it had said everything, or before it heard the answer
        finally:
            writer.close()


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    made = Sink()
    server = await asyncio.start_server(made._take, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
