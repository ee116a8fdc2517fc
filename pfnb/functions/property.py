"""`@property`: values of the property store."""

from __future__ import annotations

from typing import Any

from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.functions import function, registry
from pfnb.functions.context import refuse_anonymous
from pfnb.language.context import Context
from pfnb.language.media_types import typed_value
from pfnb.language.pel import evaluate
from pfnb.language.pel.literal_text import LiteralText
from pfnb.rows.property import PropertyRow

NOT_COMPUTED = (
    "an expression after a path must be in quotes, since a computed text is never evaluated: write it after the call, such "
    "as @property.value(path).emails"
)


@function("property.get")
async def get(context: Context, key: str) -> dict[str, Any] | None:
    """The property at a path, its value parsed if it is JSON; null if there is none.

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
    """The values of all properties that match a pattern: `*` is a part of a name, `**` any number of names.

    Example:
        @property.values('global/app/demo/object/person/**')
    """
    refuse_anonymous(context, "read properties")
    return [_read(found)["value"] for found in await context.hub.list_properties(pattern)]


@function("property.updateValue")
async def update_value(context: Context, key: str, value: Any) -> None:
    """Change the value of the property at a path; an error if there is none.

    Example:
        @property.updateValue('global/app/demo/config/count', 7)
    """
    refuse_anonymous(context, "change properties")
    await context.hub.get_property(key)
    marks: dict[str, Any] = {} if context.event is None else {"as_data": True}
    await context.hub.put_property(key, {"value": value}, **marks)


@function("property.lazy")
async def lazy(context: Context, key: str | LiteralText) -> Any:
    """The value of the property at a path; with `path#expression`, the expression's result over it. A computed text may only be
    a path.

    Example:
        @property.lazy('global/app/demo/config/app#emails.size()')
    """
    path, _, expression = key.partition("#")
    if expression and not isinstance(key, LiteralText):
        raise ParameterError(NOT_COMPUTED)
    found = await value(context, path)
    return evaluate(expression, found, registry) if expression else found


def _read(found: PropertyRow) -> dict[str, Any]:
    """The property with its value parsed."""
    text = found["value"] if found["value"] is not None else found["defaultValue"]
    return {**found, "value": typed_value(text, found["type"] or "") if isinstance(text, str) else text}
