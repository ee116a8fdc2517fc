"""How the end of a run is reported to a hub that cannot store it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from pfnb.client import attempt
from pfnb.client.ends import Ends
from pfnb.exceptions import ParameterError, PfnbError
from pfnb.rows.run import DeliveryFrame

DELIVERY = cast(DeliveryFrame, {"delivery": "1", "lease": "a"})
UNEXPECTED = PfnbError("Internal Server Error")


class Hub:
    """Answers each report with the next of these errors, and stores it when there are none left."""

    def __init__(self, *errors: PfnbError) -> None:
        self._errors = list(errors)
        self.stored: list[Any] = []

    async def call(self, _method: str, arguments: Mapping[str, Any]) -> list[None]:
        if self._errors:
            raise self._errors.pop(0)
        self.stored += [end["status"] for end in arguments["ends"]]
        return [None]


async def reported(hub: Hub, status: str = "succeeded") -> list[Any]:
    async def broken_off(_error: PfnbError) -> dict[str, Any]:
        return {"status": "failed"}

    await attempt.report(Ends(cast(Any, hub)), DELIVERY, cast(Any, {"status": status}), cast(Any, broken_off))
    return hub.stored


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(attempt, "PATIENT", 0.004)


@pytest.mark.parametrize("status", ["succeeded", "failed"])
async def test_an_outcome_is_stored_as_it_is_after_unexpected_errors_of_the_hub(status: str) -> None:
    assert await reported(Hub(*[UNEXPECTED] * 3), status) == [status]


async def test_a_success_that_a_hub_never_stores_becomes_a_failure_and_that_is_reported_until_it_is_stored() -> None:
    assert await reported(Hub(*[UNEXPECTED] * 9)) == ["failed"]


async def test_a_success_that_a_hub_refuses_becomes_a_failure_at_once() -> None:
    assert await reported(Hub(ParameterError("too long"))) == ["failed"]
