"""`pfnb listen`: an address at once, and requests as they arrive, in a pipe."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.listen.conftest import Known, Listen, Listening, pi, send


async def address(listening: Listening) -> str:
    return str((await listening.next("ready"))["url"])


async def shown_address(listening: Listening) -> str:
    shown = await listening.until("Ctrl-C ends")
    return next(line.strip() for line in shown.splitlines() if line.startswith("  http"))


async def test_the_first_lines_have_the_address_and_a_curl_line_that_works(listen: Listen) -> None:
    async with listen() as listening:
        shown = await listening.until("Ctrl-C ends")
        assert shown.startswith(
            "webhook.listen at a hub of this process (in memory: events end with it)\n\n  http://127."
        )
        curl = next(line for line in shown.splitlines() if line.startswith("  curl "))
        done = await asyncio.create_subprocess_shell(f"{curl} -s", stdout=subprocess.PIPE)
        answer, _ = await done.communicate()
        assert json.loads(answer)["status"] == "running"
        assert "  #1  POST  application/json  18 B  " in await listening.until("#1")
        assert await listening.until("}") == '  {\n    "hello": "world"\n  }'
        listening.process.send_signal(signal.SIGINT)
        assert await listening.ended() == (0, "pfnb: 1 received\n")


async def test_events_as_json_have_their_exact_body_and_their_payload(listen: Listen) -> None:
    async with listen("webhook.a", "--json") as listening:
        url = await address(listening)
        sent = b'{"n": 1.50, "token": "abc"}'
        await send(f"{url}?a=1&a=2", content=sent, headers={"Content-Type": "application/json"})
        event = await listening.next("event")
        assert (event["eventKey"], event["method"], event["query"]) == ("webhook.a", "POST", {"a": ["1", "2"]})
        assert base64.b64decode(event["body"]) == sent
        assert event["payload"] == {"n": 1.5, "token": "abc"}
        await send(url, content=b"\x00\xff\xfe", headers={"Content-Type": "image/png"})
        assert (await listening.next("event"))["payload"] is None
        await send(url, content="größe".encode(), headers={"Content-Type": "text/plain"})
        assert (await listening.next("event"))["payload"] == "größe"
        await send(url, data={"a": ["1", "2"], "b": "3"})
        assert (await listening.next("event"))["payload"] == {"a": ["1", "2"], "b": "3"}
        await send(url, files={"doc": ("a.txt", b"text", "text/plain")}, data={"x": "y"})
        event = await listening.next("event")
        assert [file["filename"] for file in event["files"]] == ["a.txt"]
        assert b"a.txt" in base64.b64decode(event["body"])
        assert event["payload"] == {"x": "y"}


async def test_notes_for_people_are_not_among_the_data(listen: Listen) -> None:
    async with listen("--json", "--once") as listening:
        url = await address(listening)
        await send(url)
        await listening.next("event")
        status, said = await listening.ended()
        assert status == 0
        assert url in said
        assert said.endswith("pfnb: 1 received\n")


async def test_no_more_events_are_shown_than_asked_for(listen: Listen, hub: Known) -> None:
    async with listen("--json", "--count", "2", **hub.environment) as listening:
        url = await address(listening)
        await asyncio.gather(*(send(url, json={"n": number}) for number in range(10)))
        status, said = await listening.ended()
        assert (status, "pfnb: 2 received" in said) == (0, True)
        assert listening.process.stdout is not None
        assert (await listening.process.stdout.read()).count(b'"type": "event"') == 2


async def test_an_end_before_the_count_has_a_status_of_its_own(listen: Listen) -> None:
    async with listen("--json", "--count", "2") as listening:
        await send(await address(listening))
        await listening.next("event")
        listening.process.send_signal(signal.SIGTERM)
        status, _ = await listening.ended()
        assert status == 130


async def test_refused_requests_are_shown_with_their_reason(listen: Listen) -> None:
    async with listen("webhook.a", "methods=POST") as listening:
        url = await shown_address(listening)
        await send(url, "GET")
        assert (
            "refused (405)  webhook.a: The method was GET, but this webhook takes only POST"
            in await listening.until("405")
        )
        listening.process.send_signal(signal.SIGINT)
        assert await listening.ended() == (0, "pfnb: 0 received, 1 refused\n")


async def test_strangers_cannot_write_to_the_terminal(listen: Listen) -> None:
    async with listen() as listening:
        url = await shown_address(listening)
        evil = "\x1b]0;owned\x07\x1b[2J\u202e\u009b31m"
        await send(f"{url}?q=%1b[2J", json={evil: evil, "l": [evil] * 200})
        await send(url, content=evil.encode(), headers={"Content-Type": "text/plain"})
        await send(url, files={f"f{evil}": (f"n{evil}.txt", b"x", "text/plain")})
        seen = await listening.until("#3")
        seen += "\n" + await listening.until("file ")
        assert not [sign for sign in seen if not sign.isprintable() and sign != "\n"], seen
        assert "more lines" in seen
        assert max(map(len, seen.splitlines())) <= 120


async def test_strangers_cannot_write_to_the_terminal_within_json(listen: Listen) -> None:
    async with listen("--json") as listening:
        url = json.loads(await listening.until("ready"))["url"]
        evil = "\u009b2J\u202e\x7f"
        await send(url, json={evil: evil})
        seen = await listening.until('"event"')
        assert seen.strip().isprintable()
        assert json.loads(seen)["payload"] == {evil: evil}


async def test_secrets_in_payloads_are_masked_for_people(listen: Listen) -> None:
    async with listen() as listening:
        url = await shown_address(listening)
        await send(f"{url}?apiKey=s3cr3tvalue", json={"password": "s3cr3tvalue"})
        seen = await listening.until("}")
        assert "s3cr3tvalue" not in seen
        assert '"password": ••••••' in seen


async def test_a_reader_that_leaves_ends_it_in_silence(listen: Listen) -> None:
    async with listen("--json") as listening:
        url = await address(listening)
        listening.process.stdout._transport.close()  # type: ignore[union-attr]  # as `head -1` does
        await send(url)
        assert (await listening.ended())[0] == 0


async def test_a_reader_that_does_not_read_holds_up_no_sender(listen: Listen) -> None:
    async with listen("--json") as listening:
        url = await address(listening)
        listening.process.stdout._transport.pause_reading()  # type: ignore[union-attr]
        began = time.monotonic()
        for _ in range(20):
            assert (await send(url, content=b"x" * 300_000)).status_code == 200
        assert time.monotonic() - began < 10
        listening.process.stdout._transport.resume_reading()  # type: ignore[union-attr]
        for _ in range(20):
            await listening.next("event")


async def test_its_hub_is_known_to_pi_while_it_runs(
    listen: Listen, environment: dict[str, str], tmp_path: Path
) -> None:
    async with listen("--json") as listening:
        await send(await address(listening), json={"a": 1})
        event = await listening.next("event")
        (file,) = (tmp_path / "data" / "pfnb" / "listening").glob("*.json")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        shown = await asyncio.to_thread(pi, environment, "events", "show", event["id"])
        assert "webhook.listen" in shown.stdout
        listening.process.send_signal(signal.SIGINT)
        await listening.ended()
        assert not file.exists()
    assert "no hub was found" in pi(environment, "events").stderr


async def test_a_hub_with_a_data_directory_keeps_webhook_and_events(listen: Listen, tmp_path: Path) -> None:
    for number in (1, 2):
        async with listen("--json", "--data-dir", str(tmp_path / "hub")) as listening:
            uuid = (await address(listening)).rpartition("/")[2]
            if number == 1:
                first = uuid
            listening.process.send_signal(signal.SIGINT)
            await listening.ended()
    assert uuid == first


async def test_what_is_no_hub_is_noted_and_a_hub_starts_here(listen: Listen, tmp_path: Path) -> None:
    """A Jupyter Server whose environment has no pfnb."""
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    server = {"url": "http://127.0.0.1:9/", "pid": os.getpid(), "token": "t", "root_dir": str(tmp_path)}
    (runtime / f"jpserver-{os.getpid()}.json").write_text(json.dumps(server))
    async with listen("--json", "--once") as listening:
        await send(await address(listening))
        await listening.next("event")
        status, said = await listening.ended()
        assert (status, "cannot be used, so a hub starts here" in said) == (0, True)


async def test_a_running_hub_is_used_and_its_webhook_found_again(listen: Listen, hub: Known) -> None:
    made = hub.client.command("webhook.put", eventKey="webhook.mine")
    async with listen("webhook.mine", "--json", **hub.environment) as listening:
        url = await address(listening)
        assert made["uuid"] in url
        await send(url, json={"a": 1})
        assert (await listening.next("event"))["payload"] == {"a": 1}
    hub.client.command("webhook.put", eventKey="webhook.mine")
    async with listen("webhook.mine", **hub.environment) as listening:
        status, said = await listening.ended()
        assert (status, "2 active webhooks of webhook.mine: say which by uuid" in said) == (1, True)


async def test_a_hub_that_is_named_and_away_is_an_error(listen: Listen) -> None:
    async with listen("--url", "http://127.0.0.1:9/pfnb", "--token", "t") as listening:
        status, said = await listening.ended()
        assert (status, "nothing answers at http://127.0.0.1:9/pfnb" in said) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.b", "c.d"), "one event key, not a.b and c.d"),
        (("a b",), "a b"),
        (("--forward", "ftp://x"), "an address such as http://127.0.0.1:3000/hooks"),
        (("--forward", "3000"), "an address such as"),
        (("--forward", "http://127.0.0.1:1", "--body", "x"), "leave out --status and --body"),
        (("--retry", "1"), "are for --forward"),
        (("--secret", "-"), "no secret on standard input"),
        (("--count", "0"), "not a number from 1"),
        (("--status", "99"), "not a status"),
    ],
)
async def test_wrong_words_end_with_2_and_say_what_would_be_right(
    listen: Listen, words: tuple[str, ...], said: str
) -> None:
    async with listen(*words) as listening:
        status, told = await listening.ended()
        assert (status, said in told) == (2, True), told


async def test_a_wrong_setting_is_an_error_of_the_hub(listen: Listen) -> None:
    async with listen("methods=SHOUT") as listening:
        status, told = await listening.ended()
        assert (status, told.count("\n")) == (1, 1), told


async def test_a_webhook_that_demands_a_signature_shows_who_is_refused(listen: Listen) -> None:
    words = ("webhook.git", "signature.scheme=github", "signature.secret=s3cret-of-github")
    async with listen(*words) as listening:
        shown = await listening.until("Ctrl-C ends")
        assert "Requests need the proof of their sender" in shown
        assert "curl" not in shown
        assert "s3cret" not in shown
        url = next(line.strip() for line in shown.splitlines() if line.startswith("  http"))
        body = b'{"zen": "simple"}'
        signed = hmac.new(b"s3cret-of-github", body, "sha256").hexdigest()
        await send(url, content=body, headers={"X-Hub-Signature-256": f"sha256={signed}"})
        assert "#1  POST" in await listening.until("#1")
        await send(url, content=body, headers={"X-Hub-Signature-256": f"sha256={'0' * 64}"})
        assert "refused (401)  webhook.git: " in await listening.until("refused")


async def test_a_preset_sets_up_the_sender_with_a_secret_from_standard_input(listen: Listen) -> None:
    async with listen("webhook.git", "--preset", "github", "--secret", "-", given=b"s3cret-of-github\n") as listening:
        shown = await listening.until("Ctrl-C ends")
        assert "Note: " in shown
        assert "s3cret" not in shown
        url = next(line.strip() for line in shown.splitlines() if line.startswith("  http"))
        body = b'{"zen": "simple"}'
        signed = hmac.new(b"s3cret-of-github", body, "sha256").hexdigest()
        await send(url, content=body, headers={"X-Hub-Signature-256": f"sha256={signed}"})
        assert "#1  POST" in await listening.until("#1")


async def test_an_address_of_its_own_is_shown(listen: Listen) -> None:
    async with listen("webhook.orders", "path=orders", "public=true", "--json") as listening:
        url = await address(listening)
        assert url.endswith("/gateway/orders")
        await send(url, json={"n": 1})
        assert (await listening.next("event"))["payload"] == {"n": 1}
