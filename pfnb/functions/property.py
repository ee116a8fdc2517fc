"""`@property`: values of the property store."""

from __future__ import annotations

import json
from typing import Any

from pfnb.exceptions import NotFoundError
from pfnb.functions.context import refuse_anonymous
from pfnb.language.context import Context
from pfnb.language.evaluation import evaluate
from pfnb.language.function import function


@function("property.get")
async def get(context: Context, key: str) -> dict[str, Any] | None:
    """The property at a path, its value read if it is JSON; null if there is none.

    Example:
        @property.get('global/app/demo/config/app').type
    """
    refuse_anonymous(context, "read properties")
    try:
        return _read(await context.hub.get_property(key))
    except NotFoundError:
        return None


@function("property.value")
async def value(context: Context, key: str) -> Any:
    """The value of the property at a path, or its default value; null if there is none.

    Example:
        @property.value('global/app/demo/config/app').emails
    """
    found = await get(context, key)
    return None if found is None else found["value"]


@function("property.values")
async def values(context: Context, pattern: str) -> list[Any]:
    """The values of all properties that a pattern means: `*` is a part of a name, `**` any number of names.

    Example:
        @property.values('global/app/demo/object/person/**')
    """
    refuse_anonymous(context, "read properties")
    return [_read(found)["value"] for found in await context.hub.list_properties(pattern)]


@function("property.updateValue")
async def update_value(context: Context, key: str, value: Any) -> None:
    """Give the property at a path another value; it is an error if there is none.

    Example:
        @property.updateValue('global/app/demo/config/count', 7)
    """
    refuse_anonymous(context, "change properties")
    await context.hub.get_property(key)
    await context.hub.put_property(key, {"value": value})


@function("property.lazy")
async def lazy(context: Context, key: str) -> Any:
    """The value of the property at a path, or, of `path#expression`, what the expression yields over it.

    Example:
        @property.lazy('global/app/demo/config/app#emails.size()')
    """
    path, _, expression = key.partition("#")
    found = await value(context, path)
    return evaluate(expression, found) if expression else found


def _read(found: dict[str, Any]) -> dict[str, Any]:
    """The property with the value that its text stands for."""
    text = found["value"] if found["value"] is not None else found["defaultValue"]
    if isinstance(text, str) and "json" in (found["type"] or ""):
        try:
            return {**found, "value": json.loads(text)}
        except (ValueError, RecursionError):
            pass  # whatever its type says, it is a text
    return {**found, "value": text}
