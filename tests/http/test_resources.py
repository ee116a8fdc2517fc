"""Static files of apps over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions

FILES = {
    "logo.svg": ("<svg/>", "image/svg+xml"),
    "page/start": ("<script>alert(1)</script>", "text/html;extension=html"),
    "plain.css": ("a {}", None),
    "data": ('{"n": 1}', "application/json"),
}


@pytest.fixture
async def server() -> AsyncIterator[LocalServer]:
    made = LocalServer(HubOptions(owner="ada"))
    await made.start()
    for name, (value, kind) in FILES.items():
        fields = {"value": value, **({} if kind is None else {"type": kind})}
        await made.hub.properties.put(f"global/app/shop/resource/{name}", fields, "ada", "update")
    await made.hub.properties.put("global/app/shop/data/secret", {"value": "no"}, "ada", "update")
    yield made
    await made.stop()


@pytest.fixture
async def http(server: LocalServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v3/resource", headers=headers, trust_env=False) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("shop/logo.svg", "image/svg+xml; charset=utf-8"),
        ("shop/page/start", "text/html; charset=utf-8"),
        ("shop/page/start.html", "text/html; charset=utf-8"),
        ("shop/plain.css", "text/css; charset=utf-8"),
        ("shop/data", "application/json; charset=utf-8"),
    ],
)
async def test_a_resource_comes_with_its_type_and_is_inert(http: httpx.AsyncClient, path: str, kind: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-forms; default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    name = path.removeprefix("shop/").removesuffix(".html")
    assert answer.text == FILES[name][0]


async def test_a_resource_is_found_by_its_uuid(server: LocalServer, http: httpx.AsyncClient) -> None:
    found = await server.hub.properties.get("global/app/shop/resource/logo.svg", "ada")
    assert (await http.get(f"/uuid:{found.uuid}")).text == "<svg/>"
    other = await server.hub.properties.get("global/app/shop/data/secret", "ada")
    assert (await http.get(f"/uuid:{other.uuid}")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["shop/none.png", "shop", "shop/", "shop/%2e%2e/data/secret", "shop/..%2fdata%2fsecret", "shop/*", "x/logo.svg"],
)
async def test_nothing_else_is_a_resource(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code in (400, 404)
    assert answer.json()["status"] == "error"


async def test_strangers_get_no_resources(server: LocalServer) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as stranger:
        assert (await stranger.get("api/v3/resource/shop/logo.svg")).status_code == 401
