"""Stored pipelines whose values become far too large: each delivery to the worker of a real `pfnb serve` ends once with an error
that says so, the hub answers meanwhile, the worker lives, and its other pipelines run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.live.served import RECEIVE, TOKEN, Served, served

LARGE, OTHER = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd", "11111111-2222-4333-8444-555555555555"
DOUBLED = 'body.set: {value: ["#{body}","#{body}"]}'
LOOP = "foreach: {in: \"#{@text.leftPad('x', %d, 'x,')}\"}"
NESTED = ["body.set: [1]", LOOP % 6_001, 'body.set: {value: ["#{body}"]}', "foreach.end:"]
TEXT = "body.set: \"#{@text.leftPad('x', 7000000, '%s')}\""
"""Of 7 million characters: expressions make no longer ones."""


def times(number: int) -> str:
    return 'body.set: {value: ["#{body}"' + ',"#{body}"' * (number - 1) + "]}"


CASES = {
    "doubled 24 times": (["body.set: [1]", *[DOUBLED] * 24], "more than 40,000,000 characters"),
    "doubled 40 times": (["body.set: [1]", *[DOUBLED] * 40], "more than 40,000,000 characters"),
    "doubled and logged": (["body.set: [1]", *[DOUBLED] * 40, "log:"], "more than 40,000,000"),
    "3,000 deep": (NESTED, "nested too deeply"),
    "3,000 deep in an answer": ([*NESTED, 'http.response.set: {body: "#{body}"}', "body.set: 1"], "nested too deeply"),
    "300 MB": ([TEXT % "0123", times(43)], "more than 40,000,000 characters"),
    "200 MB in escapes": ([TEXT % "\\u0001", times(5)], "200 MiB, but a message"),
    "an error of 7 MB": ([TEXT % "0123", 'error: {message: "#{body}"}'], "and 6,990,000 more characters"),
    "a log of 35 GB": ([TEXT % "0123", LOOP % 10_001, 'log: {message: "#{body}"}', "foreach.end:", "error: {message: end}"],
        "end"),
}  # fmt: skip
SECONDS = 5.0
"""What healthz may take on a machine that is busy with other tests."""
LOGGED = 1_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture(scope="module")
def owner(hub: Served) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=hub.url.removesuffix("/pfnb"), headers=headers, trust_env=False, timeout=60) as client:
        for uuid, key in ((LARGE, "large"), (OTHER, "other")):
            made = client.post("/pfnb/api/v3/command/webhook.put", params={"uuid": uuid, "eventKey": key})
            made.raise_for_status()
        save(client, "other", ["body.set: other"])
        assert call(client, OTHER).json()["value"] == "other"
        yield client


def save(owner: httpx.Client, key: str, steps: list[str]) -> None:
    text = "\n- ".join(["pipeline:", f"event.listen: {{key: {key}}}", *steps])
    owner.put(f"/pfnb/api/v3/pipeline:global/app/{key}", content=text).raise_for_status()


def call(owner: httpx.Client, uuid: str) -> httpx.Response:
    return owner.post(RECEIVE, params={"uuid": uuid, "wait": "true", "timeout": "60"}, json=1)


def workers(hub: Served) -> set[psutil.Process]:
    return {one for one in hub.process.children() if "pfnb.worker" in one.cmdline()}


@pytest.mark.parametrize("name", CASES)
def test_a_stored_pipeline_with_values_too_large_fails_once_and_nobody_waits_for_it(
    hub: Served, owner: httpx.Client, name: str
) -> None:
    steps, said = CASES[name]
    save(owner, "large", steps)
    before, logged = workers(hub), hub.log.stat().st_size
    answers: list[httpx.Response] = []
    caller = threading.Thread(target=lambda: answers.append(call(owner, LARGE)))
    caller.start()
    longest = 0.0
    with httpx.Client(base_url=hub.url, trust_env=False, timeout=60) as anyone:
        while caller.is_alive():
            began = time.perf_counter()
            anyone.get("/healthz").raise_for_status()
            longest = max(longest, time.perf_counter() - began)
            caller.join(0.01)
    assert answers[0].status_code == 500, answers[0].text[:500]
    (row,) = owner.get("/pfnb/api/v3/command/webhook.receive.logs", params={"uuid": LARGE, "limit": 1}).json()
    (delivery,) = row["deliveries"]
    assert (delivery["status"], delivery["attempts"]) == ("failed", 1)
    assert said in delivery["error"]["statusMessage"]
    assert longest < SECONDS
    assert call(owner, OTHER).json()["value"] == "other"
    assert workers(hub) == before
    assert hub.log.stat().st_size - logged < LOGGED


@pytest.mark.parametrize("name", ["doubled 40 times", "3,000 deep", "200 MB in escapes"])
def test_a_pipeline_that_a_caller_sent_ends_with_the_error(owner: httpx.Client, name: str) -> None:
    steps, said = CASES[name]
    answer = owner.post("/pfnb/api/v3/pipeline", content="\n- ".join(["pipeline:", *steps]))
    assert answer.status_code == 400
    assert said in answer.json()["statusMessage"]
    assert owner.post("/pfnb/api/v3/pipeline", content="pipeline:\n- body.set: other").text == "other"
