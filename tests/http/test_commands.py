"""Commands and ad-hoc pipelines over HTTP, for those who have the token."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import Any

import httpx
import pytest

from pfnb.commands import load
from pfnb.http.server import LocalServer
from pfnb.hub.past import history
from tests.http.conftest import RECEIVE, UUID
from tests.hub.conftest import reads_fail

COMMAND = "/api/v3/command/"
PIPELINE = "/api/v3/pipeline"
IN_HUB = """
    async.cancel async.complete async.get async.list async.ping async.poll cache.clear cache.get cache.has cache.info
    cache.list cache.put drive.copy drive.delete drive.exists drive.list drive.mkdir drive.move drive.read drive.save
    event.delivery.discard event.delivery.failed event.listen event.mapping.get event.send hub.status iam.apitoken
    iam.apitoken.delete iam.apitoken.list iam.authinfo iam.role.add.composites iam.role.create iam.role.members iam.run.as
    iam.user.add.roles iam.user.create iam.user.delete iam.user.get iam.user.list iam.user.roles job job.list job.start
    job.status job.stop message.ack message.drop message.nack message.receive message.send pipeline.delete pipeline.get
    pipeline.put property.attachment.content property.attachment.delete property.attachment.get property.attachment.list
    property.attachment.put property.copy property.exists property.get property.keys property.list property.lock.create
    property.lock.get property.lock.put property.lock.remove property.move property.path.children property.put
    property.schema.delete property.schema.put property.tag.list property.tag.put property.value.get property.value.put
    secret.delete secret.get secret.put webhook.delete webhook.endpoint.delete webhook.endpoint.get webhook.endpoint.logs
    webhook.endpoint.put webhook.endpoint.replay webhook.endpoint.rotate webhook.endpoint.secret webhook.endpoint.test
    webhook.get webhook.handshake webhook.put webhook.receive.logs webhook.rotate webhook.scan
"""


async def test_webhooks_are_put_got_and_deleted_by_command(owner: httpx.AsyncClient) -> None:
    made = (await owner.post(COMMAND + "webhook.put", params={"eventKey": "a.b", "maxPayloadLength": "10"})).json()
    assert (made["eventKey"], made["maxPayloadLength"], made["owner"]) == ("a.b", 10, "ada")
    assert made["webhookUrl"].endswith(f"{RECEIVE}?uuid={made['uuid']}")
    for name in ("uuid", "token"):
        got = (await owner.get(COMMAND + "webhook.get", params={name: made["uuid"]})).json()
        assert made in (got if isinstance(got, list) else [got])
    assert (await owner.post(COMMAND + "webhook.delete", data={"uuid": made["uuid"]})).status_code == 200
    assert (await owner.get(COMMAND + "webhook.get", params={"uuid": made["uuid"]})).status_code == 404


def test_these_commands_run_in_the_hub_and_all_others_in_a_worker() -> None:
    """A new one is added here only if it computes nothing: while it runs, nobody else is served."""
    assert [command.name for command in load() if command.in_hub] == IN_HUB.split()


@pytest.mark.parametrize(("name", "in_hub"), [("hub.status", True), ("datetime", False)])
async def test_a_command_runs_where_its_declaration_says(
    server: LocalServer, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str, in_hub: bool
) -> None:
    ran: list[str] = []
    run = server.site.runner.run
    monkeypatch.setattr(server.site.runner, "run", lambda pipeline, **given: ran.append(name) or run(pipeline, **given))
    assert (await owner.post(COMMAND + name)).status_code == 200
    assert bool(ran) == in_hub


async def test_an_event_sent_by_command_is_stored(server: LocalServer, owner: httpx.AsyncClient) -> None:
    sent = (await owner.post(COMMAND + "event.send", params={"key": "com.example.hello", "payload": "hi"})).json()
    event = await server.hub.store.events.get(sent["id"])
    assert event is not None
    assert (await server.hub.history.object(event))["payload"] == "hi"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "token"}])
async def test_without_the_token_there_is_no_data_and_no_effect(
    anyone: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for method, path in (("GET", COMMAND + "webhook.get"), ("POST", COMMAND + "log"), ("POST", PIPELINE)):
        answer = await anyone.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["errorType"] == "NotAuthenticatedError"


async def test_the_token_does_not_work_as_a_parameter(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get(COMMAND + "webhook.get", params={"token": server.token})
    assert answer.status_code == 401


async def test_an_unknown_command_or_parameter_names_the_nearest(owner: httpx.AsyncClient) -> None:
    answer = await owner.post(COMMAND + "webhook.putt")
    assert (answer.status_code, "webhook.put" in answer.json()["statusMessage"]) == (400, True)
    answer = await owner.post(COMMAND + "webhook.put", params={"eventkey": "a.b"})
    assert (answer.status_code, "eventKey" in answer.json()["statusMessage"]) == (400, True)


async def test_a_pipeline_answers_with_its_final_body(owner: httpx.AsyncClient) -> None:
    text = "vars:\n  a: 20\npipeline:\n  - body.set: {value: '#{vars.a + 1}'}\n"
    answer = await owner.post(PIPELINE, content=text, headers={"Content-Type": "application/x-yaml"})
    assert (answer.status_code, answer.json()) == (200, 21)
    text = 'pipeline:\n  - body.set: {value: "plain"}\n'
    answer = await owner.post(PIPELINE, content=text)
    assert (answer.text, answer.headers["content-type"]) == ("plain", "text/plain; charset=utf-8")


async def test_a_stored_pipeline_is_called_by_its_path(owner: httpx.AsyncClient) -> None:
    path = "global/app/demo/pipeline/greet"
    stored = "vars: {name: nobody}\npipeline:\n  - body.set: 'Hello #{vars.name}'\n"
    given = {"path": path, "type": "application/yaml;type=pipeline", "value": stored}
    assert (await owner.post(COMMAND + "property.schema.put", params=given)).status_code == 200
    text = f"pipeline:\n  - pipeline.start: {{key: {path}, vars: {{name: Ada}}}}\n"
    assert (await owner.post(PIPELINE, content=text)).text == "Hello Ada"
    answer = await owner.post(COMMAND + "pipeline.start", params={"key": path})
    assert answer.text == "Hello nobody"
    error = (await owner.post(COMMAND + "pipeline.start", params={"key": "global/app/demo/pipeline/none"})).json()
    assert error["errorType"] == "NotFoundError"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("body.set=value%3A%20%22Today%20is%3A%20%23%7B1%2B1%7D%22", "Today is: 2"),
        ("body.set=one&body.set=value:%22%23{body};%20two%22", "one; two"),
        ("var.set=key:a;value:5&set=value:%23%7Bvars.a%7D", "5"),
        ("pipeline=pipeline%3A%0A%20-%20body.set%3A%20yaml", "yaml"),
        ("pipeline:\n  - body.set: plain\n", "plain"),
    ],
)
async def test_a_pipeline_may_be_url_encoded(owner: httpx.AsyncClient, content: str, expected: str) -> None:
    answer = await owner.post(PIPELINE, content=content, headers=FORM)
    assert (answer.status_code, answer.text) == (200, expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("set?value=3|set?value=%23%7Bbody%20*%202%7D", 6),
        ("set?value=#{1 + 1}|log", 2),
        ('{"vars": {"a": 1}, "pipeline": [{"set": {"value": "#{vars.a + 1}"}}]}', 2),
    ],
)
async def test_a_pipeline_may_be_a_uri_or_json(owner: httpx.AsyncClient, content: str, expected: int) -> None:
    answer = await owner.post(PIPELINE, content=content)
    assert (answer.status_code, answer.json()) == (200, expected)


async def test_an_unknown_command_in_a_url_encoded_pipeline_is_named(owner: httpx.AsyncClient) -> None:
    error = (await owner.post(PIPELINE, content="log=x&lgo=y", headers=FORM)).json()
    assert (error["errorType"], error["step"], error["line"], error["column"]) == ("UnknownCommandError", 2, 1, 7)
    assert 'did you mean "log"?' in error["statusMessage"]


async def test_an_error_in_a_pipeline_says_line_column_and_step(owner: httpx.AsyncClient) -> None:
    text = "pipeline:\n  - log: {message: one}\n  - log: {message: '#{vars.missing}'}\n"
    error = (await owner.post(PIPELINE, content=text)).json()
    assert (error["statusCode"], error["line"], error["step"]) == (400, 3, 2)
    assert error["traceId"]
    error = (await owner.post(PIPELINE, content="pipeline:\n  - lgo: {}\n")).json()
    assert (error["errorType"], error["line"]) == ("UnknownCommandError", 2)
    assert "log" in error["statusMessage"]


async def test_a_json_body_becomes_the_body_of_the_command(owner: httpx.AsyncClient) -> None:
    answer = await owner.post(COMMAND + "var.set", params={"key": "x", "value": "1"}, json={"kept": [1, 2]})
    assert answer.json() == {"kept": [1, 2]}


async def test_an_uploaded_binary_body_comes_back_as_its_bytes(owner: httpx.AsyncClient) -> None:
    answer = await owner.post(
        COMMAND + "log", params={"message": "x"}, content=b"\x00\x01\xff", headers={"Content-Type": "image/png"}
    )
    assert (answer.content, answer.headers["content-type"]) == (b"\x00\x01\xff", "image/png")


async def test_a_pipeline_gets_the_files_sent_with_it(server: LocalServer, owner: httpx.AsyncClient) -> None:
    text = "pipeline:\n  - body.set: {value: '#{body.children[1].name}'}\n"
    files = [
        ("pipeline", (None, text)),
        ("file", ("a.txt", b"a", "text/plain")),
        ("file", ("b.txt", b"x" * 100_000, "text/plain")),
    ]
    assert (await owner.post(PIPELINE, files=files)).text == "b.txt"
    async with asyncio.timeout(5):
        while list(server.hub.settings.bodies.iterdir()):
            await asyncio.sleep(0.01)


async def test_a_pipeline_may_be_a_file_among_those_sent(owner: httpx.AsyncClient) -> None:
    text = "pipeline:\n  - body.set: {value: '#{body.children.![name]}'}\n"
    files = [
        ("file", ("a.txt", b"a", "text/plain")),
        ("pipeline", ("lead.pi.yaml", text.encode(), "application/yaml")),
        ("file", ("b.txt", b"b", "text/plain")),
    ]
    assert (await owner.post(PIPELINE, files=files)).json() == ["a.txt", "b.txt"]


GREET = "vars: {name: nobody, greeting: Hello}\npipeline:\n  - body.set: '#{vars.greeting} #{vars.name}'\n"


@pytest.mark.parametrize(
    "sent", [{"content": GREET}, {"data": {"pipeline": GREET}}, {"files": {"pipeline": (None, GREET)}}], ids=list
)
async def test_the_query_becomes_the_variables_of_a_pipeline(owner: httpx.AsyncClient, sent: dict[str, Any]) -> None:
    assert (await owner.post(PIPELINE, params={"name": "Ada"}, **sent)).text == "Hello Ada"


async def test_a_refused_upload_leaves_nothing_behind(server: LocalServer, owner: httpx.AsyncClient) -> None:
    large = b"x" * 100_000
    assert (await owner.post(COMMAND + "no.such.command", content=large)).status_code == 400
    assert (await owner.post(PIPELINE, files={"file": ("a.txt", large)})).status_code == 400
    assert (await owner.post(PIPELINE, content=large)).status_code == 400
    async with asyncio.timeout(5):
        while list(server.hub.settings.bodies.iterdir()):
            await asyncio.sleep(0.01)


async def test_a_pipeline_sets_status_and_headers_of_its_answer(owner: httpx.AsyncClient) -> None:
    text = "pipeline:\n  - http.response.set: {statusCode: 201, headers: {Location: /leads/7}}\n  - body.set: {value: made}\n"
    answer = await owner.post(PIPELINE, content=text)
    assert (answer.status_code, answer.headers["location"], answer.text) == (201, "/leads/7", "made")
    answer = await owner.post(PIPELINE, content="pipeline:\n  - http.response.set: {statusCode: 204}\n")
    assert (answer.status_code, answer.content) == (204, b"")


async def test_an_error_of_our_own_gives_nothing_away(
    server: LocalServer, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("inner detail")

    monkeypatch.setattr(server.site.runner, "run", broken)
    answer = await owner.get(COMMAND + "webhook.get")
    assert answer.status_code == 500
    assert "inner detail" not in answer.text
    assert answer.json()["traceId"] in caplog.text


async def test_a_page_of_logs_ends_before_its_bodies_are_too_many(
    anyone: httpx.AsyncClient, owner: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOG_BYTES", 2_500)
    for size in (1_000, 1_000, 4_000, 1_000):
        await anyone.post(RECEIVE, params={"uuid": UUID}, content=bytes(size))
    pages: list[list[int]] = []
    before: dict[str, str] = {}
    while page := (await owner.get(COMMAND + "webhook.receive.logs", params={"uuid": UUID, **before})).json():
        pages.append([row["contentLength"] for row in page])
        before = {"before": page[-1]["id"]}
    assert pages == [[1_000], [4_000], [1_000, 1_000]]


async def test_logs_page_by_id_and_bound_their_limit(anyone: httpx.AsyncClient, owner: httpx.AsyncClient) -> None:
    for number in range(3):
        await anyone.post(RECEIVE, params={"uuid": UUID}, json={"n": number})
    logs = COMMAND + "webhook.receive.logs"
    first = (await owner.get(logs, params={"token": UUID, "limit": "2"})).json()
    rest = (await owner.get(logs, params={"uuid": UUID, "limit": "2", "before": first[-1]["id"]})).json()
    assert [len(first), len(rest)] == [2, 1]
    assert (await owner.get(logs, params={"token": UUID, "limit": "10001"})).status_code == 400


async def test_several_files_are_attached_at_once_each_under_its_name(owner: httpx.AsyncClient) -> None:
    path = {"path": "global/app/demo/applicant"}
    await owner.post(COMMAND + "property.put", params={**path, "value": "Ada"})
    files = [("file", ("a.pdf", b"%PDF", "application/pdf")), ("file", ("b.txt", b"x", "text/plain"))]
    answer = await owner.post(COMMAND + "property.attachment.put", params=path, files=files)
    assert answer.status_code == 200, answer.text
    listed = (await owner.get(COMMAND + "property.attachment.list", params=path)).json()
    assert [(one["name"], one["contentType"]) for one in listed] == [
        ("a.pdf", "application/pdf"),
        ("b.txt", "text/plain"),
    ]
    content = await owner.get(COMMAND + "property.attachment.content", params={**path, "name": "a.pdf"})
    assert content.content == b"%PDF"


async def test_files_are_packed_and_unpacked_by_command(owner: httpx.AsyncClient) -> None:
    files = [("file", ("a.csv", b"a,b\n1,2", "text/csv")), ("file", ("../b.txt", b"x", "text/plain"))]
    packed = await owner.post(COMMAND + "zip", params={"name": "both.zip"}, files=files)
    assert packed.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a.csv": b"a,b\n1,2", "b.txt": b"x"}
    answer = await owner.post(COMMAND + "unzip", content=packed.content, headers={"Content-Type": "application/zip"})
    assert [child["name"] for child in answer.json()["children"]] == ["a.csv", "b.txt"]


async def test_a_command_takes_expressions_as_parameters(owner: httpx.AsyncClient) -> None:
    answer = await owner.post(COMMAND + "data.list.filter", params={"exclude": "item.a > 1"}, json=[{"a": 1}, {"a": 2}])
    assert answer.json() == [{"a": 1}]
    answer = await owner.post(COMMAND + "data.list.filter", params={"exclude": "item.a >"}, json=[])
    assert (answer.status_code, answer.json()["errorType"]) == (400, "PelSyntaxError")


async def test_a_store_that_cannot_be_read_is_the_hubs_trouble_and_passes(
    server: LocalServer, owner: httpx.AsyncClient
) -> None:
    with reads_fail(server.hub):
        answer = await owner.get(COMMAND + "webhook.receive.logs", params={"uuid": UUID})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert "cannot read now" in answer.json()["statusMessage"]
    assert (await owner.get(COMMAND + "webhook.receive.logs", params={"uuid": UUID})).json() == []
