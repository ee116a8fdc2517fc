"""A content reference that leaves for strangers, within a larger value, is good for nothing there; the owner's keep working."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub as TheHub
from pfnb.language.content import content_id_of, genuine_id, genuine_ids
from pfnb.language.port import ANONYMOUS, User
from tests.http.conftest import RECEIVE, UUID
from tests.outbound.conftest import Partner, partner
from tests.worker.conftest import Hub, hub

__all__ = ["hub", "partner"]

CODE = "hmac-"
FILES = {"file": ("a.txt", b"my life", "text/plain")}
RUN_AS = "iam.run.as: {username: ada}"


async def sent(hub: Hub) -> Any:
    """What a caller with a file is answered, headers included."""
    answer = await hub.http.post(RECEIVE, params={"uuid": UUID, "wait": "true"}, files=FILES)
    assert answer.status_code == 200, answer.text
    return answer.text + json.dumps(dict(answer.headers))


@pytest.mark.parametrize(
    "step",
    [
        "body.set: '#{body.payload}'",
        "body.set: '#{body.payload.children}'",
        "body.set: 'a text with #{body.payload.children[0].content} in it'",
        "http.response.set: {body: '#{body.payload}'}",
        "http.response.set: {body: a, headers: {X-File: 'a #{body.payload.children[0].content} b'}}",
        "transform.json.xml:",
    ],
)
async def test_the_answer_to_a_stranger_has_no_reference_that_is_good_for_anything(hub: Hub, step: str) -> None:
    await hub.save(step)
    seen = await sent(hub)
    assert "$uri:attachment:" in seen
    assert CODE not in seen


async def test_a_reference_alone_is_answered_with_its_bytes(hub: Hub) -> None:
    await hub.save("body.set: '#{body.payload.children[0]}'")
    seen = await sent(hub)
    assert seen.startswith("my life{")
    assert "$uri:attachment:" not in seen


async def test_what_is_sent_to_other_servers_has_none_either(
    hub: Hub, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1")
    given = "vars.file.content"
    headers = f"headers: {{X-File: '#{{{given}}}'}}"
    address = f"url: '{partner.url}/in?x=#{{{given}}}'"
    await hub.save(
        RUN_AS,
        "var.set: {key: file, value: '#{body.payload.children[0]}'}",
        f"webhook.send: {{{address}, message: {{a: '#{{vars.file}}'}}, {headers}}}",
        f"http.post: {{{address}, body: ['#{{vars.file}}', 1], {headers}}}",
        f"http.put: {{{address}, body: 'text #{{{given}}}'}}",
        f"http.post: {{{address}, body: {{children: ['#{{vars.file}}'], fields: {{b: '#{{{given}}}'}}}}}}",
        f"http.get: {{{address}, {headers}}}",
        f"http.post: {{{address}, body: '#{{vars.file}}'}}",
    )
    assert CODE not in await sent(hub)
    assert len(partner.got) == 6
    seen = [got.path + str(dict(got.headers)) + got.body.decode() for got in partner.got]
    assert [one for one in seen if CODE in one] == []
    assert sum("uri:attachment:" in got.body.decode() for got in partner.got) == 4
    assert b"my life" in partner.got[3].body
    assert partner.got[5].body == b"my life"


async def test_what_other_servers_answer_is_data(hub: Hub, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1")
    made = hub.server.hub.contents.put("ada", b"mine")
    genuine = {"content": "$uri:attachment:" + hub.server.hub.reference_codes.signed(made, "ada")}
    for encoding, kind in (
        ("utf-8", "application/json"),
        ("utf-16", "application/json"),
        ("utf-16", "text/plain; charset=utf-16"),
    ):
        partner.answers.append((200, {"Content-Type": kind}, json.dumps(genuine).encode(encoding)))
        await hub.save(RUN_AS, f"http.get: {{url: '{partner.url}/'}}")
        assert CODE not in await hub.answer()
        run = await hub.ended("succeeded")
        assert CODE not in json.dumps(list(await hub.server.hub.history.steps(int(run["id"]), "ada")))


async def test_the_owner_gets_genuine_references_and_may_give_them_back(hub: Hub) -> None:
    await hub.http.post(RECEIVE, params={"uuid": UUID}, files=FILES)
    text = "pipeline: [{property.put: {path: global/app/demo/x, value: 1}}, {property.attachment.put: %s}, %s]"
    put = "{path: global/app/demo/x, name: a.txt, content: my life}"
    shown = (
        await hub.http.post(
            "/api/v3/pipeline", content=text % (put, "{property.attachment.list: {path: global/app/demo/x}}")
        )
    ).json()
    assert CODE in shown[0]["content"]
    answer = await hub.http.post("/api/v3/command/zip", json=shown)
    assert answer.headers["content-type"] == "application/zip"
    again = await hub.http.post(
        "/api/v3/command/unzip", content=answer.content, headers={"Content-Type": "application/zip"}
    )
    (file,) = again.json()["children"]
    stored = await hub.http.post("/api/v3/command/property.put", params={"path": "global/app/demo/y"}, json=file)
    assert stored.json()["value"] == "my life"
    assert (await hub.http.post("/api/v3/command/log", json={**file, "content": file["content"][:-1]})).json()[
        "name"
    ] == "a.txt"


@pytest.fixture
async def opened() -> AsyncIterator[TheHub]:
    home = Home(HubOptions(owner="ada"))
    await home.open()
    yield home.hub
    await home.close()


def access(hub: TheHub, name: str) -> HubAccess:
    return HubAccess(hub, User(name), "http://127.0.0.1/pfnb")


async def test_a_reference_is_good_for_its_owner_and_its_content_alone(opened: TheHub) -> None:
    ada, bob = access(opened, "ada"), access(opened, "bob")
    mine = await ada.put_content(b"mine", name="a", content_type="text/plain")
    theirs = await bob.put_content(b"theirs", name="b", content_type="text/plain")
    assert await genuine_ids([mine, mine], ada) == [content_id_of(mine)] * 2
    assert await genuine_ids([mine, theirs], ada) == []
    assert await genuine_id(mine, bob) is None
    assert await genuine_id({"content": mine["content"].upper()}, ada) is None
    for one in (theirs["content"], mine["content"][:-1], mine["content"].partition(".hmac-")[0], "", "ä", "\ud800"):
        with pytest.raises(NotFoundError, match="did not make"):
            await ada.read_content(one.removeprefix("$uri:attachment:"))
        with pytest.raises((NotFoundError, ParameterError)):
            await ada.put_attachment("global/app/demo/x", "a", {"content": one})
    with pytest.raises(ParameterError, match="1,000"):
        await ada.are_genuine([str(content_id_of(mine))] * 1_001)


async def test_what_anonymous_runs_make_for_one_owner_is_not_anothers(opened: TheHub) -> None:
    for_ada, for_bob = (access(opened, name).as_user(ANONYMOUS) for name in ("ada", "bob"))
    made = await for_ada.put_content(b"mine", name="a", content_type="text/plain")
    assert await genuine_id(made, for_bob) is None
    assert await for_ada.read_content(str(content_id_of(made))) == b"mine"
    assert await access(opened, "ada").read_content(str(content_id_of(made))) == b"mine"
