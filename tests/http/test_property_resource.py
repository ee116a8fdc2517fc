"""Properties as resources over HTTP: put, read and delete, by path and by uuid."""

from __future__ import annotations

import base64

import httpx
import pytest

PATH = "/api/v3/property:global/app/demo/config"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_what_is_sent_is_the_value_word_for_word(owner: httpx.AsyncClient, method: str) -> None:
    text = '{"a":  1, "b": "#{body}"}'
    saved = await owner.request(method, PATH, content=text, headers={"Content-Type": "application/json"})
    assert (saved.status_code, saved.json()["path"]) == (200, "/pipeforce/default/global/app/demo/config")
    found = (await owner.get(PATH)).json()
    assert (found["value"], found["type"]) == (text, "application/json")
    changed = await owner.request(method, PATH, content="plain", headers={"Content-Type": "text/plain"})
    assert (changed.json()["uuid"], changed.json()["value"]) == (found["uuid"], "plain")


async def test_its_uuid_names_it_as_well(owner: httpx.AsyncClient) -> None:
    saved = (await owner.post(PATH, content="a", headers={"Content-Type": "text/plain"})).json()
    by_uuid = f"/api/v3/property:uuid:{saved['uuid']}"
    assert (await owner.put(by_uuid, content="b")).json()["value"] == "b"
    assert (await owner.get(by_uuid)).json()["path"] == saved["path"]
    assert (await owner.delete(by_uuid)).json() == [saved["path"]]
    assert (await owner.get(by_uuid)).status_code == 404
    assert (await owner.put(by_uuid, content="c")).status_code == 404


async def test_what_curl_sends_by_default_is_text_and_a_file_is_base64(owner: httpx.AsyncClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    saved = (await owner.post(PATH, content='{"a": 1}', headers=form)).json()
    assert (saved["value"], saved["type"]) == ('{"a": 1}', None)
    data = b"%PDF\xff\x00"
    saved = (await owner.post(f"{PATH}.pdf", content=data, headers={"Content-Type": "application/pdf"})).json()
    assert (base64.b64decode(saved["value"]), saved["type"]) == (data, "application/pdf;encoding=base64")


async def test_what_cannot_be_done_is_answered_with_its_reason(owner: httpx.AsyncClient) -> None:
    assert (await owner.get(PATH)).status_code == 404
    assert (await owner.delete(PATH)).status_code == 404
    assert (await owner.post("/api/v3/property:global/../x", content="a")).status_code in (400, 404)
    assert (await owner.post("/api/v3/property:global/*", content="a")).status_code == 400
    refused = await owner.post(PATH, files={"file": b"a"})
    assert (refused.status_code, "not as multipart" in refused.json()["statusMessage"]) == (400, True)
    await owner.post(PATH, content="a")
    await owner.post("/api/v3/command/property.lock.put", params={"path": "global/app/demo/config"})
    for locked in (await owner.put(PATH, content="b"), await owner.delete(PATH)):
        assert (locked.status_code, locked.json()["errorType"]) == (423, "LockedError")
    assert (await owner.get(PATH)).json()["value"] == "a"


async def test_nobody_reads_or_changes_it_without_a_token(owner: httpx.AsyncClient) -> None:
    await owner.post(PATH, content="a")
    async with httpx.AsyncClient(base_url=owner.base_url, trust_env=False) as stranger:
        for method in ("GET", "PUT", "POST", "DELETE"):
            assert (await stranger.request(method, PATH, content="b")).status_code == 401
    assert (await owner.get(PATH)).json()["value"] == "a"
