"""Properties found by what is in them, and lists of their paths and values."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.property import Pattern, Trashed, UuidField, value_of, with_field
from pfnb.language.context import Context
from pfnb.language.deferred import Lazy
from pfnb.language.offload import threaded
from pfnb.language.place import Place
from pfnb.rows.property import PropertyRow

MAX_RESULTS = 100


class Selection(Lazy):
    """An expression; `*` is the whole value."""

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        return super().compiled("value" if text.strip() == "*" else text, place)


@command("property.search", read_only=True)
async def search(
    context: Context,
    path_filter: Annotated[str, Field(description="A pattern of paths.", min_length=1, validation_alias="keyFilter")],
    value_filter: Annotated[
        str, Field(description="A text that the value contains, in small letters or capitals.")
    ] = "",
    type_filter: Annotated[str, Field(description="A text that the mime type contains.")] = "",
    offset: Annotated[int, Field(description="How many results to skip.", ge=0)] = 0,
    page: Annotated[
        int | None, Field(description="Which page of `maxResults` to return, from 1 on, instead of `offset`.", ge=1)
    ] = None,
    max_results: Annotated[int, Field(description="How many results to return, at most 100.", ge=1)] = 30,
    info: Annotated[bool, Field(description="Whether to return `{result, offset, maxResults, total}`.")] = False,
    include_trashed: Trashed = False,
) -> Any:
    """Search for properties by a text in their value, and by their type. Returns them by path.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/note/1, value: Call Ada}
          - property.put: {path: global/app/demo/note/2, value: Call Bob}
          - property.search: {pathFilter: "global/app/demo/**", valueFilter: ada}
          - body.set: "#{body.![value]}"
        # => ["Call Ada"]
    """
    rows = await context.hub.list_properties(path_filter, trashed=include_trashed)
    value, kind = value_filter.casefold(), type_filter.casefold()

    def matching() -> list[PropertyRow]:
        return [
            row for row in rows if value in (row["value"] or "").casefold() and kind in (row["type"] or "").casefold()
        ]

    found = await threaded(matching)
    most = min(max_results, MAX_RESULTS)
    first = offset if page is None else (page - 1) * most
    shown = found[first : first + most]
    return {"result": shown, "offset": first, "maxResults": most, "total": len(found)} if info else shown


@command("property.path.children", read_only=True, in_hub=True, shorthand="pattern")
async def children(
    context: Context,
    pattern: Annotated[
        str, Field(description="A folder, such as `global/app/demo` or `global/app/demo/*`.", min_length=1)
    ],
) -> list[str]:
    """List what is directly in a folder: the paths of its properties, and of its folders, which end with `/`.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/config, value: a}
          - property.put: {path: global/app/demo/object/1, value: b}
          - property.path.children: {pattern: global/app/demo}
        # => ["/pipeforce/default/global/app/demo/config", "/pipeforce/default/global/app/demo/object/"]
    """
    folder = pattern.removesuffix("*").rstrip("/")
    depth = 0 if folder.startswith("/pipeforce/") else 3  # /pipeforce/NAMESPACE/
    rows = await context.hub.list_properties(f"{folder}/**", values=False)
    found: dict[str, None] = {}
    for names in (row["path"].split("/") for row in rows):
        end = depth + len(folder.split("/")) + 1
        found["/".join(names[:end]) + ("/" if len(names) > end else "")] = None
    return list(found)


@command("property.value.list", read_only=True, shorthand="pattern")
async def list_values(
    context: Context,
    pattern: Pattern = None,
    include_uuid_field: UuidField = "",
    include_key_field: Annotated[
        str, Field(description="A name under which a value that is a map gets the property's path.")
    ] = "",
) -> list[Any]:
    """List the values of your properties, by path: JSON for a JSON type, else a text.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/customer/1, value: {name: Ada}}
          - property.put: {path: global/app/demo/customer/2, value: {name: Bob}}
          - property.value.list: {pattern: "global/app/demo/customer/*"}
        # => [{"name": "Ada"}, {"name": "Bob"}]
    """
    rows = await context.hub.list_properties(pattern or "**")

    def values() -> list[Any]:
        plain = ((row, with_field(value_of(row), include_uuid_field, row["uuid"])) for row in rows)
        return [with_field(value, include_key_field, row["path"]) for row, value in plain]

    return await threaded(values)


@command("property.value.expression", read_only=True)
async def expression(
    context: Context,
    from_: Annotated[str, Field(description="A pattern of paths.", min_length=1)],
    select: Annotated[
        Selection | None,
        Field(description="An expression over each `value`, for what to return. Default: `*`, the value."),
    ] = None,
    where: Annotated[
        Lazy | None, Field(description="An expression over each `value`: only those for which it is true.")
    ] = None,
    aggregate: Annotated[Lazy | None, Field(description="An expression over all of them, named `values`.")] = None,
    include_trashed: Trashed = False,
) -> Any:
    """Select values of properties by an expression. The fields of values that are maps are names in the expressions, too; null
    where a value lacks one.

    property.query is faster for many properties.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/invoice/1, value: {amount: 20, to: Ada}}
          - property.put: {path: global/app/demo/invoice/2, value: {amount: 70, to: Bob}}
          - property.value.expression: {from: "global/app/demo/invoice/*", where: amount > 50, select: value.to}
        # => ["Bob"]
    """
    rows = await context.hub.list_properties(from_, trashed=include_trashed)

    def selected() -> Any:
        values = []
        found = [value_of(row) for row in rows]
        missing = dict.fromkeys(name for value in found if isinstance(value, dict) for name in value)
        for value in found:
            names = {**missing, **(value if isinstance(value, dict) else {}), "value": value}
            names.pop("self", None)
            if where is None or where(**names):
                values.append(value if select is None else select(**names))
        return values if aggregate is None else aggregate(values=values)

    return await threaded(selected)
