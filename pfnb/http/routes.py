"""Maps the hub's addresses to handlers, for both servers: Jupyter's and our own."""

from __future__ import annotations

import re
from typing import Any

from tornado.web import RequestHandler

from pfnb.http.commands import CommandHandler, PipelineHandler, PropertyHandler, StoredPipelineHandler
from pfnb.http.documents import OpenApiHandler, PipelineSchemaHandler
from pfnb.http.door import Door, TokenDoor
from pfnb.http.handler import HubHandler
from pfnb.http.health import HealthHandler
from pfnb.http.openapi import COMMAND, HEALTH, OPENAPI, PIPELINE, PIPELINE_SCHEMA, PROPERTY, RESOURCE, RESULT
from pfnb.http.proof import PROOF, ProofHandler
from pfnb.http.receiver import ReceiverHandler
from pfnb.http.resources import ResourceHandler
from pfnb.http.results import ResultHandler
from pfnb.http.session import SessionHandler
from pfnb.http.site import Site
from pfnb.http.vouch import Vouching
from pfnb.hub.receiving.naming import GATEWAY, HOOK, UUID
from pfnb.hub.records.webhook import RECEIVE

Route = tuple[str, type[RequestHandler], dict[str, Any]]


def receiving_routes(site: Site) -> list[Route]:
    """What senders need, and nothing that takes a token. Patterns are relative to the hub's address."""
    return [
        (rf"{re.escape(RECEIVE)}(?:/{UUID})?/?", ReceiverHandler, {"site": site}),
        (f"{HOOK}/{UUID}/?", ReceiverHandler, {"site": site}),
        (f"{GATEWAY}/.+", ReceiverHandler, {"site": site}),
        (re.escape(RESULT), ResultHandler, {"site": site}),
        (HEALTH, HealthHandler, {"site": site}),
    ]


def anonymous_routes(site: Site) -> list[Route]:
    """Handlers that need no login, or check a token of their own."""
    return [*receiving_routes(site), (r"/api/v3/session", SessionHandler, {"site": site})]


def owned_routes(site: Site, door: type[Door], settings: dict[str, Any]) -> list[Route]:
    """Handlers that authenticate through the door. `settings` are the door's."""
    return [
        (f"{COMMAND}/([^/]+)", behind(door, CommandHandler), {"site": site, **settings}),
        (PIPELINE, behind(door, PipelineHandler), {"site": site, **settings}),
        (f"{PIPELINE}:(.+)", behind(door, StoredPipelineHandler), {"site": site, **settings}),
        (f"{RESOURCE}/(.+)", behind(door, ResourceHandler), {"site": site, **settings}),
        (f"{PROPERTY}:(.+)", behind(door, PropertyHandler), {"site": site, **settings}),
        (re.escape(PIPELINE_SCHEMA), behind(door, PipelineSchemaHandler), {"site": site, **settings}),
        (re.escape(OPENAPI), behind(door, OpenApiHandler), {"site": site, **settings}),
    ]


def behind(door: type[Door], handler: type[HubHandler]) -> type[HubHandler]:
    """The handler as a class that inherits authentication from this door."""
    return type(handler.__name__, (handler, door), {})


def token_routes(site: Site, token: str, owner: str) -> list[Route]:
    """All routes of a hub whose owner has one token."""
    return anonymous_routes(site) + owned_routes(site, TokenDoor, {"token": token, "owner": owner})


def proof_route(site: Site, vouching: Vouching) -> Route:
    """For other servers of the hub's user; not a public interface."""
    return re.escape(PROOF), ProofHandler, {"site": site, "vouching": vouching}
