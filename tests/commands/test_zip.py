"""Files packed and unpacked, and archives that mean harm."""

import io
import stat
import time
import zipfile

import pytest

from pfnb.commands.formats import zip as archives
from pfnb.exceptions import ParameterError, PayloadTooLargeError
from pfnb.language import ANONYMOUS
from pfnb.language.content import content_id_of
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

ZIP = "pipeline:\n  - zip:\n"
UNZIP = "pipeline:\n  - unzip:\n"


@pytest.fixture
def put(hub):
    async def put(data, name="a.bin"):
        return await hub.put_content(data, name=name, content_type="application/octet-stream")

    return put


@pytest.fixture
def read(hub):
    async def read(reference):
        return await hub.read_content(content_id_of(reference))

    return read


def archive(*entries, method=zipfile.ZIP_DEFLATED, **attributes):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, data in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            for attribute, value in attributes.items():
                setattr(entry, attribute, value)
            made.writestr(entry, data)
    return buffer.getvalue()


async def names(body, read):
    with zipfile.ZipFile(io.BytesIO(await read(body))) as made:
        return {name: made.read(name) for name in made.namelist()}


async def test_one_file_gives_the_archive_its_name(run, put, read):
    body = (await run(ZIP, body=await put(b"abc", "a.txt"), user=ANONYMOUS)).body
    assert (body["name"], body["contentType"]) == ("a.txt.zip", "application/zip")
    assert await names(body, read) == {"a.txt": b"abc"}


async def test_a_collection_is_packed_with_all_its_files(run, put, read):
    children = [await put(b"1", "a.txt"), await put(b"2", "a.txt"), await put(b"3", "A.txt"), await put(b"", "b")]
    body = (await run(ZIP, body={"path": "/", "children": children, "fields": {}})).body
    assert body["name"].endswith(".zip")
    assert await names(body, read) == {"a.txt": b"1", "a (2).txt": b"2", "A (3).txt": b"3", "b": b""}


@pytest.mark.parametrize("body", ["", "#{7*7}"])
async def test_a_text_is_a_file_too(run, read, body):
    packed = (await run("pipeline:\n  - zip: {name: x.zip, level: 9}\n", body=body)).body
    assert packed["name"] == "x.zip"
    assert await names(packed, read) == {"text.txt": body.encode()}


@pytest.mark.parametrize(
    ("name", "packed"),
    [("../../etc/passwd", ".._.._etc_passwd"), ("C:\\x", "C__x"), ("..", "file"), ("", "file"), ("ü b.txt", "ü b.txt")],
)
async def test_names_of_strangers_are_no_paths_in_it(run, put, read, name, packed):
    assert list(await names((await run(ZIP, body=[await put(b"1", name)])).body, read)) == [packed]


@pytest.mark.parametrize("body", [None, 5, {"a": 1}, [], {"path": "/", "children": []}, [{"children": []}]])
async def test_there_must_be_files(run, body):
    with pytest.raises(ParameterError, match="zip needs files in the body"):
        await run(ZIP, body=body)


async def test_an_archive_takes_only_so_much(run, put, monkeypatch):
    monkeypatch.setattr("pfnb.commands.zip.MAX_SIZE", 5)
    with pytest.raises(PayloadTooLargeError, match="more than 5 bytes"):
        await run(ZIP, body=[await put(b"123"), await put(b"456")])


async def test_every_file_is_taken_out(run, put, read):
    data = archive(("a.txt", b"one"), ("b/", b""), ("b/c.json", b"{}"), ("d", b"#{7*7}"))
    body = (await run(UNZIP, body=await put(data), user=ANONYMOUS)).body
    assert body["path"] == "/"
    assert [(child["name"], child["contentType"]) for child in body["children"]] == [
        ("a.txt", "text/plain"),
        ("b/c.json", "application/json"),
        ("d", "application/octet-stream"),
    ]
    assert [await read(child) for child in body["children"]] == [b"one", b"{}", b"#{7*7}"]


async def test_a_text_comes_back_as_it_went(run):
    text = "pipeline:\n  - zip:\n  - unzip:\n  - transform.csv.json: {input: '#{body.children[0]}'}\n"
    assert (await run(text, body="a\nb")).body["rows"] == [["b"]]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x", "leads out of the archive"),
        ("a/../../x", "leads out of the archive"),
        ("/etc/passwd", "leads out of the archive"),
        ("..\\x", "leads out of the archive"),
        ("C:/x", "leads out of the archive"),
    ],
)
async def test_a_way_out_is_refused(run, put, name, words):
    with pytest.raises(ParameterError, match=words):
        await run(UNZIP, body=await put(archive(("ok.txt", b""), (name, b""))))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (archive(("link", b"/etc/passwd"), external_attr=(stat.S_IFLNK | 0o777) << 16), "'link' is a link"),
        (archive(("a", b"x" * 99), method=zipfile.ZIP_LZMA), "compressed in an unusual way"),
        (archive(("a", b"\x00" * 2_000_000)), "grows to more than 200 times its size"),
        (archive(("a", b"abc"))[:-10], "not a readable zip archive"),
        (archive(("a", b"abc" * 100)).replace(b"PK\x03\x04", b"PK\x03\x05", 1), "not a readable zip archive"),
        (b"hello", "not a readable zip archive"),
    ],
)
async def test_what_means_harm_or_is_broken_is_refused(run, put, data, words):
    with pytest.raises(ParameterError, match=words):
        await run(UNZIP, body=await put(data))


async def test_too_many_entries_are_refused(run, put):
    with pytest.raises(PayloadTooLargeError, match="2,000 entries"):
        await run(UNZIP, body=await put(archive(*((str(n), b"") for n in range(2_000)))))


async def test_a_bomb_is_refused_before_it_is_unpacked(run, put):
    bomb = archive(*((str(n), b"\x00" * 1_000_000) for n in range(40)))
    began = time.monotonic()
    with pytest.raises(PayloadTooLargeError, match="unpacked"):
        await run(UNZIP, body=await put(bomb))
    assert time.monotonic() - began < 2


def test_an_entry_that_lies_about_its_size_gives_no_more_than_it_says():
    data = archive(("a", b"x" * 50_000))
    lying = data.replace((50_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(ParameterError, match="not a readable zip archive"):
        archives.unpack(lying)


@pytest.mark.parametrize("body", [None, "PK", {"children": []}])
async def test_only_files_are_unpacked(run, body):
    with pytest.raises(ParameterError, match="unzip needs a file in the body"):
        await run(UNZIP, body=body)
