"""What a stranger writes into a payload never counts as a content reference, whatever the stranger knows of other contents."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from pfnb.language.content import without_codes
from tests.http.conftest import RECEIVE, UUID
from tests.live.stores import STORES
from tests.worker.conftest import Hub, running_hub
from tests.worker.conftest import hub as own_hub

__all__ = ["own_hub"]

OTHER = "1c1c6a8e-6d6b-4f1e-9d5e-5b8f3f123456"
SECRET = b"<secret>order,price of the other webhook</secret>"
SCHEME = "$uri:attachment:"


@dataclass(frozen=True)
class Contents:
    """Ids of contents of the other webhook's owner: of an event's body, of a file of one, of an attachment, of a made file."""

    event: str
    file: str
    attachment: str
    made: str


ONE_HUB = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(params=STORES, scope="module", loop_scope="module")
async def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    async with running_hub(STORES[request.param](tmp_path_factory.mktemp("hub"))) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def contents(hub: Hub) -> Contents:
    server = hub.server.hub
    await server.webhooks.put({"uuid": OTHER, "eventKey": "secret.came", "payloadType": "outbound"}, "ada")
    for files in (None, {"file": ("secret.xml", SECRET)}):
        sent = {"files": files} if files else {"content": SECRET}
        assert (await hub.http.post(RECEIVE, params={"uuid": OTHER}, **sent)).status_code == 200  # type: ignore[arg-type]
    first, second = await server.store.events.since(0, 10)
    made = server.contents.put("ada", SECRET)
    await server.properties.put("global/app/demo/kept", {"value": "x"}, "ada", "update")
    attached = await server.attachments.put("global/app/demo/kept", "a.xml", made, "text/xml", "ada")
    return Contents(first.id, f"{second.id}.0", attached.id, made)


Forge = Callable[[Hub, Contents], str]
GUESS = "01890a5d-ac96-774b-bcce-b302099a8057"
FORGED: dict[str, Forge] = {
    "event": lambda _, contents: contents.event,
    "file": lambda _, contents: contents.file,
    "attachment": lambda _, contents: contents.attachment,
    "made file": lambda _, contents: contents.made,
    "upper case": lambda _, contents: contents.event.upper(),
    "invented code": lambda _, contents: f"{contents.event}.hmac-{'A' * 43}",
    "cut code": lambda hub, contents: hub.server.hub.reference_codes.signed(contents.event, "ada")[:-1],
    "longer code": lambda hub, contents: hub.server.hub.reference_codes.signed(contents.event, "ada") + "A",
    "code of another owner": lambda hub, contents: hub.server.hub.reference_codes.signed(contents.event, "eve"),
    "code of another content": lambda hub, contents: (
        contents.event + hub.server.hub.reference_codes.signed(contents.file, "ada").removeprefix(contents.file)
    ),
    "genuine code, learned somewhere": lambda hub, contents: hub.server.hub.reference_codes.signed(
        contents.event, "ada"
    ),
}
PAYLOAD = "body.set: '#{body.payload}'"
AS_ADA = "iam.run.as: {username: ada}"
READERS = {
    "zip": [PAYLOAD, "zip:", "unzip:", 'body.set: "#{@content.load(body.children[0])}"'],
    "unzip": [PAYLOAD, "unzip:"],
    "csv": ["transform.csv.json: {input: '#{body.payload}'}"],
    "xml": ["transform.xml.json: {input: '#{body.payload}'}"],
    "ftl": [PAYLOAD, "transform.ftl:"],
    "json": ["json.validate: {input: '#{body.payload}', schema: '#{body.payload}'}"],
    "load": ["body.set: '#{@content.load(body.payload)}'"],
    "load a text": ["body.set: '#{@content.load(body.payload.content)}'"],
    "load a computed text": ["body.set: \"#{@content.load('$uri:attachment:' + body.payload.id)}\""],
    "load a new reference": ["body.set: '#{@content.load(@content.newContent(body.payload.content))}'"],
    "resolve": ["body.set: '#{@resolve.uri(body.payload.content)}'"],
    "resolve a computed text": ["body.set: \"#{@resolve.uri('uri:attachment:' + body.payload.id)}\""],
    "property": [
        "property.put: {path: global/app/demo/x, value: '#{body.payload}'}",
        "property.value.get: {path: global/app/demo/x}",
    ],
    "property of bytes": [
        "property.put: {path: global/app/demo/x, value: '#{body.payload}', type: text/plain;encoding=base64}",
        "property.get: {path: global/app/demo/x}",
    ],
    "attachment": [
        "property.put: {path: global/app/demo/x, value: 1}",
        "property.attachment.put: {path: global/app/demo/x, name: a, content: '#{body.payload}'}",
        "property.attachment.content: {path: global/app/demo/x, name: a}",
        "body.set: '#{@content.load(body)}'",
    ],
    "pipeline": ["pipeline.put: {path: global/app/demo/y, value: '#{body.payload}'}"],
    "answer": ["http.response.set: {body: '#{body.payload}', headers: {X-A: '#{body.payload.content}'}}"],
    "cache": [
        "cache.put: {key: a, value: '#{body.payload}'}",
        "cache.get: {key: a}",
        'body.set: "#{@content.load(body)}"',
    ],
}


async def save_all(hub: Hub) -> dict[str, str]:
    """Stores each pipeline that reads; the uuids of the webhooks that start them."""
    webhooks = {}
    for number, (name, steps) in enumerate(READERS.items()):
        key = f"try.p{number}"
        await hub.save(AS_ADA, *steps, path=f"global/app/demo/pipeline/p{number}", key=key)
        made = await hub.server.hub.webhooks.put({"eventKey": key, "payloadType": "raw"}, "ada")
        webhooks[name] = made.uuid
    return webhooks


async def tried(hub: Hub, uuid: str, content_id: str) -> httpx.Response:
    payload = {"name": "a.xml", "contentType": "text/xml", "content": f"{SCHEME}{content_id}", "id": content_id}
    return await hub.http.post(RECEIVE, params={"uuid": uuid, "wait": "true"}, json=payload)


def gives_away(answer: httpx.Response) -> bool:
    """Whether the answer has something of the other webhook's bytes, as they are or in base64."""
    seen = answer.text + str(answer.headers)
    return any(piece in seen for piece in ("price of the other", base64.b64encode(SECRET).decode()[4:40]))


@ONE_HUB
async def test_no_command_or_function_reads_what_a_payload_refers_to(hub: Hub, contents: Contents) -> None:
    leaks, oracles = [], []
    for reader, uuid in (await save_all(hub)).items():
        guessed = await tried(hub, uuid, GUESS)
        for kind, forge in FORGED.items():
            answer = await tried(hub, uuid, forge(hub, contents))
            if gives_away(answer):
                leaks.append((reader, kind))
            if answer.status_code != guessed.status_code:
                oracles.append((reader, kind))
    assert (leaks, oracles) == ([], [])
    stored = await hub.server.hub.properties.find("global/**", "ada")
    assert [one.path for one in stored if "price of the other" in str(one.value)] == []


@ONE_HUB
async def test_a_forged_reference_is_handled_as_the_json_that_it_is(hub: Hub, contents: Contents) -> None:
    sent = {"content": f"{SCHEME}{contents.event}"}
    await hub.save("transform.json.xml:")
    assert f"<content>{SCHEME}{contents.event}</content>" in await hub.answer(sent)
    await hub.save(AS_ADA, "property.put: {path: global/app/demo/x, value: '#{body.payload}'}", "body.set: done")
    assert await hub.answer(sent) == "done"
    assert (await hub.server.hub.properties.get("global/app/demo/x", "ada")).value == json.dumps(sent)


ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in ".hmac-")
WRITTEN: dict[str, Callable[[str], dict[str, Any]]] = {
    "json": lambda text: {"json": {"content": text}},
    "json with escapes": lambda text: {
        "content": json.dumps({"content": text}).replace(".hmac-", ESCAPED),
        "headers": JSON,
    },
    "json in utf-16": lambda text: {"content": json.dumps({"content": text}).encode("utf-16"), "headers": JSON},
    "form": lambda text: {"data": {"content": text}},
    "query": lambda text: {"params": {"content": text}},
}
JSON = {"Content-Type": "application/json"}


@ONE_HUB
@pytest.mark.parametrize("way", WRITTEN)
async def test_a_genuine_reference_that_a_stranger_learned_is_data_in_a_payload(
    hub: Hub, contents: Contents, way: str
) -> None:
    text = SCHEME + hub.server.hub.reference_codes.signed(contents.event, "ada")
    await hub.save(AS_ADA, "body.set: '#{@content.load(body.payload)}'")
    sent = WRITTEN[way](text)
    query = {"uuid": UUID, "wait": "true", **sent.pop("params", {})}
    answer = await hub.http.post(RECEIVE, params=query, **sent)
    assert (answer.status_code, gives_away(answer)) == (500, False)
    await hub.save("body.set: '#{body.payload.content}'")
    answer = await hub.http.post(RECEIVE, params=query, **sent)
    assert answer.json()["value"] == f"{SCHEME}{contents.event}"


@ONE_HUB
@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("depth", [1, 2, 5])
async def test_a_reference_within_a_reference_is_data_too(hub: Hub, contents: Contents, way: str, depth: int) -> None:
    text = SCHEME + hub.server.hub.reference_codes.signed(contents.event, "ada")
    for _ in range(depth):
        text = text.replace(".hmac-", f".hm.hmac-{'A' * 43}ac-", 1)
    await hub.save(AS_ADA, "body.set: '#{@content.load(body.payload)}'")
    sent = WRITTEN[way](text)
    query = {"uuid": UUID, "wait": "true", **sent.pop("params", {})}
    answer = await hub.http.post(RECEIVE, params=query, **sent)
    assert (answer.status_code, gives_away(answer)) == (500, False)


@pytest.mark.parametrize("depth", [1, 2, 3, 5_000])
def test_nothing_is_left_of_codes_within_codes(depth: int) -> None:
    code = f".hmac-{'A' * 43}"
    for text in (
        f"{'.hm' * depth}{code}{'ac-' * depth}{'B' * 43}",
        f"{code[:20] * depth}{code}{code[20:] * depth}",
        f".hmac-{'B' * 20}{code}{'B' * 23}",
    ):
        for plain in (without_codes(text), without_codes(text.encode()).decode()):
            assert re.search(r"\.hmac-[A-Za-z0-9_-]{43}", plain) is None


async def test_what_the_hub_made_is_read_by_all_of_them(own_hub: Hub) -> None:
    await own_hub.server.hub.webhooks.put({"uuid": OTHER, "eventKey": "secret.came", "payloadType": "outbound"}, "ada")
    steps = [
        "var.set: {key: file, value: '#{body.payload}'}",
        "property.put: {path: global/app/demo/x, value: '#{ {kept: vars.file} }', type: application/json}",
        "cache.put: {key: x, value: '#{vars.file}'}",
        "event.send: {key: order.placed, payload: {file: '#{vars.file}'}}",
    ]
    await own_hub.save(AS_ADA, *steps, path="global/app/demo/pipeline/keep", key="secret.came")
    read = (
        "body.set: \"#{ {@content.load(body.payload.file), @content.load(@property.value('global/app/demo/x').kept), "
        '@hash.sha256(@resolve.uri(vars.cached.content))} }"'
    )
    await own_hub.save(
        AS_ADA, "cache.get: {key: x, output: '#{vars.cached}'}", read, "property.put: {path: global/app/demo/y}"
    )
    await own_hub.http.post(RECEIVE, params={"uuid": OTHER}, content=b"mine", headers={"Content-Type": "text/plain"})
    await own_hub.ended("succeeded")
    seen = (await own_hub.server.hub.properties.get("global/app/demo/y", "ada")).value
    assert json.loads(seen or "") == ["mine", "mine", hashlib.sha256(b"mine").hexdigest()]
