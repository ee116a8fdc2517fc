"""The first text of a uuid in the documented order names the webhook; everything else is payload."""

import pytest

from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.naming import canonical_uuid
from pfnb.hub.receiving.request import Limits, Received, RequestHead

A, B, C, D, E, F = (f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "abcdef")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def receive(tmp_path):
    def receive(
        body: bytes = b"", *, query: str = "", content_type: str = "", token: str | None = None, path: str = ""
    ) -> Received:
        headers = [("Content-Type", content_type)] if content_type else []
        headers += [("Token", token)] if token is not None else []
        request = Ingest(RequestHead("POST", query, tuple(headers), path=path), Limits(), tmp_path)
        request.feed(body)
        return request.finish()

    return receive


def multipart(**fields: str) -> bytes:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    return "".join([*parts, "--x--"]).encode()


@pytest.mark.parametrize(
    ("place", "arguments"),
    [
        ("path", {"path": f"/hook/{A}", "query": f"uuid={B}", "token": C}),
        ("path", {"path": f"/api/v3/command/webhook.receive/{A}/"}),
        ("query.uuid", {"token": B, "query": f"token={C}&uuid={A}"}),
        ("query.token", {"token": B, "query": f"token={A}"}),
        ("query.uuid", {"query": f"token=secret&uuid={A}"}),
        ("header.token", {"token": A, "content_type": FORM, "body": f"uuid={B}".encode()}),
        ("field.uuid", {"content_type": FORM, "body": f"token={B}&uuid={A}".encode()}),
        ("field.token", {"content_type": FORM, "body": f"uuid=1&token={A}".encode()}),
        ("field.uuid", {"content_type": "multipart/form-data; boundary=x", "body": multipart(token=B, uuid=A)}),
        ("json.uuid", {"content_type": "application/json", "body": f'{{"token": "{B}", "uuid": "{A}"}}'.encode()}),
        ("json.token", {"content_type": "text/plain", "body": f'\ufeff {{"uuid": [], "token": "{A}"}}'.encode()}),
        ("query.uuid", {"query": f"uuid={A}", "content_type": FORM, "body": f"uuid={B}".encode()}),
    ],
)
def test_first_place_in_order_names_the_webhook(receive, place, arguments):
    assert receive(**arguments).name == (A, place)


def test_all_names_are_found_in_order_each_place_by_its_first_uuid(receive):
    form = {"content_type": FORM, "body": f"token={F}&uuid={E}".encode()}
    names = receive(path=f"/hook/{A}", query=f"token={C}&uuid=x&uuid={B}&uuid={F}", token=D, **form).names
    assert [uuid for uuid, _ in names] == [A, B, C, D, E, F]

    json = {"content_type": "application/json", "body": f'{{"token": "{C}", "uuid": "{B}"}}'.encode()}
    assert [uuid for uuid, _ in receive(token=A, **json).names] == [A, B, C]


def test_only_what_names_it_is_left_out_of_the_event(receive):
    received = receive(query=f"a=1&uuid=x&uuid={A}&uuid={B}&token=t&wait=true")
    assert received.events_query() == ({"a": ["1"], "uuid": ["x", B], "token": ["t"]}, f"a=1&uuid=x&uuid={B}&token=t")
    assert receive(query=f"uuid={A}").events_query() == ({}, "")

    received = receive(f"uuid={A}&uuid={B}&b=2".encode(), content_type=FORM)
    assert received.events_fields() == {"uuid": [B], "b": ["2"]}

    assert receive(token=A).events_headers() == {}
    assert receive(token=A, path=f"/hook/{B}").events_headers() == {"token": A}
    assert receive(token="Bearer x").events_headers() == {"token": "Bearer x"}


@pytest.mark.parametrize("mark", ["?", "%3F", "%3f"])
def test_a_query_appended_to_an_address_that_has_one_is_read_as_query(receive, mark):
    received = receive(query=f"uuid={A}{mark}hub.mode=subscribe&b=%3F?")
    assert received.token == A
    assert received.events_query() == ({"hub.mode": ["subscribe"], "b": ["??"]}, "hub.mode=subscribe&b=%3F?")
    assert receive(query=f"x={A}?b=1").events_query() == ({"x": [f"{A}?b=1"]}, f"x={A}?b=1")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "hello",
        f"{{{A}}}",
        f"urn:uuid:{A}",
        f" {A}",
        f"{A}\n",
        f"{A}\x00",
        A.replace("-", ""),
        A[:-1],
        A[:-1] + "g",
        A[:-1] + "１",
        7,
        None,
        [A],
    ],
)
def test_whatever_is_not_the_text_of_a_uuid_names_nothing(value):
    assert canonical_uuid(value) is None


def test_upper_case_uuid_is_the_same_webhook(receive):
    assert receive(query=f"uuid={A.upper()}").token == A


def test_nothing_names_a_webhook(receive):
    received = receive(b'{"data": {"uuid": "%s"}}' % A.encode(), content_type="application/json", query=f"uuid[]={A}")
    assert (received.token, received.names) == (None, ())


def test_escaped_json_key_names_as_well(receive):
    body = b'{"\\u0075uid": "%s"}' % A.encode()
    assert receive(body, content_type="application/vnd.example+json").token == A


def test_json_over_its_limit_is_not_searched(tmp_path):
    request = Ingest(RequestHead("POST", "", (("Content-Type", "application/json"),)), Limits(json=50), tmp_path)
    request.feed(b'{"uuid": "%s", "padding": ""}' % A.encode())
    assert request.finish().token is None
