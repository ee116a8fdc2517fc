"""The language's port as sessions have it: which methods there are, for whom they are called, and how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.http.site import Site
from pfnb.hub.delivery import Outcome
from pfnb.hub.hub import Hub
from pfnb.language.checked import Checked
from pfnb.language.port import User
from pfnb.language.roles import check_run_as

Methods = dict[str, Callable[..., Awaitable[Any]]]
PORT = (
    "put_webhook",
    "get_webhooks",
    "delete_webhook",
    "rotate_webhook",
    "webhook_logs",
    "send_event",
    "iam",
    "read_pipeline",
    "event_mappings",
    "read_content",
    "put_content",
    "get_property",
    "list_properties",
    "put_property",
    "delete_properties",
    "copy_property",
    "move_property",
    "describe",
    "put_attachment",
    "list_attachments",
    "delete_attachment",
    "put_cached",
    "get_cached",
    "list_cached",
)
"""Calls that are the language's port: what a command may ask, for the user it runs as."""


class Ports:
    """What commands may ask of the hub, for each user that an owner's pipelines run as."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._users = site.hub.users
        self._made: dict[tuple[str, User], Methods] = {}

    def of(self, owner: str, name: str) -> Methods:
        """The methods by name. AccessDeniedError unless pipelines of the owner may run as this user."""
        user, behind = self._users.user(name), self._users.user(owner)
        if name != owner:
            check_run_as(behind, user)
        methods = self._made.get((owner, user))
        if methods is None:
            access = self._site.access(behind)
            access = access if name == owner else access.as_user(user)
            methods = {name: Checked(name, getattr(access, name)) for name in PORT if name != "iam"}
            methods["iam"] = lambda action, fields: access.iam(action, **fields)
            self._made[owner, user] = methods
        return methods


async def called(methods: Methods, name: str, arguments: dict[str, Any], data: bytes) -> Any:
    """Call by name; `data` is the content for a method that takes one. ParameterError for a name or arguments that there are
    not."""
    found = methods.get(name)
    if found is None:
        raise ParameterError(f"a session has no call {name!r}: it has {', '.join(methods)}")
    if name == "put_content":
        arguments = {**arguments, "data": data}
    return await found(**arguments)


async def finish_delivery(
    hub: Hub,
    delivery: int,
    lease: str,
    status: str,
    value: Any = None,
    response: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
    steps: list[dict[str, Any]] | None = None,
    skipped: bool = False,
) -> None:
    outcome = Outcome(status == "succeeded", value, response, error, tuple(steps or ()))
    await hub.dispatcher.finish(delivery, lease, outcome, skipped=skipped)
