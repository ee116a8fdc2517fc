"""`drive.*`: files of a user, and their addresses."""

import pytest

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError, PelEvaluationError
from pfnb.hub.access import HubAccess
from pfnb.language import ANONYMOUS, User
from pfnb.language.roles import EVERYTHING
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

BOB = User("bob", EVERYTHING)


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


async def content(hub, body):
    return await hub.read_content(body["content"].removeprefix("$uri:attachment:"))


@pytest.mark.parametrize(
    ("value", "name", "data"),
    [
        ("Grüße", "a.txt", "Grüße".encode()),
        ({"a": ["ü", 1]}, "a.json", '{"a": ["ü", 1]}'.encode()),
        ([1, None], "a.json", b"[1, null]"),
        (b"\x00\xff", "a.bin", b"\x00\xff"),
        ("\udc80", "a.txt", b"\xed\xb2\x80"),
        ({"a": "\udc80"}, "a.json", b'{"a": "\\udc80"}'),
        (False, "a.json", b"false"),
        ("", "a.txt", b""),
    ],
)
async def test_a_value_is_saved_and_read_as_a_file(run, hub, value, name, data):
    saved = await run(steps(f"drive.save: {{path: {name}}}"), body=value)
    assert saved.body == value
    reference = (await run(steps(f"drive.read: {name}"))).body
    assert (reference["name"], await content(hub, reference)) == (name, data)


async def test_a_file_keeps_its_bytes_and_gives_its_name(run, hub):
    file = await hub.put_content(b"\x89PNG", name="logo.png", content_type="image/png")
    await run(steps("drive.save: {}"), body=file)
    reference = (await run(steps("drive.read: logo.png"))).body
    assert (reference["contentType"], reference["checksum"]) == ("image/png", file["checksum"])


async def test_a_collection_is_saved_as_a_folder_and_read_as_one(run, hub):
    files = [
        await hub.put_content(name.encode(), name=name, content_type="text/plain") for name in ("a.txt", "sub/b.txt")
    ]
    for number, body in enumerate(({"path": "/", "children": files}, files)):
        await run(steps(f"drive.save: {{path: folder{number}}}"), body=body)
        read = (await run(steps(f"drive.read: folder{number}/"))).body
        assert [one["name"] for one in read["children"]] == ["a.txt", "sub/b.txt"]
        assert [await content(hub, one) for one in read["children"]] == [b"a.txt", b"sub/b.txt"]
    assert (await run(steps("drive.save: {path: none}"), body={"path": "/", "children": []})).body["children"] == []
    assert not await hub.has_file("none")


async def test_reading_can_add_to_the_files_in_the_body(run, hub):
    first = await hub.put_content(b"1", name="1.txt", content_type="text/plain")
    await hub.write_file("2.txt", b"2")
    for body, names in (
        (first, ["1.txt", "2.txt"]),
        ({"path": "/", "children": [first]}, ["1.txt", "2.txt"]),
        (None, ["2.txt"]),
    ):
        read = (await run(steps("drive.read: {path: 2.txt, append: true}"), body=body)).body
        assert [one["name"] for one in read["children"]] == names
    with pytest.raises(ParameterError, match="append needs a file"):
        await run(steps("drive.read: {path: 2.txt, append: true}"), body="text")


async def test_what_was_read_stays_when_the_file_changes(run, hub):
    await hub.write_file("a.txt", b"before")
    reference = (await run(steps("drive.read: a.txt"))).body
    await hub.write_file("a.txt", b"after")
    assert await content(hub, reference) == b"before"


async def test_the_body_is_emptied_if_asked(run):
    assert (await run(steps("drive.save: {path: a, cleanupBody: true}"), body="x")).body is None


@pytest.mark.parametrize(
    ("step", "error", "says"),
    [
        ("drive.save: {}", ParameterError, "needs a path"),
        ("drive.save: {path: a, namingStrategy: uuid}", ParameterError, "compute the name in path"),
        ("drive.save: {path: ../a}", ParameterError, "path in the drive"),
        ("drive.read: {}", ParameterError, 'needs the parameter "path"'),
        ("drive.read: {path: missing.txt}", NotFoundError, r"no missing\.txt in the drive"),
        ("drive.list: {path: missing}", NotFoundError, "no missing in the drive"),
        ("drive.list: {type: link}", ParameterError, "type"),
        ("drive.move: {path: a}", ParameterError, 'needs the parameter "to"'),
        ("drive.copy: {path: a, to: b}", NotFoundError, "no a in the drive"),
    ],
)
async def test_what_cannot_be_done_is_told(run, step, error, says):
    with pytest.raises(error, match=says):
        await run(steps(step), body="text")


async def test_nothing_is_no_file(run):
    with pytest.raises(ParameterError, match="nothing in the body"):
        await run(steps("drive.save: {path: a}"))


async def test_a_forged_reference_is_only_text(run, hub):
    forged = {"name": "x", "content": "$uri:attachment:0123"}
    await run(steps("drive.save: {path: a.json}"), body=forged)
    assert b"$uri:attachment:0123" in await content(hub, await hub.read_files("a.json"))


async def test_a_saved_value_has_no_codes_that_make_references_genuine(run, hub):
    file = await hub.put_content(b"1", name="1.txt", content_type="text/plain")
    await run(steps("drive.save: {path: a.json}"), body={"deep": [file], "text": file["content"]})
    assert b"hmac" not in await content(hub, await hub.read_files("a.json"))


async def test_a_collection_cannot_leave_its_folder(run, hub):
    file = await hub.put_content(b"1", name="../../bob/a.txt", content_type="text/plain")
    with pytest.raises(ParameterError, match="path in the drive"):
        await run(steps("drive.save: {path: folder}"), body=[file])


@pytest.mark.parametrize(
    "step", ["drive.read: a.txt", "drive.save: {path: a.txt}", "drive.list: {}", "drive.delete: a.txt"]
)
async def test_strangers_have_no_drive(run, hub, step):
    await hub.write_file("a.txt", b"hello")
    with pytest.raises(AccessDeniedError):
        await run(steps(step), body="x", user=ANONYMOUS, owner=BOB)
    with pytest.raises(PelEvaluationError, match="may not read files"):
        await run(steps("body.set: '$uri:drive:a.txt'"), user=ANONYMOUS, owner=BOB)


async def test_an_address_leads_to_a_file_or_a_folder(run, hub):
    await hub.write_file("letters/a.txt", b"hello")
    for address in ("$uri:drive:/letters/a.txt", "$uri:drive:letters/#{vars.name}.txt", "$uri:drive:#{vars.path}"):
        text = f"vars: {{name: a, path: letters/a.txt}}\n{steps(f'body.set: {address!r}')}"
        assert await content(hub, (await run(text)).body) == b"hello"
    assert len((await run(steps("resolve: $uri:drive:letters"))).body["children"]) == 1


async def test_a_computed_rest_of_an_address_cannot_become_another_address(run, hub):
    await hub.write_file("a.txt", b"hello")
    for rest in ("../bob/a.txt", "missing", "a.txt#1+1", ""):
        with pytest.raises(PelEvaluationError, match=r"drive|is not an address"):
            await run(steps("body.set: '$uri:drive:#{body}'"), body=rest)
    with pytest.raises(PelEvaluationError, match="never evaluated"):
        await run(steps("body.set: '$uri:property:#{body}'"), body="global/app/demo/a#1 + 1")


async def test_an_address_in_the_middle_of_a_text_stays_text(run):
    body = (await run(steps("body.set: 'see $uri:drive:#{body}'"), body="a.txt")).body
    assert body == "see $uri:drive:a.txt"


async def test_users_share_no_files(run, hub):
    await hub.write_file("a.txt", b"hello")
    home = hub._hub
    ada = home.users.user("ada")
    await home.users.create("bob", ada, password=None, roles=[])
    bob = HubAccess(home, home.users.user("bob"), "http://127.0.0.1")
    assert await bob.list_files("/") == []
    await bob.write_file("b.txt", b"bob's")
    await home.users.delete("bob", data="handover", to="ada")
    assert [row["path"] for row in await hub.list_files("/", recursive=True, kind="file")] == ["a.txt", "bob/b.txt"]
