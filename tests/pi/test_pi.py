"""The command line: what it prints for people and programs, how it fails, and which hub it means."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pfnb.exceptions import (
    HubUnreachableError,
    NotAuthenticatedError,
    NotFoundError,
    ParameterError,
    UnknownCommandError,
)
from pfnb.http.server import LocalServer
from pfnb.pi.address import find_address
from pfnb.pi.main import WordsError
from pfnb.pi.show import as_json, as_text
from tests.pi.conftest import Pi


async def test_a_command_is_run_and_its_result_is_readable_or_json(pi: Pi) -> None:
    made = await pi("command", "webhook.put", "eventKey=a.b", "payloadType=raw")
    uuid = next(line.split()[1] for line in made.splitlines() if line.startswith("uuid"))
    assert f"webhook.receive?uuid={uuid}" in made
    table = (await pi("command", "webhook.get")).splitlines()
    assert table[0].split()[:2] == ["eventKey", "uuid"]
    assert table[1].split()[:2] == ["a.b", uuid]
    for words in (("--json", "command", "webhook.get"), ("command", "webhook.get", "--json")):
        assert json.loads(await pi(*words))[0]["uuid"] == uuid


async def test_a_repeated_parameter_is_a_list(pi: Pi) -> None:
    assert json.loads(await pi("command", "body.set", "value=1", "value=2", "--json")) == ["1", "2"]


async def test_a_map_is_given_by_words_with_dots_or_as_json(pi: Pi) -> None:
    words = ("signature.scheme=github", "signature.secret=old=1", "signature.secret=new")
    made = json.loads(await pi("command", "webhook.put", "eventKey=a.b", *words, "--json"))
    assert made["signature"] == {"scheme": "github", "secrets": 2}
    as_json = '{"scheme": "slack", "secret": "s", "tolerance": 60}'
    again = json.loads(await pi("command", "webhook.put", f"uuid={made['uuid']}", f"signature={as_json}", "--json"))
    assert again["signature"] == {"scheme": "slack", "tolerance": 60, "secrets": 1}
    for wrong, said in (
        (("signature={}", "signature.scheme=github"), "either as a whole or by"),
        (("signature.scheme=github", "signature={}"), "either as a whole or by"),
        (("signature.shceme=github",), "did you mean scheme?"),
        (("active.now=true",), "has no parameter"),
    ):
        with pytest.raises(ParameterError, match=re.escape(said)):
            await pi("command", "webhook.put", f"uuid={made['uuid']}", *wrong)


async def test_a_pipeline_is_run_from_a_file(pi: Pi, tmp_path: Path) -> None:
    file = tmp_path / "hello.pi.yaml"
    file.write_text("vars: {name: Ada}\npipeline:\n  - body.set: 'Hello #{vars.name}'\n")
    assert await pi("pipeline", str(file)) == "Hello Ada\n"


async def test_input_becomes_the_body_and_output_goes_to_a_file(pi: Pi, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"a": [1, 2]}')
    said = await pi(
        "command", "log", "message=x", "--input", str(tmp_path / "in.json"), "--output", str(tmp_path / "out")
    )
    assert "bytes in" in said
    assert json.loads((tmp_path / "out").read_text()) == {"a": [1, 2]}


async def test_errors_are_the_hubs_own(pi: Pi, tmp_path: Path) -> None:
    with pytest.raises(UnknownCommandError, match=r"did you mean \"webhook\.put\""):
        await pi("command", "webhook.putt")
    with pytest.raises(ParameterError, match="there is no file"):
        await pi("pipeline", str(tmp_path / "nowhere.pi.yaml"))
    with pytest.raises(NotAuthenticatedError, match="does not know this token"):
        await pi("command", "webhook.get", "--token", "wrong")
    with pytest.raises(HubUnreachableError, match="does not answer"):
        await pi("command", "webhook.get", "--url", "http://127.0.0.1:1/pfnb")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "required: VERB"),
        (("nope",), "choose from"),
        (("command",), "required: NAME\n"),
        (("command", "log", "message"), "'message' is not a name=value pair"),
        (("status", "--nope"), "unrecognized arguments: --nope"),
    ],
)
async def test_wrong_words_say_what_would_be_right(pi: Pi, words: tuple[str, ...], says: str) -> None:
    with pytest.raises(WordsError, match=says):
        await pi(*words)


async def test_help_explains_verbs_commands_and_one_command(pi: Pi) -> None:
    assert "pipeline" in await pi("help")
    assert "webhook.put  " in await pi("help", "command")
    assert "eventKey" in await pi("help", "command", "webhook.put")


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [(["command", "nope"], 1, "pi: "), (["nope"], 2, "usage: pi"), (["help"], 0, "")],
)
def test_the_exit_status_tells_programs_what_happened(words: list[str], status: int, says: str) -> None:
    environment = {**os.environ, "PFNB_URL": "http://127.0.0.1:1/pfnb", "PFNB_TOKEN": "t"}
    ended = subprocess.run(
        [sys.executable, "-m", "pfnb.pi.main", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == status, ended.stderr
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_words_the_hub_that_runs_here_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with pytest.raises(HubUnreachableError, match="no hub was found: start JupyterLab"):
        find_address(None, None, {})
    told = {"url": "http://127.0.0.1:8888/", "token": "t", "pid": os.getpid(), "root_dir": str(tmp_path)}
    (tmp_path / "jpserver-1.json").write_text(json.dumps(told))
    (tmp_path / "jpserver-2.json").write_text(json.dumps({**told, "pid": 2**22 + 1, "url": "http://ended/"}))
    (tmp_path / "jpserver-3.json").write_text("half writ")
    found = find_address(None, None, {})
    assert (found.url, found.token) == ("http://127.0.0.1:8888/pfnb", "t")
    assert find_address(None, "another", {}).token == "another"
    other = {**told, "url": "http://127.0.0.1:9999/", "root_dir": str(tmp_path / "inner")}
    (tmp_path / "inner").mkdir()
    (tmp_path / "jpserver-4.json").write_text(json.dumps(other))
    monkeypatch.chdir("/")
    with pytest.raises(ParameterError, match="several hubs run"):
        find_address(None, None, {})
    monkeypatch.chdir(tmp_path / "inner")
    assert find_address(None, None, {}).url == "http://127.0.0.1:9999/pfnb"


def test_a_url_without_a_token_asks_for_it() -> None:
    with pytest.raises(NotAuthenticatedError, match="--token"):
        find_address("http://h/pfnb", None, {})


def test_what_strangers_sent_cannot_steer_a_table() -> None:
    assert "\x1b" not in as_text([{"a": "\x1b[2J\nx", "b": 1}])


def test_what_strangers_sent_cannot_steer_json() -> None:
    sent = {"é\x9b2J": ["\x1b]0;owned\x07", "\x7f\u202e\u2028\ud800\U000e0041", "grün\n😀"]}
    text = as_json(sent, indent=None)
    assert text.isprintable()
    assert "grün" in text
    assert json.loads(text) == sent


async def test_a_delivery_that_hangs_is_listed_and_set_aside(server: LocalServer, pi: Pi) -> None:
    hangs = "pipeline:\n- event.listen: {key: order.*}\n- if: \"#{body.payload == 'hang'}\"\n- wait: {ms: 600000}\n- if.end:\n"
    stored = {"value": hangs, "type": "application/yaml;type=pipeline"}
    await server.hub.properties.put("global/app/demo/hang", stored, "ada", "update")
    assert await pi("failed") == "nothing failed\n"
    first = await server.hub.send("order.placed", "hang", owner="ada")
    second = await server.hub.send("order.placed", "go", owner="ada")
    async with asyncio.timeout(20):
        while not (rows := json.loads(await pi("failed", "--json"))):
            await asyncio.sleep(0.05)
    (row,) = rows
    assert (row["eventId"], row["status"], row["attempts"]) == (first.id, "running", 1)
    said = (await pi("failed", "--discard", row["id"], "--reason", "it hangs")).splitlines()
    assert said[0].split() == ["run", "eventKey", "pipeline", "status", "attempts", "error"]
    assert said[1].split(maxsplit=5)[3:] == ["dead", "1", "set aside by ada: it hangs"]
    async with asyncio.timeout(20):
        while [one.status for one in (await server.hub.store.deliveries.of_events([second.id]))[second.id]] != [
            "succeeded"
        ]:
            await asyncio.sleep(0.05)
    assert said[1] in await pi("failed", "--limit", "1")
    with pytest.raises(NotFoundError, match="there is no delivery 999"):
        await pi("failed", "--discard", "999")
    with pytest.raises(ParameterError, match="needs --discard RUN"):
        await pi("failed", "--reason", "x")
