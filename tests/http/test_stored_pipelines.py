"""Stored pipelines over HTTP: put, run, read, delete, by path and by uuid."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

PATH = "/api/v3/pipeline:global/app/demo/pipeline/greet"
GREET = 'vars: {name: nobody}\npipeline:\n  - body.set: "Hello #{vars.name}, #{body}"\n'


async def store(owner: httpx.AsyncClient, text: str = GREET) -> dict[str, Any]:
    answer = await owner.put(PATH, content=text, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 200, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


async def test_a_pipeline_is_stored_word_for_word_and_read_back(owner: httpx.AsyncClient) -> None:
    saved = await store(owner)
    assert (saved["path"], saved["value"]) == ("/pipeforce/default/global/app/demo/pipeline/greet", GREET)
    assert saved["type"] == "application/yaml;type=pipeline"
    assert (await owner.get(PATH)).text == GREET


@pytest.mark.parametrize("place", ["query", "form"])
async def test_parameters_become_its_variables_and_what_is_sent_its_body(owner: httpx.AsyncClient, place: str) -> None:
    await store(owner)
    if place == "query":
        answer = await owner.post(PATH, params={"name": "Ada"}, json="welcome")
        assert answer.text == "Hello Ada, welcome"
    else:
        answer = await owner.post(PATH, data={"name": "Ada"})
        assert answer.text == "Hello Ada, "


async def test_its_propertys_uuid_names_it_as_well(owner: httpx.AsyncClient) -> None:
    by_uuid = f"/api/v3/pipeline:uuid:{(await store(owner))['uuid']}"
    assert (await owner.post(by_uuid, params={"name": "Ada"}, json=1)).text == "Hello Ada, 1"
    await owner.put(by_uuid, content='pipeline:\n  - body.set: "changed"')
    assert (await owner.post(PATH)).text == "changed"
    assert (await owner.delete(by_uuid)).status_code == 200
    assert (await owner.post(PATH)).status_code == 404


async def test_a_broken_one_is_refused_with_its_place_and_nothing_is_stored(owner: httpx.AsyncClient) -> None:
    answer = await owner.put(PATH, content="pipeline:\n  - lug: x")
    error = answer.json()
    assert (answer.status_code, error["line"], error["column"]) == (400, 2, 5)
    assert 'did you mean "log"' in error["statusMessage"]
    assert (await owner.get(PATH)).status_code == 404


async def test_what_is_no_pipeline_is_not_run(owner: httpx.AsyncClient) -> None:
    await owner.post("/api/v3/command/property.put", params={"path": "global/app/demo/text", "value": "x"})
    answer = await owner.post("/api/v3/pipeline:global/app/demo/text")
    assert (answer.status_code, "is not a pipeline" in answer.json()["statusMessage"]) == (404, True)


async def test_nobody_without_a_token_runs_or_stores_one(anyone: httpx.AsyncClient, owner: httpx.AsyncClient) -> None:
    await store(owner)
    answers = [await anyone.request(method, PATH) for method in ("GET", "POST", "PUT", "DELETE")]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert (await owner.get(PATH)).text == GREET


async def test_storing_takes_the_role_for_the_command(owner: httpx.AsyncClient) -> None:
    await owner.post("/api/v3/command/iam.user.create", params={"username": "bob", "password": "long enough"})
    token = (await owner.post("/api/v3/command/iam.apitoken", params={"username": "bob"})).text
    headers = {"Authorization": f"Bearer {token}"}
    answer = await owner.put(PATH, content=GREET, headers=headers)
    assert (answer.status_code, "CAN_PIPE_pipeline.put" in answer.json()["statusMessage"]) == (403, True)


async def test_the_key_of_somebody_elses_pipeline_is_refused_for_a_webhook(owner: httpx.AsyncClient) -> None:
    await store(owner, "pipeline:\n  - event.listen: {key: webhook.lead.created}\n  - log: {message: x}")
    roles = {"roleNames": "CAN_PIPE_%"}
    await owner.post("/api/v3/command/iam.user.create", params={"username": "bob", "password": "long enough", **roles})
    token = (await owner.post("/api/v3/command/iam.apitoken", params={"username": "bob"})).text
    put = "/api/v3/command/webhook.put"
    bobs = {"Authorization": f"Bearer {token}"}
    answer = await owner.post(put, params={"eventKey": "webhook.lead.created"}, headers=bobs)
    assert answer.status_code == 403
    assert "choose another eventKey, or let ada create the webhook" in answer.json()["statusMessage"]
    assert (await owner.post(put, params={"eventKey": "webhook.lead.mine"}, headers=bobs)).status_code == 200
    await store(owner, "pipeline:\n  - event.listen: {key: webhook.lead.mine}")
    # What is bob's already is not taken from him.
    assert (await owner.post(put, params={"eventKey": "webhook.lead.mine"}, headers=bobs)).status_code == 200
    await store(owner, "pipeline:\n  - event.listen: {key: webhook.lead.created}")
    assert (await owner.post(put, params={"eventKey": "webhook.lead.created"})).status_code == 200


@pytest.mark.parametrize("form", ["{path}", "/pipeforce/default/{path}", "uuid:{uuid}", "$uri:pipeline:uuid:{uuid}"])
async def test_another_pipeline_calls_it_by_whatever_names_it(owner: httpx.AsyncClient, form: str) -> None:
    name = form.format(path="global/app/demo/pipeline/greet", uuid=(await store(owner))["uuid"])
    text = f'pipeline:\n  - pipeline.run: {{key: "{name}", vars: {{name: Ada}}, body: again}}\n'
    assert (await owner.post("/api/v3/pipeline", content=text)).text == "Hello Ada, again"
