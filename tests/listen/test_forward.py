"""`pfnb listen --forward`: requests reach a program exactly as they came, and its answers their senders."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread

import httpx
import pytest
from standardwebhooks import Webhook

from tests.listen.conftest import Known, Listen, Program, pi, running_program, send
from tests.listen.test_listen import address

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes....").decode()


async def test_a_request_keeps_method_query_headers_and_every_byte(listen: Listen, program: Program) -> None:
    async with listen("--json", "--forward", f"{program.url}/in?key=1") as listening:
        url = await address(listening)
        body = gzip.compress(b'{"n":  1.50}')
        headers = {"Content-Encoding": "gzip", "X-One": "1", "Connection": "X-Hop", "X-Hop": "no", "Cookie": "a=b"}
        await send(f"{url}?a=%2F%20&b&a=%C3%A9", content=body, headers=headers)
        await listening.next("event")
        told = await listening.next("forward")
        assert (told["status"], told["attempt"]) == (200, 1)
        (got,) = program.got
        assert (got.method, got.target, got.body) == ("POST", "/in?key=1&a=%2F%20&b&a=%C3%A9", body)
        kept = {name: got.headers.get(name) for name in ("content-encoding", "x-one", "cookie", "content-length")}
        assert kept == {"content-encoding": "gzip", "x-one": "1", "cookie": "a=b", "content-length": str(len(body))}
        assert got.headers["host"] == program.url.removeprefix("http://")
        assert "x-hop" not in got.headers
        await send(f"{url}?a=1", "GET")
        await listening.next("event")
        await listening.next("forward")
        assert (program.got[1].method, program.got[1].target, program.got[1].body) == ("GET", "/in?key=1&a=1", b"")


async def test_signatures_of_senders_stay_valid(listen: Listen, program: Program) -> None:
    async with listen("--json", "--forward", program.url) as listening:
        url = await address(listening)
        body = '{"a": 1,   "b": "ü"}'
        signed = Webhook(SECRET).sign("msg_1", datetime.now(UTC), body)
        stamp = str(int(datetime.now(UTC).timestamp()))
        github = "sha256=" + hmac.new(b"key", body.encode(), hashlib.sha256).hexdigest()
        headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signed}
        await send(url, content=body.encode(), headers={**headers, "X-Hub-Signature-256": github})
        await listening.next("event")
        await listening.next("forward")
        (got,) = program.got
        assert Webhook(SECRET).verify(got.body, got.headers) == {"a": 1, "b": "ü"}
        computed = hmac.new(b"key", got.body, hashlib.sha256).hexdigest()
        assert got.headers["x-hub-signature-256"] == f"sha256={computed}"


async def test_files_and_large_bodies_reach_the_program_whole(listen: Listen, program: Program) -> None:
    async with listen("--json", "--forward", program.url) as listening:
        url = await address(listening)
        content = bytes(range(256)) * 12_000
        await send(url, files={"doc": ("a.bin", content, "application/octet-stream")}, data={"x": "y"})
        event = await listening.next("event")
        await listening.next("forward")
        (got,) = program.got
        assert got.body == base64.b64decode(event["body"])
        assert content in got.body


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (201, {"Content-Type": "application/json", "X-Made": "yes"}, b'{"made":  1.50}'),
        (302, {"Location": "http://example.org/next"}, b""),
        (500, {"Content-Type": "text/plain; charset=utf-8"}, b"oh no"),
        (200, {"Content-Type": "image/png"}, b"\x89PNG\x00\xff"),
        (200, {"Content-Type": "text/plain", "Content-Encoding": "gzip"}, gzip.compress(b"small", mtime=0)),
    ],
)
async def test_a_sender_that_waits_gets_the_programs_answer(
    listen: Listen, program: Program, status: int, headers: dict[str, str], body: bytes
) -> None:
    program.answers = [(status, headers, body)]
    async with listen("--json", "--wait", "--forward", program.url) as listening:
        url = await address(listening)
        assert url.endswith("wait=true")
        async with httpx.AsyncClient(trust_env=False) as client:
            request = client.build_request("POST", url, content=b"{}")
            answer = await client.send(request, stream=True)
            raw = b"".join([piece async for piece in answer.aiter_raw()])
            await answer.aclose()
        assert (answer.status_code, raw) == (status, body)
        assert {name: answer.headers.get(name) for name in headers} == headers
        await listening.next("event")
        assert (await listening.next("forward"))["status"] == status


async def test_a_sender_that_waits_gets_every_cookie(listen: Listen) -> None:
    with cookie_program() as target:
        async with listen("--json", "--wait", "--forward", target) as listening:
            answer = await send(await address(listening))
            assert [one.partition(";")[0] for one in answer.headers.get_list("set-cookie")] == ["a=1", "b=2"]


@contextmanager
def cookie_program() -> Iterator[str]:
    """A program that sets two cookies, once."""

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=serve, args=(server,))
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


async def test_a_program_that_is_down_is_shown_and_its_event_can_be_sent_again(
    listen: Listen, environment: dict[str, str]
) -> None:
    with running_program() as before:
        url, port = before.url, int(before.url.rpartition(":")[2])
    async with listen("--forward", url) as listening:
        shown = await listening.until("Ctrl-C ends")
        assert f"Requests are passed on to {url}." in shown
        hook = next(line.strip() for line in shown.splitlines() if line.startswith("  http"))
        await send(hook, json={"a": 1})
        failed = await listening.until("→ failed")
        assert f"nothing answers at {url}" in failed
        command = (await listening.line()).rpartition("pi ")[2]
        with running_program(port) as program:
            again = pi(environment, *command.split())
            assert again.returncode == 0, again.stderr
            assert "#1 again" in await listening.until("#1 again")
            assert "#1 → 200" in await listening.until("→ 200")
            assert program.got[0].body == b'{"a":1}'
        listening.process.send_signal(signal.SIGINT)
        assert await listening.ended() == (0, "pfnb: 1 received, 1 forwarded, 1 failed\n")


async def test_with_retry_a_program_that_fails_gets_it_again(listen: Listen, program: Program) -> None:
    program.answers = [(503, {}, b""), (200, {}, b"")]
    async with listen("--json", "--once", "--retry", "2", "--forward", program.url) as listening:
        await send(await address(listening))
        await listening.next("event")
        first, second = await listening.next("forward"), await listening.next("forward")
        assert [(one["attempt"], one["status"]) for one in (first, second)] == [(1, 503), (2, 200)]
        status, said = await listening.ended()
        assert (status, said.splitlines()[-1]) == (0, "pfnb: 1 received, 1 forwarded")


async def test_a_program_that_hangs_is_given_up(listen: Listen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with listen("--json", "--timeout", "0.3", "--forward", target) as listening:
            await send(await address(listening))
            await listening.next("event")
            assert "did not answer within 0.3 seconds" in (await listening.next("forward"))["error"]


async def test_one_slow_request_does_not_hold_up_the_next(listen: Listen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with listen("--json", "--forward", target) as listening:
            url = await address(listening)
            for _ in range(3):
                await send(url)
            for _ in range(3):
                await listening.next("event")  # the first of them has no answer yet


async def test_a_fixed_answer_needs_no_program(listen: Listen) -> None:
    async with listen("--json", "--status", "202", "--body", '{"ok": true}') as listening:
        url = await address(listening)
        answer = await send(url, json={})
        assert (answer.status_code, answer.json()) == (202, {"ok": True})
        assert answer.headers["content-type"] == "application/json"
        await listening.next("event")


async def test_what_came_while_it_was_killed_is_passed_on_by_the_next_start(
    listen: Listen, program: Program, hub: Known
) -> None:
    async with listen("--json", "--forward", program.url, **hub.environment) as listening:
        url = await address(listening)
        listening.process.kill()
        await listening.process.wait()
        await send(url, json={"n": 1})
    async with listen("--json", "--forward", program.url, **hub.environment) as listening:
        await address(listening)
        assert (await listening.next("event"))["payload"] == {"n": 1}
        assert (await listening.next("forward"))["status"] == 200
        listening.process.send_signal(signal.SIGINT)
        await listening.ended()
    assert hub.client.command("event.mapping.get") == []  # it listens no more
    await send(url, json={"n": 2})
    async with listen("--json", "--once", "--forward", program.url, **hub.environment) as listening:
        await address(listening)
        await send(url, json={"n": 3})
        assert (await listening.next("event"))["payload"] == {"n": 3}


async def test_a_second_one_with_the_same_target_takes_over(listen: Listen, program: Program, hub: Known) -> None:
    async with listen("--json", "--forward", program.url, **hub.environment) as first:
        await address(first)
        async with listen("--json", "--forward", program.url, **hub.environment) as second:
            url = await address(second)
            status, said = await first.ended()
            assert (status, "another pfnb listen passes these events on now" in said) == (1, True)
            await send(url)
            await second.next("event")
            await second.next("forward")
            assert len(program.got) == 1
