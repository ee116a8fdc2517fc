from __future__ import annotations

from typing import Any

import pytest

from pfnb.exceptions import ParameterError
from pfnb.language.content import CodesInPieces
from pfnb.language.response import Response, with_headers


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"X-A": "a\r\nSet-Cookie: b=1"}, "line breaks"),
        ({"X-A": "a\x7f"}, "control characters"),
        ({"X A": 1}, "cannot be the name"),
        ({5: 1}, "cannot be the name"),
        ({"X-A": "Grüße"}, "beyond ASCII"),
        ({"content-length": 5}, "content-length is set by the server"),
        ({"Transfer-Encoding": "chunked"}, "set by the server"),
        ({"Keep-Alive": "timeout=1"}, "set by the server"),
        ({"Proxy-Connection": "close"}, "set by the server"),
        ({"Clear-Site-Data": "*"}, "set by the server"),
        ({"Service-Worker-Allowed": "/"}, "set by the server"),
        ({"Content-Security-Policy": "default-src *"}, "set by the server"),
        ({"X-Content-Type-Options": ""}, "set by the server"),
        ({"X-Accel-Redirect": "/etc/passwd"}, "set by the server"),
        ({"X-Sendfile": "/etc/passwd"}, "set by the server"),
        ({"Content-Type": "Multipart/x-mixed-replace; boundary=b"}, "cannot be multipart/x-mixed-replace"),
        ({"X-A": "a" * 20_000}, "16,384"),
        ("X-A: 1", "must be a map"),
        ({"Content-Type": ["image/png", "text/html"]}, "only once"),
        ({"Location": ""}, "without spaces"),
        ({"Location": "https://example.org/a b"}, "without spaces"),
        ({"Location": "JavaScript:alert(1)"}, "no client follows"),
    ],
)
def test_a_header_that_cannot_be_sent_is_an_error(headers: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        Response(headers=headers)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a", "begin with a name"),
        ("=1", "begin with a name"),
        ("a b=1", "begin with a name"),
        ("a=1, b=2", "begin with a name"),
        ("a=ü", "beyond ASCII"),
        ("a=1; Path=/", "Path: it is always for the address of its webhook"),
        ("a=1; Domain=example.org", "Domain: it is always"),
        ("a=1; Domain", "Domain: it is always"),
        ("a=1; SECURE; dOmAiN =x", "Domain: it is always"),
        ("a=1; Nonsense", "Nonsense"),
        ("__Host-a=1; Secure", "without __Host-"),
        ("__Secure-a=1", "needs Secure"),
        ("a=1; SameSite=None", "needs Secure"),
        ("a=1; Partitioned", "needs Secure"),
    ],
)
def test_a_cookie_that_browsers_drop_or_that_is_for_other_addresses_is_an_error(line: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        Response(headers={"set-cookie": line})


@pytest.mark.parametrize("status", [99, 100, 101, 199, 600, True, "200", None])
def test_a_status_that_is_no_final_one_is_an_error(status: Any) -> None:
    with pytest.raises(ParameterError, match="from 200 to 599"):
        Response(status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_needs_to_say_where_to(status: int) -> None:
    with pytest.raises(ParameterError, match="needs the header Location"):
        Response(status)
    assert Response(status, headers={"location": "/thanks"}).headers == {"Location": "/thanks"}


def test_an_address_with_other_letters_is_percent_encoded() -> None:
    assert (
        Response(302, headers={"Location": "/grüße?a=%20&b=[1]#c"}).headers["Location"]
        == "/gr%C3%BC%C3%9Fe?a=%20&b=[1]#c"
    )


def test_cookies_get_safe_attributes_unless_they_say_otherwise() -> None:
    cookies = {
        "a": "1",
        "b": {"value": 2, "maxAge": 60, "secure": True, "httpOnly": False, "same_site": "None"},
        "gone": None,
    }
    assert Response(cookies=cookies).headers == {
        "Set-Cookie": [
            "a=1; HttpOnly; SameSite=Lax",
            "b=2; SameSite=None; Max-Age=60; Secure",
            "gone=; HttpOnly; SameSite=Lax; Max-Age=0",
        ]
    }
    with pytest.raises(ParameterError, match="'path'"):
        Response(cookies={"a": {"value": "1", "path": "/"}})
    with pytest.raises(ParameterError, match="encode it first"):
        Response(cookies={"a": "1; Domain=example.org"})


def test_a_later_cookie_replaces_one_of_the_same_name_only() -> None:
    before = Response(headers={"Set-Cookie": ["a=1", "b=1"], "X-A": "1"}).headers
    after = with_headers(before, Response(headers={"set-cookie": "b=2", "x-a": "2"}).headers)
    assert after == {"Set-Cookie": ["a=1", "b=2"], "X-A": "2"}


@pytest.mark.parametrize("size", [1, 7, 48, 49, 50, 1000])
def test_codes_of_references_are_useless_however_the_bytes_are_cut(size: int) -> None:
    code = b".hmac-" + b"A" * 43
    data = b"x" * 40 + b"$uri:attachment:abc" + code + code + b" .hmac-short " + b"y" * 60 + code
    codes, made = CodesInPieces(), b""
    for at in range(0, len(data), size):
        made += codes.without(data[at : at + size], is_last=at + size >= len(data))
    assert made == data.replace(code, b".hmac_" + b"A" * 43)
