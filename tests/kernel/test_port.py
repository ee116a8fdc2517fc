"""The hub's port over a session: a notebook's properties are the hub's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from pfnb.client.port import session_port
from pfnb.exceptions import NameTakenError, NotFoundError, ParameterError
from pfnb.http.protocol import KernelPort
from pfnb.http.server import LocalServer
from pfnb.http.session_calls import KernelCalls
from tests.hub.conftest import RecordingWorker


class Direct:
    """Calls without a wire between: what is asked for is what the hub's end of a session is asked for."""

    def __init__(self, server: LocalServer) -> None:
        self._calls = KernelCalls(server.site, RecordingWorker(), server.owner, "a.ipynb", since=None)

    async def call(self, method: str, arguments: Mapping[str, Any], data: bytes = b"") -> Any:
        return await self._calls.run(method, dict(arguments), data)


@pytest.fixture
async def port() -> AsyncIterator[KernelPort]:
    server = LocalServer()
    await server.start()
    yield session_port(Direct(server))
    await server.stop()


async def test_properties_are_put_found_copied_moved_and_deleted(port: KernelPort) -> None:
    done = await port.put_property("a/b", {"value": {"c": 1}, "tags": {"d": "e"}, "timeToLive": 5})
    assert (done["result"], done["property"]["value"]) == ("create", '{"c": 1}')
    assert await port.get_property("a/b") == done["property"]
    assert (await port.put_property("a/b", {"value": "x"}, exists="skip"))["result"] == "skip"
    assert (await port.copy_property("a/b", "a/c"))["path"] == "/pipeforce/default/a/c"
    with pytest.raises(NameTakenError):
        await port.move_property("a/b", "a/c")
    assert (await port.move_property("a/b", "a/d"))["uuid"] == done["property"]["uuid"]
    assert [found["path"] for found in await port.list_properties("a/*")] == [
        "/pipeforce/default/a/c", "/pipeforce/default/a/d",
    ]  # fmt: skip
    with pytest.raises(ParameterError, match="yes: true"):
        await port.delete_properties("**")
    assert len(await port.delete_properties("**", confirmed=True)) == 2
    with pytest.raises(NotFoundError):
        await port.get_property("a/b")


async def test_files_are_attached_listed_and_deleted(port: KernelPort) -> None:
    await port.put_property("a/b", {})
    content = await port.put_content(b"My life", name="cv.txt", content_type="text/plain")
    attached = await port.put_attachment("a/b", "cv.txt", content)
    assert (attached["contentType"], attached["checksum"]) == ("text/plain", content["checksum"])
    assert await port.list_attachments("a/b") == [attached]
    assert await port.read_content(attached["content"].removeprefix("$uri:attachment:")) == b"My life"
    await port.delete_attachment("a/b", "cv.txt")
    assert await port.list_attachments("a/b") == []


async def test_a_word_for_what_is_there_already_is_checked(port: KernelPort) -> None:
    with pytest.raises(ParameterError, match="put_property"):
        await port.put_property("a/b", {}, exists="rollback")  # type: ignore[arg-type]
