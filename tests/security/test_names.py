"""A username that was somebody's leads nobody else to what that person has left."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.hub.records.query import EventFilter
from tests.http.conftest import RECEIVE
from tests.security.conftest import PIPELINE, People

MINE = "global/app/mine"
ROLES = "CAN_PIPE_%"


async def _work(people: People) -> str:
    """Grace leaves a property, a pipeline that listens, a webhook, and an event; the webhook's uuid."""
    grace = await people.join("grace", ROLES)
    await people.do(grace, "property.put", path=MINE, value="secret plans")
    text = "pipeline:\n  - event.listen: {key: leads}\n  - log: {message: hi}\n"
    assert (await grace.put(f"{PIPELINE}:global/app/lead", content=text)).status_code == 200
    hook = (await people.do(grace, "webhook.put", eventKey="leads", payloadType="raw")).json()
    assert (await grace.post(RECEIVE, params={"uuid": hook["uuid"]}, json={"secret": 1})).status_code == 200
    return str(hook["uuid"])


@pytest.mark.parametrize("name", ["grace", "Grace", "GRACE"])
async def test_a_deleted_users_name_is_not_given_again(people: People, name: str) -> None:
    await _work(people)
    helper = await people.join("helper", ROLES)
    await people.do(helper, "iam.user.delete", username="grace")
    for client in (helper, people.ada):
        refused = await people.try_to(client, "iam.user.create", username=name, roleNames="CAN_PIPE_property.%")
        assert (refused.status_code, "data: handover" in refused.text) == (409, True)
    refused = await people.try_to(helper, "iam.user.delete", username="grace", data="remove")
    assert (refused.status_code, "ADMIN" in refused.text) == (403, True)


async def test_a_name_is_taken_in_every_case(people: People) -> None:
    await people.join("grace", "CAN_PIPE_log")
    for name in ("GRACE", "Ada", "SystemUser", "ANONYMOUSUSER"):
        assert (await people.try_to(people.ada, "iam.user.create", username=name)).status_code == 409
    for name in ("gräce", "grаce", "grace\u200b", "ｇrace", "grace\n"):
        assert (await people.try_to(people.ada, "iam.user.create", username=name)).status_code == 400


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_an_admin_has_removed_is_gone_and_the_name_free(people: People, at_once: bool) -> None:
    uuid = await _work(people)
    if not at_once:
        await people.do(people.ada, "iam.user.delete", username="grace")
    await people.do(people.ada, "iam.user.delete", username="grace", data="remove")
    grace = await people.join("grace", ROLES)
    assert (await people.do(grace, "property.list", pattern="**")).json() == []
    assert (await people.do(grace, "webhook.get")).json() == []
    assert (await people.do(grace, "event.mapping.get")).json() == []
    assert people.server.hub.webhooks.receiving(uuid) is None
    assert (await people.server.hub.history.page("grace", EventFilter(), None, 10))["events"] == []


async def test_what_is_handed_over_does_nothing_before_its_new_owner_says_so(people: People) -> None:
    """Grace's pipeline would run with the rights of its new owner, and Grace knows the uuid of the webhook."""
    uuid = await _work(people)
    for to in ("systemuser", "anonymousUser", "grace"):
        refused = await people.try_to(people.ada, "iam.user.delete", username="grace", data="handover", to=to)
        assert refused.status_code == 400
    refused = await people.try_to(people.ada, "iam.user.delete", username="grace", data="handover", to="nobody")
    assert refused.status_code == 404
    await people.do(people.ada, "iam.user.delete", username="grace", data="handover", to="ada")
    assert (await people.do(people.ada, "property.value.get", path=MINE)).text == "secret plans"
    assert (await people.do(people.ada, "event.mapping.get")).json() == []
    assert people.server.hub.webhooks.receiving(uuid) is None
    assert [hook["active"] for hook in (await people.do(people.ada, "webhook.get", uuid=uuid)).json()] == [False]
    grace = await people.join("grace", ROLES)
    assert (await people.do(grace, "property.list", pattern="**")).json() == []
    assert (await people.do(grace, "webhook.get")).json() == []


async def test_what_was_left_before_names_were_kept_is_found(tmp_path: Path) -> None:
    """A hub of an older pfnb deleted its users without a trace, but what they created is there."""
    server = LocalServer(HubOptions(tmp_path, owner="ada"))
    await server.start()
    await server.hub.properties.put(MINE, {"value": "secret plans"}, "grace", "update")
    users = server.hub.users
    with pytest.raises(Exception, match="the name of a deleted user"):
        await users.create("grace", users.user("ada"), password=None, roles=())
    await users.delete("grace", users.user("ada"), data="remove")
    await users.create("grace", users.user("ada"), password=None, roles=())
    await server.stop()


async def test_a_name_stays_taken_when_the_hub_starts_again(tmp_path: Path) -> None:
    for first in (True, False):
        server = LocalServer(HubOptions(tmp_path, owner="ada"))
        await server.start()
        users = server.hub.users
        if first:
            await users.create("grace", users.user("ada"), password=None, roles=())
            await users.delete("grace", users.user("ada"))
        with pytest.raises(Exception, match="the name of a deleted user"):
            await users.create("grace", users.user("ada"), password=None, roles=())
        await server.stop()
    with sqlite3.connect(tmp_path / "pfnb.sqlite") as database:
        assert database.execute("SELECT name FROM identities WHERE kind = 'gone'").fetchall() == [("grace",)]
    database.close()
