"""`@instance`: the hub and the machine that a pipeline runs with."""

from __future__ import annotations

import os
import re
from importlib.metadata import version as installed
from typing import Any
from urllib.parse import urlsplit

from pfnb.functions.arguments import flat, plain_text
from pfnb.functions.context import refuse_anonymous
from pfnb.language.context import Context
from pfnb.language.function import function

SECRET_NAMES = ("AUTH", "BEARER", "CREDENTIAL", "KEY", "PASS", "SECRET", "SECURE", "SEED", "TOKEN", "PFNB_HUB")
"""What names of environment variables contain that may hold a secret."""

_PASSWORD = re.compile(r"://[^/\s@]*:[^/\s@]+@")


@function("instance.env")
def env(context: Context, name: str) -> str | None:
    """The value of an environment variable; null if there is none, or if its name or an address
    with a password in it tells of a secret.

    Example:
        @instance.env('HOME')
    """
    refuse_anonymous(context, "read environment variables")
    value = os.environ.get(name, "")
    is_secret = any(word in name.upper() for word in SECRET_NAMES) or _PASSWORD.search(value)
    return None if is_secret else os.environ.get(name)


@function("instance.url")
async def url(context: Context, service_name: str | None = None) -> str:  # noqa: ARG001 - the hub is all services in one
    """The hub's address, whatever the service: it is one for all.

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
    """The profiles this machine runs with, from `PFNB_PROFILES`, where commas separate them.

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
