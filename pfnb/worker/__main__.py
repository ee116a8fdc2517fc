"""`python -m pfnb.worker`, started by a hub, which writes its address into the worker's standard input and keeps that open."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading

from pfnb import commands
from pfnb.exceptions import HubUnreachableError, PfnbError
from pfnb.kernel.calls import Calls
from pfnb.kernel.connection import connect
from pfnb.kernel.discovery import HubAddress
from pfnb.language.runner import Runner
from pfnb.worker.runs import Runs

NICENESS = 10
"""So much the worker stands back: whatever its pipelines do, the hub has to receive."""


def main() -> None:
    given = json.loads(sys.stdin.readline())
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    threading.Thread(target=_end_with_hub, daemon=True, name="pfnb hub watch").start()
    asyncio.run(_work(HubAddress(given["url"], given["token"])))


def _end_with_hub() -> None:
    """The hub's end of the pipe closes however the hub ends."""
    sys.stdin.read()
    os._exit(0)


async def _work(address: HubAddress) -> None:
    """Run what the hub hands over until the connection ends; then this process ends, whatever its threads still do."""
    status = 0
    try:
        await _serve(address)
    except PfnbError as error:
        logging.getLogger("pfnb.worker").error("%s", error)
        status = 1
    finally:
        logging.shutdown()
        os._exit(status)


async def _serve(address: HubAddress) -> None:
    connection = await connect(address, {"session": f"worker {os.getpid()}"})
    calls = Calls(0, lambda: HubUnreachableError("the hub is gone"))
    calls.connected(connection.send)
    runs = Runs(Runner(commands.load()), calls)
    while (frame := await connection.receive()) is not None:
        head, body = frame
        if head["type"] == "delivery":
            runs.take(head)
        elif head["type"] == "revoked":
            runs.cut_off(head["listener"])
        else:
            calls.settle(head, body)


if __name__ == "__main__":
    main()
