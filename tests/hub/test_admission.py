"""What a webhook does not admit gets the answer of an unknown webhook; its owner sees why."""

from __future__ import annotations

import pytest

from pfnb.exceptions import ParameterError
from pfnb.hub.hub import Hub
from tests.hub.conftest import UUID, request


async def test_a_method_that_the_webhook_does_not_take_is_refused_and_shown_to_the_owner(hub: Hub) -> None:
    webhook = await hub.webhooks.put({"uuid": UUID, "methods": "put, Post"}, "ada")
    assert webhook.methods == ["PUT", "POST"]
    noted = hub.refusals.next()
    receipt = await hub.receive(request(b"", method="GET"))
    assert receipt.event_id == ""
    await noted
    assert (await hub.receive(request())).event_id != ""
    (row,) = hub.refusals.rows(UUID)
    assert (row["statusCode"], row["reason"]) == (
        405,
        "The method was GET, but this webhook takes only PUT, POST (methods).",
    )


async def test_methods_are_checked_when_they_are_set(hub: Hub) -> None:
    with pytest.raises(ParameterError, match="methods"):
        await hub.webhooks.put({"uuid": UUID, "methods": "FETCH"}, "ada")
