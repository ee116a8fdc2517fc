"""What a hub can tell of a kernel, in a process that starts quickly: a session with one listening pipeline, which writes down
the correlation id of every event it runs for.

    python -m tests.live.light_kernel URL TOKEN NOTEBOOK FILE [SECONDS [HEADERS]]

With SECONDS a run takes so long, and then asks its hub for something before it writes. HEADERS are those of the pipeline.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

from pfnb import commands, functions
from pfnb.client.contents import Unreadable
from pfnb.client.discovery import HubAddress
from pfnb.client.session import Session
from pfnb.kernel.board.board import Board
from pfnb.kernel.listening.deliveries import Deliveries
from pfnb.kernel.listening.listener import Listener
from pfnb.language.context import Context
from pfnb.language.port import ANONYMOUS, User
from pfnb.language.reading.parser import parse_pipeline
from pfnb.language.roles import EVERYTHING
from pfnb.language.running.runner import Runner

PIPELINE = "headers: {headers}\npipeline:\n- event.listen: {{key: order.*}}\n- test.write_down:\n"
READY = "listening"


async def main(url: str, token: str, notebook: str, file: Path, seconds: float, headers: str) -> None:
    registry = commands.load().copy()
    notes = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    @registry.command("test.write_down", anonymous=True)
    async def write_down(body: Any, context: Context) -> None:
        if seconds:
            await asyncio.sleep(seconds)
            await context.hub.describe()
        events = body.get("events", [body])
        os.write(notes, "".join(f"{one['correlationId']}\n" for one in events).encode())

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    deliveries = Deliveries(Runner(registry, functions.registry), Unreadable())
    session = Session(
        HubAddress(url, token),
        id=str(uuid.uuid4()),
        notebook=notebook,
        on_delivery=deliveries.take,
        on_revoked=deliveries.revoke,
        on_discarded=deliveries.discard,
    )
    deliveries.attach(session)
    await session.open()
    listener = Listener(
        name="lead",
        pipeline=parse_pipeline(PIPELINE.format(headers=headers), registry),
        user=ANONYMOUS,
        owner=User("ada", EVERYTHING),
        context=contextvars.copy_context(),
        board=Board("", Unreadable(), None, asyncio.get_running_loop()),
    )
    deliveries.set_listener(listener)
    await session.register("lead", {"pattern": listener.pattern, "gathering": listener.gathering})
    print(READY, flush=True)
    await stop.wait()
    await deliveries.close()
    await session.close()


if __name__ == "__main__":
    seconds, headers = [*sys.argv[5:], *("0", "{}")[len(sys.argv[5:]) :]]
    asyncio.run(main(*sys.argv[1:4], Path(sys.argv[4]), float(seconds), headers))
