"""Multipart bodies: what is a field, what is a file, and what is refused, however the bytes are cut into chunks."""

import hashlib

import pytest

from pfnb.exceptions import RequestError
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import Limits, Received, RequestHead

CHUNKS = (1, 3, 17, 100_000)


def read(
    body: bytes, *, content_type: str = "multipart/form-data; boundary=bb", chunk: int = 100_000, tmp_path
) -> Received:
    head = RequestHead("POST", "", (("Content-Type", content_type),))
    request = Ingest(head, Limits(parts=50, part_headers=10, part_header=2000), tmp_path)
    for start in range(0, len(body), chunk):
        request.feed(body[start : start + chunk])
    return request.finish()


def part(disposition: str, content: bytes, *headers: str) -> bytes:
    lines = "\r\n".join((f"Content-Disposition: {disposition}", *headers))
    return b"--bb\r\n" + lines.encode() + b"\r\n\r\n" + content + b"\r\n"


def names(body: bytes, tmp_path) -> list[tuple[str | None, str]]:
    return [(file.field, file.filename) for file in read(body + b"--bb--", tmp_path=tmp_path).files]


@pytest.mark.parametrize("chunk", CHUNKS)
def test_files_are_slices_of_the_stored_body(tmp_path, chunk):
    pdf, text = b"%PDF\r\n--b\r\n--bbx\r\n\r\r\n" + bytes(range(256)), b"a;b\r\n"
    body = (
        b"preamble\r\n"
        + part('form-data; name="doc"; filename="bill.pdf"', pdf, "Content-Type: application/pdf")
        + part('form-data; name="note"', "grüße".encode())
        + part('form-data; name="doc"; filename="list.csv"', text)
        + b"--bb--\r\nepilogue\r\n--bb\r\nnothing"
    )
    received = read(body, chunk=chunk, tmp_path=tmp_path)
    assert received.fields == {"note": ["grüße"]}
    assert [(f.field, f.filename, f.content_type) for f in received.files] == [
        ("doc", "bill.pdf", "application/pdf"),
        ("doc", "list.csv", "application/octet-stream"),
    ]
    assert received.body.data == body
    for file, content in zip(received.files, (pdf, text), strict=True):
        assert body[file.offset : file.offset + file.size] == content
        assert file.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no multipart at all",
        b"--bb",
        b"--bb\r\n",
        b"--bb\nX: y",
        b"--bbb\r\n\r\n--bb--",
        b"text--bb--",
        b"\n--bb--",
        b"--bb-\r\n",
        b"--bb\r\n--bb--",
        b"--bb\r\n\r\nno headers\r\n--bb--",
        b"--bb\r\nX-Other: 1\r\n\r\nno disposition\r\n--bb--",
        b"--bb\r\n continued: first\r\n\r\n\r\n--bb--",
        part("form-data", b"no name") + b"--bb--",
        part('form-data; name="a"', b"", "no colon") + b"--bb--",
        part('form-data; name="a"', b"", ": no name") + b"--bb--",
        part('form-data; name="a"', b"", "two words: 1") + b"--bb--",
        part('form-data; name="a"', b"", "ключ: 1") + b"--bb--",
        part('form-data; name="a\nb"', b"") + b"--bb--",
        part('form-data; name="a"; filename="a\rb"', b"") + b"--bb--",
        part('form-data; name="a"', b"").replace(b'"a"', b'"\xe4"') + b"--bb--",
        part('form-data; name="a"', b"not closed"),
        part('form-data; name="a"', b"not closed") + b"--bb-",
        part('form-data; name="a"', b"x\r\n--bb\ry") + b"--bb--",
        part('form-data; name="a"', b"x\r\n--bb\ny") + b"--bb--",
        part('form-data; name="a"', b"x\r\n--bb" + b" " * 300 + b"\r\ny") + b"--bb--",
    ],
)
def test_what_is_no_whole_multipart_body_is_refused(tmp_path, body, chunk):
    with pytest.raises(RequestError):
        read(body, chunk=chunk, tmp_path=tmp_path)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"--bb--", {}),
        (b"\r\n\r\n--bb--junk", {}),
        (b"--bx\r\nlost\r\n--bb--", {}),
        (part("form-data; name=plain", b"1") + part("form-data; name=plain", b"2") + b"--bb--", {"plain": ["1", "2"]}),
        (part('form-data;\r\n\tname="folded"', b"1") + b"--bb--", {"folded": ["1"]}),
        (b'--bb\r\nContent-Disposition : form-data; name="a"\r\n\r\n\r\n--bb--', {"a": [""]}),
        (b'--bb\r\nContent-Disposition: form-data; name="a"\r\n\r\n--bb--', {"a": [""]}),
        (part('form-data; name="a"', b"1").replace(b"--bb", b"--bb \t ") + b"--bb--", {"a": ["1"]}),
        (part('form-data; name="a"', b"x\r\n--bbc\r\n--bb-\r\n-") + b"--bb--", {"a": ["x\r\n--bbc\r\n--bb-\r\n-"]}),
        (part('form-data; name="a"', b"aGk=", "Content-Transfer-Encoding: base64") + b"--bb--", {"a": ["aGk="]}),
    ],
)
def test_what_two_good_parsers_accept_is_accepted(tmp_path, body, fields, chunk):
    assert read(body, chunk=chunk, tmp_path=tmp_path).fields == fields


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        (b"\xe4", ("Content-Type: text/plain; charset=iso-8859-1",), "ä"),
        ("ä".encode(), ("Content-Type: text/plain; charset=ascii",), "ä"),
        (b"\xe4", (), "ä"),
        (b"\xe4", ("Content-Type: text/plain; charset=klingon",), "ä"),
        (b"+AOQ-", ("Content-Type: text/plain; charset=utf-7",), "+AOQ-"),
    ],
)
def test_fields_are_in_their_charset_else_utf8_else_latin1(tmp_path, content, headers, expected):
    assert read(part('form-data; name="a"', content, *headers) + b"--bb--", tmp_path=tmp_path).fields == {
        "a": [expected]
    }


def test_charset_field_of_a_browser_form_helps_the_other_fields(tmp_path):
    body = part('form-data; name="_charset_"', b"windows-1252") + part('form-data; name="a"', b"\x80 5") + b"--bb--"
    assert read(body, tmp_path=tmp_path).fields == {"_charset_": ["windows-1252"], "a": ["€ 5"]}


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ('filename="a b;c.txt"', "a b;c.txt"),
        ('filename="say \\"hi\\".txt"', 'say "hi".txt'),
        ('filename="say %22hi%22.txt"', 'say "hi".txt'),
        ("filename=token.txt", "token.txt"),
        ('filename="été.txt"', "été.txt"),
        ('filename="one.txt"; filename="two.txt"', "two.txt"),
        ("filename*=UTF-8''%C3%A9t%C3%A9.txt", "été.txt"),
        ("filename=\"plain.txt\"; filename*=iso-8859-1'en'%e9t%e9.txt", "été.txt"),
        ('filename="plain.txt"; filename*=broken', "plain.txt"),
        ('filename="=?utf-8?B?w6l0w6kudHh0?="', "été.txt"),
        ('filename="=?iso-8859-1?Q?=E9t=E9_1?= =?utf-8?q?=2Etxt?="', "été 1.txt"),
        ('filename="=?utf-8?B?Li4vLi4vYQ==?="', "a"),
        ('filename="=?utf-8?B?w?="', "=?utf-8?B?w?="),
        ('filename="../../etc/shadow"', "shadow"),
        ('filename="C:\\Users\\ada\\cv.pdf"', "cv.pdf"),
        ('filename=".."', "__"),
        ('filename="folder/"', "_"),
        ('filename="a\x00b\x1f.txt"', "ab.txt"),
        ('filename=".profile"', ".profile"),
        ('filename="\u202etxt.exe"', "\u202etxt.exe"),
    ],
)
def test_file_names_are_understood_and_made_safe(tmp_path, parameter, expected):
    assert names(part(f'form-data; name="f"; {parameter}', b"x"), tmp_path) == [("f", expected)]


def test_every_part_with_a_file_name_is_a_file_whatever_its_field(tmp_path):
    body = part('form-data; name="uuid"; filename="u.txt"', b"1") + part('attachment; filename="b.txt"', b"2")
    assert names(body, tmp_path) == [("uuid", "u.txt"), (None, "b.txt")]


UNLABELLED = b'--bb\r\nContent-Type: application/json\r\n\r\n{"a": 1}\r\n'


def test_parts_that_all_have_only_a_type_are_files_without_a_name(tmp_path):
    files = read(UNLABELLED * 2 + b"--bb--", tmp_path=tmp_path).files
    assert [(file.field, file.filename, file.content_type, file.size) for file in files] == [
        (None, "", "application/json", 8)
    ] * 2


@pytest.mark.parametrize(
    "body", [UNLABELLED + part('form-data; name="a"', b"1"), part("attachment", b"1") + UNLABELLED]
)
def test_a_part_without_a_label_among_others_is_refused(tmp_path, body):
    with pytest.raises(RequestError, match="Content-Disposition"):
        read(body + b"--bb--", tmp_path=tmp_path)


def test_browsers_empty_file_input_is_no_file(tmp_path):
    empty = part('form-data; name="f"; filename=""', b"", "Content-Type: application/octet-stream")
    assert names(empty, tmp_path) == []
    assert names(part('form-data; name="f"; filename=""', b"content"), tmp_path) == [("f", "")]


def test_parts_and_their_headers_are_bounded(tmp_path):
    field = part('form-data; name="a"', b"")
    assert read(field * 50 + b"--bb--", tmp_path=tmp_path).fields == {"a": [""] * 50}
    for body in (
        field * 51 + b"--bb--",
        part('form-data; name="a"', b"", *["X-Y: z"] * 10) + b"--bb--",
        part('form-data; name="a"', b"", "X-Y: " + "z" * 2000) + b"--bb--",
        b"--bb\r\n" + b"X" * 2100,
    ):
        with pytest.raises(RequestError, match=r"more than|longer than"):
            read(body, tmp_path=tmp_path)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=bb; boundary=cc",
        f"multipart/form-data; boundary={'b' * 1025}",
        'multipart/form-data; boundary="b\x01b"',
        'multipart/form-data; boundary="bb "',
    ],
)
def test_request_without_one_usable_boundary_is_refused(tmp_path, content_type):
    with pytest.raises(RequestError, match="boundar"):
        read(b"--bb--", content_type=content_type, tmp_path=tmp_path)


@pytest.mark.parametrize(
    "content_type", ['Multipart/Form-Data; charset=x; BOUNDARY="b:b, (c)?"', "multipart/form-data;boundary=b'b"]
)
def test_unusual_boundaries_work(tmp_path, content_type):
    boundary = b"b:b, (c)?" if "(" in content_type else b"b'b"
    body = part("form-data; name=a", b"1").replace(b"bb", boundary) + b"--" + boundary + b"--"
    assert read(body, content_type=content_type, tmp_path=tmp_path).fields == {"a": ["1"]}


def test_other_multipart_types_are_bytes(tmp_path):
    received = read(b"anything", content_type="multipart/mixed; boundary=bb", tmp_path=tmp_path)
    assert (received.body.data, received.files) == (b"anything", ())


def test_a_field_too_long_to_be_held_is_kept_as_a_file(tmp_path):
    mail = b"x" * (Limits.fields_held + 1)
    body = part('form-data; name="email"', mail) + part('form-data; name="to"', b"ada@example.org") + b"--bb--"
    received = read(body, tmp_path=tmp_path)
    assert received.fields == {"to": ["ada@example.org"]}
    (file,) = received.files
    assert (file.field, file.filename, file.content_type, file.size) == ("email", "", "text/plain", len(mail))
    assert file.sha256 == hashlib.sha256(mail).hexdigest()
