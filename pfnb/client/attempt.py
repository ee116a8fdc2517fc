"""Runs the pipeline of a delivery until it ends, by success or failure, and reports the outcome to the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pfnb.client.ends import Ends
from pfnb.client.journal import note
from pfnb.client.outcome import failed, succeeded, unexpected
from pfnb.client.way import is_of_the_way
from pfnb.exceptions import AccessDeniedError, BusyError, HubUnreachableError, PfnbError
from pfnb.language.port import HubPort
from pfnb.language.run import RunResult
from pfnb.rows.run import DeliveryFrame, Outcome

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before a run begins again, or its end is reported again, while the hub is reachable but cannot do its part: doubled
each time."""
PATIENT = 16.0
"""The longest pause after which a hub that met an unexpected error is asked again to store a success."""


async def attempt(
    run: Callable[[], Awaitable[RunResult]], delivery: DeliveryFrame, hub: HubPort
) -> tuple[Outcome | None, PfnbError | None]:
    """The outcome of one run, and the error that ended it, if any. The outcome is None if a fault of the connection to the hub
    broke the run off."""
    name, trace_id = delivery["listener"], delivery["entry"]["traceId"]
    try:
        return await succeeded(await run(), delivery, hub), None
    except Exception as error:
        # Nobody waits for this run: only the log and the hub's record can report the error.
        failure = error if isinstance(error, PfnbError) else unexpected(error)
        if is_of_the_way(failure):
            note("WARN", name, f"interrupted, and will run again: {failure}", trace_id)
            return None, failure
        note("ERROR", name, f"failed: {type(failure).__name__}: {failure}", trace_id)
        return await failed(failure), failure


def _never() -> bool:
    return False


async def until_ended(
    one: Callable[[], Awaitable[Outcome | None]], is_over: Callable[[], bool] = _never
) -> Outcome | None:
    """Make attempts until one returns an outcome. None if `is_over` before that."""
    pause = FIRST_PAUSE
    while (outcome := await one()) is None and not is_over():
        await asyncio.sleep(pause)
        if is_over():
            break
        pause = min(2 * pause, LONGEST_PAUSE)
    return outcome


async def report(
    ends: Ends,
    delivery: DeliveryFrame,
    outcome: Outcome,
    broken_off: Callable[[PfnbError], Awaitable[Outcome]],
    *,
    more: bool = False,
) -> None:
    """Send an outcome to the hub, and wait while the hub is busy. A delivery must end: if the hub cannot accept the result, the
    outcome that `broken_off` returns is sent instead. `more` as in `Ends.report`.

    Raises AccessDeniedError if the hub has handed out the delivery again, HubUnreachableError if the connection broke.
    """
    held = {"delivery": delivery["delivery"], "lease": delivery["lease"]}
    pause = FIRST_PAUSE
    while True:
        try:
            await ends.report({**held, **outcome}, more=more)
        except (AccessDeniedError, HubUnreachableError):
            raise
        except BusyError as error:
            await asyncio.sleep(error.retry_after)
        except PfnbError as error:
            has_failed = outcome["status"] == "failed"
            if type(error) is PfnbError and (
                has_failed or pause <= PATIENT
            ):  # the hub's own fault, not that of the outcome
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            elif has_failed:
                raise
            else:
                outcome = await broken_off(error)
        else:
            return
