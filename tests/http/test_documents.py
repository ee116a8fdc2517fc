"""What the hub says of itself: a schema of pipelines for editors, an OpenAPI document for clients."""

from __future__ import annotations

import re

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from pfnb.commands import load
from pfnb.http.openapi import openapi
from pfnb.http.routes import token_routes
from pfnb.http.server import LocalServer
from pfnb.language import CommandRegistry
from pfnb.language.reading.parser import stands_alone
from tests.http.conftest import UUID
from tests.language.test_schema import Address

URL = "http://127.0.0.1:8899/pfnb"
DOCUMENTS = ["pipeline.schema.json", "openapi.json"]


async def test_the_hub_serves_the_schema_of_its_pipelines(owner: httpx.AsyncClient) -> None:
    schema = (await owner.get("/api/v3/pipeline.schema.json")).json()
    Draft202012Validator.check_schema(schema)
    assert "command:webhook.put" in schema["$defs"]


async def test_the_hub_serves_an_openapi_document_with_its_own_address(
    server: LocalServer, owner: httpx.AsyncClient
) -> None:
    document = (await owner.get("/api/v3/openapi.json")).json()
    validate(document)
    assert document["servers"] == [{"url": server.url}]


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_strangers_do_not_see_it(anyone: httpx.AsyncClient, name: str) -> None:
    assert (await anyone.get(f"/api/v3/{name}")).status_code == 401


def test_every_command_that_can_be_called_is_described() -> None:
    registry = load()
    paths = openapi(registry, URL)["paths"]
    described = {path.removeprefix("/api/v3/command/") for path in paths if path.startswith("/api/v3/command/")}
    receivers = {"webhook.receive", "webhook.receive/{uuid}"}
    assert described == {each.name for each in registry if stands_alone(each)} | receivers
    put = {each["name"]: each for each in paths["/api/v3/command/webhook.put"]["get"]["parameters"]}
    assert put["payloadType"]["description"]


def test_every_address_of_the_hub_is_described(server: LocalServer) -> None:
    paths = openapi(load(), URL)["paths"]
    for pattern, _, _ in token_routes(server.site, "token", "ada"):
        if pattern != "/api/v3/session":  # the kernels' own, no public interface
            assert any(re.fullmatch(pattern, path.replace("{uuid}", UUID)) for path in paths), pattern


def test_parameters_with_a_structure_of_their_own_are_described() -> None:
    registry = CommandRegistry()

    @registry.command("crm.put")
    def put(address: Address) -> None:
        """Keep an address."""

    document = openapi(registry, URL)
    validate(document)
    assert document["components"]["schemas"]["crm.put.Address"]["required"] == ["city"]


async def test_an_error_looks_as_described(owner: httpx.AsyncClient) -> None:
    refused = (await owner.get("/api/v3/command/webhook.gte")).json()
    schema = openapi(load(), URL)["components"]["schemas"]["Error"]
    assert list(Draft202012Validator(schema).iter_errors(refused)) == []
