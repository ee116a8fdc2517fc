"""Stored secrets in requests to other servers: they are read when the request is made, and never become values of the run."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands.headers import headers_of
from pfnb.exceptions import ParameterError, PfnbError
from pfnb.language.context import Context
from pfnb.language.formula import Formula

Secret = Annotated[
    str | None,
    Field(
        description="The name of a stored secret (`secret.put`) to send for authentication.",
        validation_alias="credentials",
        min_length=1,
    ),
]
_HOST = re.compile(r"\s*https?://[A-Za-z0-9.:\[\]-]+/", re.IGNORECASE)
"""Scheme and host at the beginning of an address, with the slash that ends them, before any expression."""
_ADDRESS = re.compile(r"\s*\$?uri:secret:(?P<name>\S+)\s*")


def basic(username: str, password: str) -> str:
    """The value of the header `Authorization` for basic authentication."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


async def headers_with(
    context: Context,
    headers: Any,
    *,
    username: str | None,
    password: str | None,
    bearer: str | None,
    secret: str | None,
) -> dict[str, str]:
    """The headers of a request, with its authentication. Raises ParameterError for two kinds of it, and NotFoundError for a
    secret that does not exist."""
    if secret is not None and (username, password, bearer) != (None, None, None):
        raise ParameterError("give a secret, a bearer token, or username and password: only one of them")
    if bearer is not None and (username is not None or password is not None):
        raise ParameterError("give a bearer token, or username and password, but not both")
    made = {name: await _revealed(context, "headers_", value) for name, value in headers_of(headers).items()}
    if secret is not None:
        _check_written(context, "secret")
        made.update(await _authentication(context, secret))
    elif bearer is not None:
        made["Authorization"] = f"Bearer {await _revealed(context, 'bearer', bearer)}"
    elif username is not None:
        made["Authorization"] = basic(username, await _revealed(context, "password", password or ""))
    return headers_of(made)  # once more: a secret may have a line break


@contextmanager
def hidden_in_errors(context: Context) -> Iterator[None]:
    """Hide the secrets of a run in errors that quote another server's answer."""
    try:
        yield
    except PfnbError as error:
        error.message = context.hidden.masked(error.message)
        raise


async def _authentication(context: Context, name: str) -> dict[str, str]:
    """The header that a stored secret stands for."""
    found = await context.hub.open_secret(name)
    kind, secret = found["format"], found["secret"].strip()
    context.hidden.add(secret)
    first, _, rest = secret.partition(":")
    if kind == "bearer":
        token = secret[7:].strip() if secret[:7].lower() == "bearer " else secret
        context.hidden.add(token)
        return {"Authorization": f"Bearer {token}"}
    if kind == "secret-text":
        raise ParameterError(
            f"the secret {name!r} is a text, not a way to log in: use it as `$uri:secret:{name}` in a header, "
            "or store it as bearer, header or username-password"
        )
    context.hidden.add(rest.strip())
    if kind == "header":
        return headers_of({first: rest})
    value = basic(first, rest)
    context.hidden.add(value.removeprefix("Basic "))
    return {"Authorization": value}


async def _revealed(context: Context, parameter: str, text: str) -> str:
    """The text, or the secret that it is the address of."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return text
    _check_written(context, parameter)
    opened = await context.hub.open_secret(found["name"])
    if opened["format"] != "secret-text":
        raise ParameterError(
            f"the secret {found['name']!r} has the format {opened['format']}: name it as `secret`; only a secret-text is a value"
        )
    context.hidden.add(opened["secret"])
    return opened["secret"]


def _check_written(context: Context, parameter: str) -> None:
    """A stranger's data must choose neither the secret nor the host that gets it."""
    url = context.arguments.get("url")
    if not context.says("url") and not (isinstance(url, Formula) and _HOST.match(url.text)):
        raise ParameterError(
            "a stored secret is sent only to a host that is written in the pipeline: begin url with it and a slash, such as "
            "https://api.example.org/#{vars.path}"
        )
    if not context.says(parameter):
        raise ParameterError(
            f"the name of a secret must be written in the pipeline: {parameter.rstrip('_')} has an expression, whose value "
            "could come from whoever sent the event"
        )
