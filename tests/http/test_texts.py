"""Texts in other charsets and compressed bodies, on their whole way through a hub."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.language.encodings import MOST
from tests.http.conftest import RECEIVE, UUID, newest

LATIN = "Müller, Köln".encode("latin-1")


async def seen(server: LocalServer) -> dict[str, Any]:
    (event,) = await server.hub.store.events.since(0, 10)
    return await server.hub.history.object(event)


async def payload_of(
    server: LocalServer, anyone: httpx.AsyncClient, content_type: str, body: bytes, **more: str
) -> Any:
    headers = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in more.items()}}
    answer = await anyone.post(RECEIVE, params={"uuid": UUID}, content=body, headers=headers)
    assert answer.status_code == 200
    return (await seen(server))["payload"]


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json; charset=iso-8859-1", b'{"n": "M\xfcller"}', {"n": "Müller"}),
        ("application/json", b'{"n": "M\xfcller"}', {"n": "Müller"}),
        ("application/json; charset=utf-8", b'{"n": "M\xfcller"}', {"n": "Müller"}),
        ("application/json; charset=shift_jis", '{"n": "日本"}'.encode("shift_jis"), {"n": "日本"}),
        ("application/json; charset=latin1", '\ufeff{"n": "日"}'.encode(), {"n": "日"}),
        ("application/json", '{"n": "日"}'.encode("utf-16"), {"n": "日"}),
        ("text/plain", LATIN, "Müller, Köln"),
        ("text/plain; charset=windows-1252", b"5 \x80", "5 €"),
        ("text/csv", b"\xef\xbb\xbfa;b", "a;b"),
        ("text/plain", "Größe".encode("utf-16"), "Größe"),
        ("text/plain; charset=klingon", LATIN, "Müller, Köln"),
        ("application/x-www-form-urlencoded", b"n=M%FCller&s=%E2%82%AC", {"n": "Müller", "s": "€"}),
        ("application/x-www-form-urlencoded", b"n=%80&charset=windows-1252", {"n": "€", "charset": "windows-1252"}),
        ("application/x-www-form-urlencoded", b"_charset_=koi8-r&n=%D0", {"_charset_": "koi8-r", "n": "п"}),
        ("application/x-www-form-urlencoded; charset=koi8-r", b"n=\xd0", {"n": "п"}),
        ("application/x-www-form-urlencoded", b"n=ab&charset=utf-16", {"n": "ab", "charset": "utf-16"}),
    ],
)
async def test_a_body_is_read_in_its_charset_else_utf8_else_latin1(
    server: LocalServer, anyone: httpx.AsyncClient, content_type: str, body: bytes, expected: Any
) -> None:
    assert await payload_of(server, anyone, content_type, body) == expected


@pytest.mark.parametrize(
    ("query", "parsed", "raw"),
    [
        ("text=isso+%E9&wait=true&timeout=0&a=1", {"text": "isso é", "a": "1"}, "text=isso+%E9&a=1"),
        ("a=%e2%82%AC&b=%FC&a=", {"a": ["€", ""], "b": "ü"}, "a=%e2%82%AC&b=%FC&a="),
        ("t=%82%A0&charset=shift_jis", {"t": "あ", "charset": "shift_jis"}, "t=%82%A0&charset=shift_jis"),
        ("uuid=other", {"uuid": "other"}, "uuid=other"),
    ],
)
async def test_a_query_loses_nothing_and_is_kept_as_sent(
    server: LocalServer, anyone: httpx.AsyncClient, owner: httpx.AsyncClient, query: str, parsed: Any, raw: str
) -> None:
    assert (await anyone.get(f"{RECEIVE}?{query}&token={UUID}")).status_code == 200
    event = await seen(server)
    assert (event["query"], event["payload"], event["rawQuery"], event["path"]) == (parsed, parsed, raw, {})
    assert event["remoteAddress"] == "127.0.0.1"
    assert (await newest(owner))["rawQuery"] == raw


async def test_raw_bytes_in_a_query_are_kept(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    url = anyone.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    target = f"{url.path.rstrip('/')}{RECEIVE}?uuid={UUID}&n=".encode() + b"\xfc"
    writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
    assert b" 200 " in await reader.readline()
    await reader.read()
    writer.close()
    event = await seen(server)
    assert (event["query"], event["rawQuery"]) == ({"n": "ü"}, "n=%FC")


def multipart(*parts: tuple[str, bytes]) -> bytes:
    return (
        b"".join(b"--b\r\n" + head.encode("latin-1") + b"\r\n\r\n" + data + b"\r\n" for head, data in parts) + b"--b--"
    )


def named(name: str, more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{more}'


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(named("charsets"), b'{"t": "windows-1252", "u": 3}'), (named("t"), b"\x80")], "€"),
        ([(named("charsets"), b"[nothing"), (named("t"), b"\xe9")], "é"),
        ([(named("t"), b"\x80"), (named("charset"), b"windows-1252")], "€"),
        ([(named("t", "\r\nContent-Type: text/plain; charset=koi8-r"), b"\xd0")], "п"),
        ([(named("t"), LATIN)], "Müller, Köln"),
    ],
)
async def test_fields_of_a_multipart_body_are_read_in_their_charset(
    server: LocalServer, anyone: httpx.AsyncClient, parts: list[tuple[str, bytes]], expected: str
) -> None:
    payload = await payload_of(server, anyone, "multipart/form-data; boundary=b", multipart(*parts))
    assert payload["fields"]["t"] == expected


async def test_long_boundaries_and_latin1_file_names_are_read(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    boundary = "b" * 1024
    body = multipart((named("f", '; filename="Müller.csv"'), b"a")).replace(b"--b", b"--" + boundary.encode())
    payload = await payload_of(server, anyone, f"multipart/form-data; boundary={boundary}", body)
    assert payload["children"][0]["name"] == "Müller.csv"


async def test_a_compressed_body_is_stored_as_sent_and_read_decoded(
    server: LocalServer, anyone: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    body = gzip.compress(json.dumps({"content": "test", "uuid": UUID}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert (await anyone.post(RECEIVE, content=body, headers=headers)).status_code == 200
    assert (await seen(server))["payload"] == {"content": "test"}
    assert (await newest(owner))["contentLength"] == len(body)


async def test_a_compressed_form_has_fields(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    body = gzip.compress(b"a=1&b=%FC")
    payload = await payload_of(server, anyone, "application/x-www-form-urlencoded", body, Content_Encoding="gzip")
    assert payload == {"a": "1", "b": "ü"}


async def test_what_cannot_be_decoded_is_kept_as_it_came(server: LocalServer, anyone: httpx.AsyncClient) -> None:
    payload = await payload_of(server, anyone, "application/json", b"{}", Content_Encoding="gzip")
    assert (payload["contentEncoding"], payload["contentLength"]) == ("gzip", 2)


@pytest.mark.parametrize("uuid", [UUID, UUID.replace("0", "1")])
async def test_a_bomb_is_refused_and_not_stored(server: LocalServer, anyone: httpx.AsyncClient, uuid: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await anyone.post(RECEIVE, params={"uuid": uuid}, content=gzip.compress(bytes(MOST + 1)), headers=headers)
    assert answer.status_code == 413
    assert await server.hub.store.events.since(0, 10) == []


async def test_a_compressed_multipart_body_is_refused_with_a_reason(anyone: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Encoding": "gzip"}
    answer = await anyone.post(RECEIVE, params={"uuid": UUID}, content=gzip.compress(b"--b--"), headers=headers)
    assert (answer.status_code, "Content-Encoding" in answer.json()["statusMessage"]) == (400, True)
