"""`@resolve`: the targets of PIPEFORCE's own addresses."""

from __future__ import annotations

import re
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.functions import content, function, registry
from pfnb.functions.context import refuse_anonymous
from pfnb.functions.iam import user_of
from pfnb.functions.property import NOT_COMPUTED
from pfnb.functions.property import get as get_property
from pfnb.language.context import Context
from pfnb.language.pel import evaluate
from pfnb.language.pel.literal_text import LiteralText
from pfnb.language.reading.reference import PipelineReference

_URI = re.compile(r"\$?uri:(?P<scheme>\w+):(?P<rest>.+)", re.DOTALL)
_FILTERED = re.compile(r"(?P<path>[^@#]+)(?P<mark>[@#])(?P<expression>.+)", re.DOTALL)


@function("resolve.uri")
async def uri(context: Context, uri: str | LiteralText) -> Any:
    """The target of an address: `$uri:property:PATH` is a property, `…@EXPRESSION` an expression's result over it and
    `…#EXPRESSION` over its value, `$uri:user:NAME` a user, also by `uuid=ID` or `email=ADDRESS`, `$uri:drive:PATH` a file of the
    drive, or all files of a folder, `$uri:attachment:ID` content; `$uri:pipeline:PATH` runs that pipeline and `$uri:command:…`
    the commands written there, and both return the body.

    Commands and expressions must be quoted literals: a computed text may only be the address of a property, a user, a file,
    content or a stored pipeline.

    Example:
        @resolve.uri('$uri:property:global/app/demo/config/app#emails.size()')
    """
    found = _URI.fullmatch(uri.strip())
    if found is None:
        raise ParameterError(f'"{uri[:60]}" is not an address such as $uri:property:global/app/demo/config/app')
    scheme, rest, is_literal = found["scheme"], found["rest"], isinstance(uri, LiteralText)
    if scheme == "property":
        return await _property(context, rest, is_literal)
    if scheme == "user":
        return await _user(context, rest)
    if scheme == "drive":
        refuse_anonymous(context, "read files")
        return await context.hub.read_files(rest)
    if scheme == "attachment":
        return await content.load(context, f"$uri:attachment:{rest}")
    if scheme in ("pipeline", "command"):
        return await context.call(PipelineReference(str(uri), is_literal))
    if scheme == "secret":
        raise ParameterError(
            "a secret's value is sent, but never read: write the address as `bearer`, `password` or a header of `http.get` "
            "and its like, or its name as their `secret`"
        )
    raise ParameterError(
        f"unknown address $uri:{scheme[:40]}: use property, drive, pipeline, command, user or attachment"
    )


async def _property(context: Context, text: str, is_literal: bool) -> Any:
    filtered = _FILTERED.fullmatch(text)
    if filtered is not None and not is_literal:
        raise ParameterError(NOT_COMPUTED)
    found = await get_property(context, filtered["path"] if filtered else text)
    if filtered is None or found is None:
        return found
    return evaluate(filtered["expression"], found if filtered["mark"] == "@" else found["value"], registry)


async def _user(context: Context, text: str) -> dict[str, Any] | None:
    attribute, sign, value = text.partition("=")
    if sign and attribute not in ("uuid", "username", "email"):
        raise ParameterError(
            f"a user is named by NAME, username=NAME, uuid=ID or email=ADDRESS, not by {attribute[:40]}"
        )
    return await user_of(context, attribute, value) if sign else await user_of(context, "username", text)
