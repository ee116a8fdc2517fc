"""The property store: values at paths, for the data, forms and pipelines of applications."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pfnb.commands import command
from pfnb.commands.inputs import chosen
from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.language.command import NULL, as_result
from pfnb.language.content import genuine_id
from pfnb.language.context import Context
from pfnb.language.media_types import OCTETS, typed_value
from pfnb.language.parameters import UNSET
from pfnb.language.port import Exists
from pfnb.language.running.calls import BY_UUID
from pfnb.rows.content import ContentReference
from pfnb.rows.property import ChangedProperty, PropertyRow, SavedProperty

BASE64 = "encoding=base64"
TRASH_MILLISECONDS = 30 * 24 * 60 * 60 * 1000

Path = Annotated[
    str,
    Field(description="The property's path, such as `global/app/demo/config`.", min_length=1, validation_alias="key"),
]
Pattern = Annotated[
    str | None,
    Field(
        description="A pattern of paths: `*` matches within a name, `**` any number of names.",
        validation_alias="filter",
    ),
]
To = Annotated[str, Field(description="The new path.", min_length=1)]
Trashed = Annotated[bool, Field(description="Whether to list those in the trash bin, too.")]
UuidField = Annotated[str, Field(description="A name under which a value that is a map gets the property's uuid.")]
IgnoredField = Annotated[str, Field(description="A field to leave out of a value that is a map.")]


def _tags(value: Any) -> Any:
    """A map, or `name1:value1, name2:value2`."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition(":") for pair in value.split(",") if pair.strip()]
    return {name.strip(): tag.strip() for name, _, tag in pairs}


Tags = Annotated[
    dict[str, str] | None,
    BeforeValidator(_tags, json_schema_input_type=dict[str, str] | str | None),
    Field(description="A map, or `name1:value1, name2:value2`."),
]
Minutes = Annotated[
    int | None,
    Field(
        description="Minutes after which it is deleted, counted from its creation; 0: never.",
        ge=0,
        validation_alias="ttl",
    ),
]
Type = Annotated[str | None, Field(description="Its mime type, such as `application/yaml;type=pipeline`.")]


@command("property.put", in_hub=True)
async def put(
    body: Any,
    context: Context,
    path: Path,
    value: Annotated[Any, Field(description="A text, or any JSON. Default: the body, which may be a file.")] = UNSET,
    type: Type = None,  # noqa: A002
    time_to_live: Minutes = None,
    tags: Tags = None,
) -> PropertyRow:
    """Save a property's value, and create the property if it is missing. Returns it with its attributes.

    Omitted attributes stay unchanged. Each change fires `property.created` or `property.updated`, with the old property in
    `payload.origin` and the new one in `payload.target`.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/rates, value: {eur: 1.1}}
          - property.value.get: {path: global/app/demo/rates}
        # => {"eur": 1.1}
    """
    said = value is not UNSET and context.says("path", "value", "type")
    given = await _given(chosen(value, body), type, context)
    fields = {**given, "timeToLive": time_to_live, "tags": tags}
    kept = {name: field for name, field in fields.items() if name == "value" or field is not None}
    return (await context.hub.put_property(path, kept, **as_data(context, said)))["property"]


@command("property.value.put", in_hub=True)
async def put_value(
    body: Any,
    context: Context,
    path: Path,
    value: Annotated[Any, Field(description="A text, or any JSON. Default: the body, which may be a file.")] = UNSET,
    ignore_uuid_field: IgnoredField = "",
) -> None:
    """Save the value of an existing property. The body stays as it is.

    Example:
        pipeline:
          - property.schema.put: {path: global/app/demo/counter, value: 1, type: application/json}
          - property.value.put: {path: global/app/demo/counter, value: 2}
          - property.value.get: {path: global/app/demo/counter}
        # => 2
    """
    await context.hub.get_property(path)
    said = value is not UNSET and context.says("path", "value")
    new = chosen(value, body)
    if ignore_uuid_field and isinstance(new, Mapping):
        new = {name: one for name, one in new.items() if name != ignore_uuid_field}
    await context.hub.put_property(path, await _given(new, None, context), **as_data(context, said))


@command("property.get", read_only=True, in_hub=True, shorthand="path")
async def get(
    context: Context,
    path: Annotated[str, Field(description="The property's path.", validation_alias="key")] = "",
    uuid: Annotated[str, Field(description="The property's uuid, instead of its path.")] = "",
) -> PropertyRow:
    """Get a property with its attributes, by its path or uuid; its value is a text.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/name, value: Ada}
          - property.get: {path: global/app/demo/name}
          - body.set: "#{body.path} is #{body.value}"
        # => "/pipeforce/default/global/app/demo/name is Ada"
    """
    if not (path or uuid):
        raise ParameterError('property.get needs the parameter "path" or "uuid"')
    return await context.hub.get_property(f"{BY_UUID}{uuid}" if uuid else path)


@command("property.value.get", read_only=True, in_hub=True, shorthand="path")
async def get_value(
    context: Context,
    path: Path,
    decrypt: Annotated[bool, Field(description="Nothing: values are not encrypted.")] = True,  # noqa: ARG001
    include_uuid_field: UuidField = "",
) -> Any:
    """Get only a property's value: JSON for a JSON type, a file for a base64 one, else a text. Without a value, get the default
    value.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/names, value: [Ada, Ida]}
          - property.value.get: {path: global/app/demo/names}
        # => ["Ada", "Ida"]
    """
    found = await context.hub.get_property(path)
    text = found["value"] if found["value"] is not None else found["defaultValue"]
    if text is None:
        return NULL
    kind = found["type"] or "text/plain"
    if BASE64 in kind:
        return await _file(found["path"], kind, text, context)
    return as_result(with_field(typed_value(text, kind), include_uuid_field, found["uuid"]))


@command("property.list", read_only=True, in_hub=True, shorthand="pattern")
async def list_(context: Context, pattern: Pattern = None, include_trashed: Trashed = False) -> list[PropertyRow]:
    """List your properties with their attributes, by path.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/object/1, value: a}
          - property.put: {path: global/app/demo/object/2, value: b}
          - property.list: {pattern: "global/app/demo/object/*"}
          - body.set: "#{body.![value]}"
        # => ["a", "b"]
    """
    return await context.hub.list_properties(pattern or "**", trashed=include_trashed)


@command("property.keys", aliases=("property.path.list",), read_only=True, in_hub=True, shorthand="pattern")
async def keys(context: Context, pattern: Pattern = None, include_trashed: Trashed = False) -> list[str]:
    """List the paths of your properties only.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/config, value: a}
          - property.keys: {pattern: "global/**"}
        # => ["/pipeforce/default/global/app/demo/config"]
    """
    rows = await context.hub.list_properties(pattern or "**", values=False, trashed=include_trashed)
    return [found["path"] for found in rows]


@command("property.exists", read_only=True, in_hub=True)
async def exists(context: Context, path: Path) -> bool:
    """Whether there is a property at a path.

    Example:
        pipeline:
          - property.exists: {path: global/app/demo/nothing}
        # => false
    """
    try:
        await context.hub.get_property(path)
    except NotFoundError:
        return False
    return True


@command("property.copy", in_hub=True)
async def copy(context: Context, path: Path, to: To) -> PropertyRow:
    """Copy a property, without its attachments, overwriting an existing one. Returns the copy, and fires `property.copied`.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/a, value: text}
          - property.copy: {path: global/app/demo/a, to: global/app/demo/b}
          - property.value.get: {path: global/app/demo/b}
        # => "text"
    """
    return await context.hub.copy_property(path, to, **as_data(context, context.says("path", "to")))


@command("property.move", in_hub=True)
async def move(context: Context, path: Path, to: To) -> PropertyRow:
    """Move a property to a path that is free. Returns it, and fires `property.moved`, with both paths.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/a, value: text}
          - property.move: {path: global/app/demo/a, to: global/app/demo/b}
          - property.keys: {pattern: "global/app/demo/*"}
        # => ["/pipeforce/default/global/app/demo/b"]
    """
    return await context.hub.move_property(path, to, **as_data(context, context.says("path", "to")))


@command("property.tag.put", in_hub=True)
async def put_tags(
    context: Context,
    path: Path,
    tags: Tags = None,
    name: Annotated[str, Field(description="The name of a single tag.")] = "",
    value: Annotated[str, Field(description="The value of this tag.")] = "",
) -> None:
    """Add tags to a property, or change them; the others stay. The body stays as it is.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/applicant, value: Ada, tags: "team:sales"}
          - property.tag.put: {path: global/app/demo/applicant, name: invited, value: "yes"}
          - property.tag.list: {path: global/app/demo/applicant}
        # => {"team": "sales", "invited": "yes"}
    """
    added = {**(tags or {}), **({name: value} if name else {})}
    await context.hub.get_property(path)
    if added:
        await context.hub.put_property(path, {"addTags": added}, **as_data(context, context.says("path")))


@command("property.tag.list", read_only=True, in_hub=True, shorthand="path")
async def list_tags(context: Context, path: Path) -> dict[str, str]:
    """List the tags of a property, as a map of names and values.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/applicant, value: Ada, tags: "team:sales"}
          - property.tag.list: {path: global/app/demo/applicant}
        # => {"team": "sales"}
    """
    return (await context.hub.get_property(path))["tags"]


@command("property.schema.put", in_hub=True)
async def put_schema(
    context: Context,
    path: Annotated[
        str | None, Field(description="The property's path, such as `global/app/demo/config`.", validation_alias="key")
    ] = None,
    pattern: Pattern = None,
    type: Type = None,  # noqa: A002
    value: Annotated[Any, Field(description="Its value: a text, or any JSON.")] = UNSET,
    default_value: Annotated[Any, Field(description="The value to return while it has none.")] = UNSET,
    time_to_live: Minutes = None,
    tags: Tags = None,
    exist_strategy: Annotated[Exists, Field(description="What to do if it exists.")] = "update",
    eval_value: Annotated[
        bool, Field(description="Must be true: write a text that is no expression in quotes.")
    ] = True,
    encrypted: Annotated[bool, Field(description="Must be false: keep what is secret with secret.put.")] = False,
) -> Any:
    """Create a property, or change its attributes. Returns what was done: `create`, `update` or `skip`.

    With a pattern, all matching properties are changed, and the result lists what was done to each.

    Example:
        pipeline:
          - property.schema.put: {path: global/app/demo/config, type: application/json, value: {a: 1}, tags: "team:sales"}
          - property.schema.put: {path: global/app/demo/config, timeToLive: 5}
          - body.set: "#{body.result}"
        # => "update"
    """
    if encrypted:
        raise ParameterError(
            "values of properties are not encrypted: leave encrypted out, and keep what is secret with secret.put"
        )
    if not eval_value:
        raise ParameterError("evalValue must be true: what is computed once is never evaluated again")
    fields = {"type": type, "timeToLive": time_to_live, "tags": tags}
    given = {name: field for name, field in fields.items() if field is not None}
    given.update({name: one for name, one in (("value", value), ("defaultValue", default_value)) if one is not UNSET})
    meant = _one_of("property.schema.put", path, pattern)
    paths = (
        [meant] if path is not None else [one["path"] for one in await context.hub.list_properties(meant, values=False)]
    )
    marks = as_data(context, context.says("path", "pattern", "value", "default_value", "type"))
    done = [_done(await context.hub.put_property(one, given, exists=exist_strategy, **marks)) for one in paths]
    return done[0] if path is not None else done


@command("property.schema.delete", aliases=("property.delete",), in_hub=True)
async def delete(
    context: Context,
    path: Annotated[str | None, Field(description="The property's path.", validation_alias="key")] = None,
    pattern: Pattern = None,
    yes: Annotated[bool, Field(description="Confirms a pattern that could delete everything.")] = False,
    trash_bin: Annotated[
        bool,
        Field(description="Whether to put them into the trash bin, from which property.lock.remove takes them back."),
    ] = False,
    trash_bin_time_to_live: Annotated[
        int, Field(description="Milliseconds until they are deleted from the trash bin. Default: 30 days.", ge=1)
    ] = TRASH_MILLISECONDS,
) -> list[str]:
    """Delete properties with their values and attachments, or put them into the trash bin. Returns their paths; each that is
    deleted fires `property.deleted`.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/a, value: text}
          - property.schema.delete: {pattern: "global/app/demo/**"}
        # => ["/pipeforce/default/global/app/demo/a"]
    """
    meant = _one_of("property.schema.delete", path, pattern)
    if path is not None and any(mark in path for mark in "*?"):
        raise ParameterError(f"{path} is a pattern: write pattern: {path}")
    marks = as_data(context, context.says("path", "pattern"))
    if trash_bin:
        lock = {"type": "trash", "ttl": trash_bin_time_to_live}
        paths = [one["path"] for one in await context.hub.list_properties(meant, values=False)]
        return [(await context.hub.put_property(one, {"lock": lock}, **marks))["property"]["path"] for one in paths]
    return [gone["path"] for gone in await context.hub.delete_properties(meant, confirmed=yes, **marks)]


def value_of(found: PropertyRow) -> Any:
    """The value, or the default value: JSON for a JSON type, else the text."""
    text = found["value"] if found["value"] is not None else found["defaultValue"]
    return None if text is None else typed_value(text, found["type"] or "text/plain")


def with_field(value: Any, name: str, content: str) -> Any:
    """The value, with one more field if it is a map and the field has a name."""
    return {**value, name: content} if name and isinstance(value, dict) else value


def as_data(context: Context, said: bool) -> dict[str, Any]:
    """Arguments that mark a value or path as possibly a stranger's; the hub then creates, changes or removes no pipeline."""
    return {} if said or context.event is None else {"as_data": True}


def _one_of(name: str, path: str | None, pattern: str | None) -> str:
    given = [one for one in (path, pattern) if one]
    if len(given) != 1:
        raise ParameterError(f'{name} needs exactly one of "path" and "pattern"')
    return given[0]


def _done(saved: ChangedProperty) -> SavedProperty:
    return {"result": saved["result"], "path": saved["property"]["path"], "uuid": saved["property"]["uuid"]}


async def _given(value: Any, kind: str | None, context: Context) -> dict[str, Any]:
    """The fields for a value. A text file becomes its text, any other file base64, which its type then says."""
    content_id = await genuine_id(value, context.hub)
    if content_id is None:
        return {"value": value, **({"type": kind} if kind is not None else {})}
    data = await context.hub.read_content(content_id)
    kind = kind or str(value.get("contentType") or OCTETS)
    try:
        if BASE64 not in kind:
            return {"value": data.decode(), "type": kind}
    except UnicodeDecodeError:
        kind = f"{kind};{BASE64}"
    return {"value": base64.b64encode(data).decode(), "type": kind}


async def _file(path: str, kind: str, text: str, context: Context) -> ContentReference:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ParameterError(f"the value of {path} is not base64, as its type requires") from None
    content_type = ";".join(part for part in kind.split(";") if part.strip() != BASE64)
    return await context.hub.put_content(data, name=path.rpartition("/")[2], content_type=content_type)
