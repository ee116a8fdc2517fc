"""Which listeners get an event: those of its exact key, and by a pattern those of the notebook that fires it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.origin import Origin
from pfnb.hub.records.delivery import Listener
from pfnb.hub.webhooks import MAX_NOTEBOOKS
from pfnb.language.port import User
from pfnb.language.roles import EVERYTHING
from tests.hub.conftest import RecordingWorker, listener, request

HEARS_ALL = {"exact", "asks", "shared", "stored"}


def of(hub: Hub, notebook: str) -> HubAccess:
    """The hub as a notebook's kernel has it; without a name, as somebody else's program does."""
    return HubAccess(hub, User("ada", EVERYTHING), "http://127.0.0.1/pfnb", origin=Origin(notebook=notebook))


def listeners() -> list[Listener]:
    return [
        listener("here", "a.ipynb", "order.*"),
        listener("elsewhere", "b.ipynb", "order.#"),
        listener("exact", "b.ipynb", "order.paid"),
        listener("asks", "b.ipynb", "order.*", all_notebooks=True),
        listener("shared", "b.ipynb", "order.*", shared=True),
        replace(listener("stored", pattern="order.*"), notebook=""),
    ]


async def heard(hub: Hub, event_id: str) -> set[str]:
    return {one.listener for one in (await hub.store.deliveries.of_events([event_id]))[event_id]}


@pytest.fixture
async def asked(hub: Hub) -> Hub:
    for one in listeners():
        await hub.register(one, RecordingWorker(), replace=False)
    return hub


async def test_a_pattern_leaves_out_what_another_notebook_sends_unless_it_asks(asked: Hub) -> None:
    sent = await of(asked, "a.ipynb").send_event("order.paid")
    assert await heard(asked, sent["id"]) == {"here", *HEARS_ALL}


async def test_a_pattern_leaves_out_what_comes_to_a_webhook_of_another_notebook(asked: Hub) -> None:
    made = await of(asked, "a.ipynb").put_webhook({"eventKey": "order.paid", "payloadType": "raw"})
    receipt = await asked.receive(request(uuid=made["uuid"]))
    assert await heard(asked, receipt.event_id) == {"here", *HEARS_ALL}


async def test_all_hear_what_no_notebook_fires(asked: Hub) -> None:
    everybody = {one.name for one in listeners()}
    assert await heard(asked, (await of(asked, "").send_event("order.paid"))["id"]) == everybody
    made = await of(asked, "").put_webhook({"eventKey": "order.paid"})
    await of(asked, "a.ipynb").put_webhook({"uuid": made["uuid"], "payloadType": "raw"})
    receipt = await asked.receive(request(uuid=made["uuid"]))
    assert await heard(asked, receipt.event_id) == everybody


async def test_a_webhook_is_of_every_notebook_that_has_put_it(asked: Hub) -> None:
    made = await of(asked, "a.ipynb").put_webhook({"eventKey": "order.paid", "payloadType": "raw"})
    await of(asked, "b.ipynb").put_webhook({"uuid": made["uuid"]})
    rotated = await asked.webhooks.rotate(made["uuid"], "ada", 0)
    receipt = await asked.receive(request(uuid=rotated.uuid))
    assert {"here", "elsewhere"} < await heard(asked, receipt.event_id)


async def test_a_replay_reaches_those_that_would_hear_the_event_now(asked: Hub) -> None:
    sent = await of(asked, "a.ipynb").send_event("order.paid")
    await asked.unregister("here")
    replayed = await asked.replay(sent["id"], "ada")
    assert {one.listener for one in replayed} == HEARS_ALL


async def test_a_webhook_remembers_a_bounded_number_of_notebooks_the_newest(hub: Hub) -> None:
    made = await of(hub, "first").put_webhook({"eventKey": "order.paid"})
    for number in range(MAX_NOTEBOOKS):
        await of(hub, f"kernel {number}").put_webhook({"uuid": made["uuid"]})
    assert hub.webhooks.get(made["uuid"], "ada").notebooks == tuple(
        f"kernel {number}" for number in range(MAX_NOTEBOOKS)
    )


async def test_somebody_elses_webhook_is_of_no_notebook_any_more(hub: Hub) -> None:
    made = await of(hub, "a.ipynb").put_webhook({"eventKey": "order.paid"})
    await hub.webhooks.hand_over("ada", "grace")
    assert hub.webhooks.get(made["uuid"], "grace").notebooks == ()


async def test_whose_a_webhook_is_and_who_sent_an_event_is_known_after_a_restart(tmp_path: Path) -> None:
    home = Home(HubOptions(tmp_path / "hub"))
    await home.open()
    made = await of(home.hub, "a.ipynb").put_webhook({"eventKey": "order.paid", "payloadType": "raw"})
    sent = await of(home.hub, "a.ipynb").send_event("order.paid")
    await home.close()
    again = Home(HubOptions(tmp_path / "hub"))
    await again.open()
    for one in (listener("here", "a.ipynb"), listener("elsewhere", "b.ipynb")):
        await again.hub.register(one, RecordingWorker(), replace=False)
    receipt = await again.hub.receive(request(uuid=made["uuid"]))
    assert await heard(again.hub, receipt.event_id) == {"here"}
    assert {one.listener for one in await again.hub.replay(sent["id"], "ada")} == {"here"}
    await again.close()
