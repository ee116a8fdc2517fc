"""`@uri`: the older spelling of `@resolve`."""

from __future__ import annotations

from typing import Any

from pfnb.functions import function
from pfnb.functions.resolve import uri as resolve_uri
from pfnb.language.context import Context
from pfnb.language.pel.literal_text import LiteralText


@function("uri.resolve")
async def resolve(context: Context, uri: str | LiteralText) -> Any:
    """The same as `@resolve.uri`.

    Example:
        @uri.resolve('$uri:property:global/app/demo/config/app')
    """
    return await resolve_uri(context, uri)
