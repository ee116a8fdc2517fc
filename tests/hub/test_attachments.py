"""Files attached to properties, in memory and in a database."""

from __future__ import annotations

import hashlib

import pytest

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.records.property import Attachment, Property

PATH = "global/app/demo/applicant"
LARGE = bytes(range(256)) * 20_000


async def attach(hub: Hub, data: bytes, name: str = "cv.pdf", **more: str) -> Attachment:
    content_id = hub.contents.put("ada", data)
    return await hub.attachments.put(PATH, name, content_id, more.get("content_type"), more.get("owner", "ada"))


@pytest.fixture
async def applicant(hub: Hub) -> Property:
    return (await hub.properties.put(PATH, {"value": "Ada"}, "ada", "update"))[1]


@pytest.mark.parametrize("data", [b"", b"small", LARGE])
async def test_an_attachments_bytes_come_back_whole_and_in_parts(hub: Hub, applicant: Property, data: bytes) -> None:
    made = await attach(hub, data, content_type="application/pdf")
    assert made.to_json() == {
        "name": "cv.pdf",
        "field": None,
        "contentType": "application/pdf",
        "contentLength": len(data),
        "contentEncoding": None,
        "checksum": f"sha-256={hashlib.sha256(data).hexdigest()}",
        "content": f"$uri:attachment:{made.id}",
        "created": made.created,
        "updated": None,
    }
    assert await hub.attachments.list(PATH, "ada") == [made]
    assert await hub.contents.read(made.id, "ada") == data
    assert await hub.contents.read(made.id, "ada", 2, 3) == data[2:5]


async def test_the_same_name_is_replaced_and_its_bytes_are_gone(hub: Hub, applicant: Property) -> None:
    first = await attach(hub, LARGE, content_type="image/png")
    second = await attach(hub, LARGE + b"!")
    assert (second.content_type, second.created) == ("image/png", first.created)
    assert second.updated is not None
    assert await hub.attachments.list(PATH, "ada") == [second]
    with pytest.raises(NotFoundError):
        await hub.contents.read(first.id, "ada")
    assert len(list(hub.settings.bodies.iterdir())) == 1


async def test_attachments_stay_with_their_property_until_it_goes(hub: Hub, applicant: Property) -> None:
    made = await attach(hub, LARGE)
    await hub.properties.put(PATH, {"value": "changed"}, "ada", "update")
    await hub.properties.move(PATH, "global/app/demo/moved", "ada")
    assert await hub.attachments.list("global/app/demo/moved", "ada") == [made]
    await hub.properties.copy("global/app/demo/moved", PATH, "ada")
    assert await hub.attachments.list(PATH, "ada") == []
    await hub.properties.delete("global/app/demo/moved", "ada")
    with pytest.raises(NotFoundError):
        await hub.contents.read(made.id, "ada")
    assert list(hub.settings.bodies.iterdir()) == []


async def test_an_attachment_can_be_deleted_alone(hub: Hub, applicant: Property) -> None:
    await attach(hub, LARGE)
    other = await attach(hub, b"small", "letter.txt")
    await hub.attachments.delete(PATH, "cv.pdf", "ada")
    assert await hub.attachments.list(PATH, "ada") == [other]
    assert list(hub.settings.bodies.iterdir()) == []
    with pytest.raises(NotFoundError, match=r"cv\.pdf"):
        await hub.attachments.delete(PATH, "cv.pdf", "ada")


async def test_what_cannot_be_attached_is_refused_and_leaves_nothing(hub: Hub, applicant: Property) -> None:
    for name in ("", "../x", "a\\b", "a\nb", "x" * 256):
        with pytest.raises(ParameterError, match="name"):
            await attach(hub, LARGE, name)
    with pytest.raises(NotFoundError, match="no content"):
        await hub.attachments.put(PATH, "x", "nothing", None, "ada")
    with pytest.raises(NotFoundError, match="no property"):
        await hub.attachments.put("global/other", "x", hub.contents.put("ada", LARGE), None, "ada")
    with pytest.raises(AccessDeniedError):
        await attach(hub, LARGE, owner="eve")
    assert list(hub.settings.bodies.iterdir()) == []


async def test_somebody_elses_attachment_cannot_be_read(hub: Hub, applicant: Property) -> None:
    made = await attach(hub, b"secret")
    with pytest.raises(NotFoundError):
        await hub.contents.read(made.id, "eve")
    with pytest.raises(AccessDeniedError):
        await hub.attachments.list(PATH, "eve")


async def test_large_attachments_outlive_the_hub(tmp_path) -> None:
    for again in (False, True):
        home = Home(HubOptions(tmp_path / "hub"))
        await home.open()
        if not again:
            await home.hub.properties.put(PATH, {}, "ada", "update")
            made = await attach(home.hub, LARGE)
        assert await home.hub.contents.read(made.id, "ada") == LARGE
        await home.close()
