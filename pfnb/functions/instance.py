"""`@instance`: the hub and the machine that a pipeline runs with."""

from __future__ import annotations

import os
import re
from importlib.metadata import version as installed
from typing import Any
from urllib.parse import urlsplit

from pfnb.environment import is_secret
from pfnb.exceptions import AccessDeniedError
from pfnb.functions import function
from pfnb.functions.arguments import flat, plain_text
from pfnb.functions.context import refuse_anonymous
from pfnb.language.context import Context
from pfnb.language.roles import RUN, grants

ALLOWED = "PFNB_INSTANCE_ENV"
"""The environment variable that lists the variables pipelines may read."""
ROLE = f"{RUN}instance.env"

_PASSWORD = re.compile(r"://[^/\s@]*:[^/\s@]+@")


@function("instance.env")
def env(context: Context, name: str) -> str | None:
    """The value of an environment variable that `PFNB_INSTANCE_ENV` names; null for any other, and for secrets: by their name,
    or addresses with a password. Needs the role `CAN_PIPE_instance.env`.

    Example:
        @instance.env('REGION')
    """
    refuse_anonymous(context, "read environment variables")
    if not grants(context.user.roles, ROLE):
        raise AccessDeniedError(f"{context.user.name} may not read environment variables: this needs the role {ROLE}")
    if name not in os.environ.get(ALLOWED, "").replace(",", " ").split():
        context.log("WARN", f"@instance.env: {ALLOWED} does not name the variable {name[:100]!r}")
        return None
    value = os.environ.get(name)
    return None if value is None or is_secret(name) or _PASSWORD.search(value) else value


@function("instance.url")
async def url(context: Context, service_name: str | None = None) -> str:  # noqa: ARG001 - the hub is all services in one
    """The hub's address, the same for every service.

    Example:
        @instance.url()
    """
    return plain_text((await context.hub.describe())["url"])


@function("instance.domain")
async def domain(context: Context) -> str:
    """The name of the machine in the hub's address.

    Example:
        @instance.domain()
    """
    return urlsplit(await url(context)).hostname or ""


@function("instance.namespace")
async def namespace(context: Context) -> str:
    """The hub's namespace, which its events carry.

    Example:
        @instance.namespace() == 'default'
    """
    return plain_text((await context.hub.describe())["namespace"])


@function("instance.uptime")
async def uptime(context: Context) -> Any:
    """When the hub was started, in milliseconds since 1970.

    Example:
        @instance.uptime()
    """
    return (await context.hub.describe())["started"]


@function("instance.profiles")
def profiles() -> list[str]:
    """The profiles of this machine, from `PFNB_PROFILES`, separated by commas.

    Example:
        @instance.profiles().contains('test')  # => false
    """
    return [word.strip() for word in os.environ.get("PFNB_PROFILES", "").split(",") if word.strip()]


@function("instance.hasProfile")
def has_profile(*profiles_: Any) -> bool:
    """Whether this machine runs with one of the profiles, given as a list or separated by commas.

    Example:
        @instance.hasProfile('qa, test')  # => false
    """
    wanted = {word.strip() for each in flat(profiles_) for word in plain_text(each).split(",")}
    return not wanted.isdisjoint(profiles())


@function("instance.stage")
def stage() -> str:
    """The stage of this machine, such as `dev`, `qa` or `prod`, from `PFNB_STAGE`; else `local`.

    Example:
        @instance.stage()
    """
    return os.environ.get("PFNB_STAGE") or "local"


@function("instance.edition")
def edition() -> str:
    """What runs here: `pfnb`.

    Example:
        @instance.edition()  # => "pfnb"
    """
    return "pfnb"


@function("instance.build")
@function("instance.version")
def version() -> str:
    """The version of pfnb.

    Example:
        @text.isEmpty(@instance.version())  # => false
    """
    return installed("pfnb")


@function("instance.tag")
def tag() -> str:
    """What runs here, and its version.

    Example:
        @text.startsWith(@instance.tag(), 'pfnb:')  # => true
    """
    return f"{edition()}:{version()}"
