"""`python -m pfnb.worker`, started by a hub, which writes its address to the worker's standard input and keeps that open."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import threading
from typing import cast

from pfnb import commands, functions
from pfnb.client.calls import Calls
from pfnb.client.connection import connect
from pfnb.client.discovery import HubAddress
from pfnb.exceptions import HubUnreachableError, PfnbError
from pfnb.language.offload import has_stuck
from pfnb.language.running.runner import Runner
from pfnb.rows.run import StoredDeliveryFrame
from pfnb.rows.session import CallerFrame
from pfnb.worker.runs import Runs

NICENESS = 10
"""The niceness of a worker: whatever its pipelines do, the hub must be able to receive."""


STUCK_SECONDS = 15.0
"""Longer than any step may wait for another process."""
STUCK = 75
"""The exit status of a worker that ended because it was stuck."""
SWITCH_SECONDS = 0.001
"""Seconds that a computing thread may keep the interpreter while the loop waits for it."""


def main() -> None:
    given = json.loads(sys.stdin.readline())
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log whole addresses, some with secrets
    threading.Thread(target=_end_with_hub, daemon=True, name="pfnb hub watch").start()
    asyncio.run(_work(HubAddress(given["url"], given["token"])))


def _end_with_hub() -> None:
    """End this process with the hub: however that ends, its end of the pipe closes."""
    sys.stdin.read()
    os._exit(0)


async def _work(address: HubAddress) -> None:
    """Run what the hub hands over until the connection ends; then end this process, even if threads are still running."""
    status = 0
    try:
        await _serve(address)
    except PfnbError as error:
        logging.getLogger("pfnb.worker").error("%s", error)
        status = 1
    finally:
        logging.shutdown()
        os._exit(status)


async def _end_if_stuck() -> None:
    """End the process if a timed-out run left a thread behind: nothing else can stop a thread."""
    while True:
        await asyncio.sleep(1)
        if has_stuck(STUCK_SECONDS):
            break
    logging.getLogger("pfnb.worker").error(
        "a step continued for %g s after the end of its run: this worker exits", STUCK_SECONDS
    )
    logging.shutdown()
    os._exit(STUCK)


async def _serve(address: HubAddress) -> None:
    connection = await connect(address, {"session": f"worker {os.getpid()}", "ahead": True})
    calls = Calls(0, lambda: HubUnreachableError("the hub is gone"))
    calls.connected(connection.send)
    runs = Runs(Runner(commands.load(), functions.registry), calls)
    gc.freeze()  # exempt what is loaded now from garbage collection: scanning it would delay all runs each time
    sys.setswitchinterval(SWITCH_SECONDS)
    watching = asyncio.create_task(_end_if_stuck(), name="pfnb stuck threads")
    try:
        while (frame := await connection.receive()) is not None:
            head, body = frame
            if head["type"] == "delivery":
                runs.take(cast(StoredDeliveryFrame, head))
            elif head["type"] == "run":
                runs.take_callers(cast(CallerFrame, head))
            elif head["type"] == "stop":
                runs.stop_caller(head["run"])
            elif head["type"] == "revoked":
                runs.cut_off(head["listener"])
            elif head["type"] == "discarded":
                runs.discard(head["delivery"], head["listener"])
            else:
                calls.settle(head, body)
    finally:
        watching.cancel()


if __name__ == "__main__":
    main()
