"""A request's bytes are bounded, kept exactly, and leave nothing behind when they are refused."""

import errno
import os
from pathlib import Path

import pytest

from pfnb.exceptions import BusyError, PayloadTooLargeError, PfnbError, RequestError
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import Limits, Received, RequestHead

JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
MULTIPART = ("Content-Type", "multipart/form-data; boundary=cut")
SMALL = Limits(hard=1000, memory=100)


def ingest(
    spool: Path, *chunks: bytes, query: str = "", headers: tuple[tuple[str, str], ...] = (JSON,), limits: Limits = SMALL
) -> Received:
    request = Ingest(RequestHead("POST", query, headers), limits, spool)
    for chunk in chunks:
        request.feed(chunk)
    return request.finish()


def test_small_body_stays_in_memory(tmp_path):
    received = ingest(tmp_path, b'{"a":', b" 1}")
    assert (received.body.data, received.body.path, received.body.size) == (b'{"a": 1}', None, 8)
    assert list(tmp_path.iterdir()) == []


def test_request_without_a_body_has_an_empty_one(tmp_path):
    received = ingest(tmp_path, headers=())
    assert (received.body.data, received.content_type, received.fields, received.files) == (b"", "", {}, ())


def test_body_over_the_memory_limit_is_a_private_file_with_the_same_bytes(tmp_path):
    received = ingest(tmp_path, b"x" * 60, b"\x00\xff\r\n", b"y" * 60)
    assert received.body.data is None
    assert received.body.path is not None
    assert received.body.path.read_bytes() == b"x" * 60 + b"\x00\xff\r\n" + b"y" * 60
    assert received.body.size == 124
    assert received.body.path.parent == tmp_path
    assert received.body.path.stat().st_mode & 0o777 == 0o600


def test_discard_removes_the_file_before_and_after_the_end(tmp_path):
    request = Ingest(RequestHead("POST", "", ()), SMALL, tmp_path)
    request.feed(b"x" * 200)
    assert len(list(tmp_path.iterdir())) == 1
    request.discard()
    request.discard()
    assert list(tmp_path.iterdir()) == []

    request = Ingest(RequestHead("POST", "", ()), SMALL, tmp_path)
    request.feed(b"x" * 200)
    request.finish()
    request.discard()
    assert list(tmp_path.iterdir()) == []


def test_body_over_the_hard_limit_is_refused_while_it_arrives_and_leaves_nothing(tmp_path):
    request = Ingest(RequestHead("POST", "", (JSON,)), SMALL, tmp_path)
    request.feed(b"x" * 1000)
    with pytest.raises(PayloadTooLargeError):
        request.feed(b"x")
    assert list(tmp_path.iterdir()) == []


def test_declared_length_over_the_hard_limit_is_refused_before_any_byte(tmp_path):
    request = Ingest(RequestHead("POST", "", (JSON,)), SMALL, tmp_path)
    request.check_declared(None)
    request.check_declared(1000)
    with pytest.raises(PayloadTooLargeError, match=r"1,001 bytes: .*1,000 bytes\. .*--max-payload"):
        request.check_declared(1001)


def test_malformed_multipart_body_leaves_no_file(tmp_path):
    request = Ingest(RequestHead("POST", "", (MULTIPART,)), SMALL, tmp_path)
    request.feed(b"p" * 300)
    with pytest.raises(RequestError, match="closing delimiter"):
        request.finish()
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_the_hubs_trouble_and_leaves_no_file(tmp_path, monkeypatch):
    really_open = os.open
    monkeypatch.setattr(os, "open", lambda *_: really_open("/dev/full", os.O_RDWR))
    with pytest.raises(BusyError, match="No space left"):
        ingest(tmp_path, b"x" * 200)
    assert list(tmp_path.iterdir()) == []


def test_disk_that_fails_at_the_end_leaves_no_file(tmp_path, monkeypatch):
    def failing(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(BusyError, match="Input/output error"):
        ingest(tmp_path, b"x" * 200)
    assert list(tmp_path.iterdir()) == []


def test_missing_spool_folder_is_the_hubs_trouble(tmp_path):
    with pytest.raises(BusyError):
        ingest(tmp_path / "gone", b"x" * 200)


def test_header_names_are_lower_case_and_repeated_values_joined(tmp_path):
    received = ingest(tmp_path, headers=(("X-A", "1"), ("x-b", "é"), ("x-a", "2"), ("Token", "no uuid")))
    assert received.headers == {"x-a": "1, 2", "x-b": "é", "token": "no uuid"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&b=2&a=3", {"a": ["1", "3"], "b": ["2"]}),
        ("a=&b&=c", {"a": [""], "b": [""], "": ["c"]}),
        ("a=1+2%203&%C3%A4=%e2%82%ac", {"a": ["1 2 3"], "ä": ["€"]}),
        ("a=%ff&b=%zz&c=100%", {"a": ["ÿ"], "b": ["%zz"], "c": ["100%"]}),
        ("a[]=1&a;b=2&&", {"a[]": ["1"], "a;b": ["2"]}),
    ],
)
def test_query_keeps_order_empty_values_and_oddities(tmp_path, query, expected):
    assert ingest(tmp_path, query=query).query == expected


def test_query_is_bounded(tmp_path):
    with pytest.raises(RequestError, match="at most 65536"):
        ingest(tmp_path, query="a" * 70_000)
    with pytest.raises(RequestError, match="at most 2"):
        ingest(tmp_path, query="a&b&c", limits=Limits(fields=2))


def test_form_becomes_fields(tmp_path):
    received = ingest(tmp_path, b"name=Ada+L.&mail=a%40b.c&name=%ff\n", headers=(FORM,))
    assert received.fields == {"name": ["Ada L.", "ÿ"], "mail": ["a@b.c"]}


def test_form_over_the_memory_limit_becomes_fields_as_well(tmp_path):
    received = ingest(tmp_path, b"a=" + b"%C3%A4" * 100, headers=(FORM,))
    assert received.body.path is not None
    assert received.fields == {"a": ["ä" * 100]}


def test_form_longer_than_a_piece_is_unquoted_without_a_seam(tmp_path):
    received = ingest(tmp_path, b"a=" + b"%E2%82%ACx" * 20_000, headers=(FORM,), limits=Limits())
    assert received.fields == {"a": ["€x" * 20_000]}


def test_form_with_too_many_fields_is_kept_as_bytes(tmp_path):
    body = b"&".join([b"a=1"] * 4)
    received = ingest(tmp_path, body, headers=(FORM,), limits=Limits(fields=3, memory=100))
    assert (received.fields, received.body.data) == ({}, body)
    assert ingest(tmp_path, body, headers=(FORM,), limits=Limits(fields=4)).fields == {"a": ["1"] * 4}


def test_form_over_its_limit_is_kept_as_bytes(tmp_path):
    received = ingest(tmp_path, b"a=1&b=2", headers=(FORM,), limits=Limits(form=5))
    assert (received.fields, received.body.data) == ({}, b"a=1&b=2")


@pytest.mark.parametrize(
    "body", [b"[" * 50_000, b'{"uuid":' * 20_000, b'{"uuid":' + b"9" * 100_000 + b"}", b'{"uuid":"\\ud800"}']
)
def test_hostile_json_is_accepted_as_bytes(tmp_path, body):
    received = ingest(tmp_path, body, limits=Limits())
    assert (received.token, received.body.size) == (None, len(body))


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_only_our_errors_escape_a_body_that_is_cut_anywhere(tmp_path, cut):
    whole = b'--cut\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--cut--'
    with pytest.raises(PfnbError):
        ingest(tmp_path, whole[:cut], headers=(MULTIPART,))
