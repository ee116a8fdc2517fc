"""Other formats as JSON and back, and texts made by templates."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Literal

from pydantic import Field

from pfnb.commands.formats.csv import as_objects, read_rows
from pfnb.commands.inputs import Input, as_json, as_text, chosen
from pfnb.exceptions import ParameterError
from pfnb.language.command import command
from pfnb.language.content import content_id_of
from pfnb.language.context import Context
from pfnb.language.deferred import Verbatim
from pfnb.language.parameters import UNSET
from pfnb.language.pel.values import kind

_STORED = re.compile(r"\s*\$?uri:property:(?P<path>[^\s@#]+)(?:@value)?\s*")


@command("transform.csv.json", aliases=("transform.csv2json",), anonymous=True)
async def csv_to_json(
    body: Any,
    context: Context,
    delimiter: Annotated[str, Field(description="What separates columns.", min_length=1, max_length=1)] = ",",
    has_headers_line: Annotated[
        bool, Field(description="Whether the first line holds the names of the columns.")
    ] = True,
    rows_format: Annotated[
        Literal["arrays", "objects"], Field(description="Each row as a list, or as a map by the headers.")
    ] = "arrays",
    show_columns_count_field: Annotated[bool, Field(description="Whether the result has `columnsCount`.")] = True,
    show_rows_count_field: Annotated[bool, Field(description="Whether the result has `rowsCount`.")] = True,
    show_headers_field: Annotated[
        bool, Field(description="Whether the headers are in `headers`; else they are the first row.")
    ] = True,
    input: Input = UNSET,  # noqa: A002 - PIPEFORCE's word
) -> dict[str, Any]:
    """Read CSV, a text or a file: `columnsCount`, `rowsCount`, `headers` and `rows`, all cells as texts.

    Example:
        body: |
          "firstName","age"
          "Max","38"
        pipeline:
          - transform.csv.json:
        # => {"columnsCount": 2, "rowsCount": 1, "headers": ["firstName", "age"], "rows": [["Max", "38"]]}

    Example:
        pipeline:
          - transform.csv.json: {input: "name;age\\nMax;38", delimiter: ";", rowsFormat: objects}
          - body.set: "#{body.rows}"
        # => [{"name": "Max", "age": "38"}]
    """
    if rows_format == "objects" and not has_headers_line:
        raise ParameterError("transform.csv.json: rows as objects need a line of headers")
    text = await as_text(chosen(input, body), context)
    rows = await asyncio.to_thread(read_rows, text, delimiter)
    columns = len(rows[0]) if rows else 0
    headers = rows.pop(0) if rows and has_headers_line else None
    result: dict[str, Any] = {}
    shown: list[Any] = rows
    if rows_format == "objects":
        shown = await asyncio.to_thread(as_objects, headers or [], rows)
    elif headers is not None and not show_headers_field:
        shown = [headers, *rows]
    if show_columns_count_field:
        result["columnsCount"] = columns
    if show_rows_count_field:
        result["rowsCount"] = len(shown)
    if headers is not None and show_headers_field:
        result["headers"] = headers
    return {**result, "rows": shown}


@command("transform.xml.json", anonymous=True)
async def xml_to_json(body: Any, context: Context, input: Input = UNSET) -> dict[str, Any]:  # noqa: A002
    """Read XML, a text or a file: each element as a map with its name, `attributes` and `children`.

    Text of white space alone and comments are left out. A document type is refused.

    Example:
        body: <text>This is <b id="1">bold</b></text>
        pipeline:
          - transform.xml.json:
          - body.set: "#{body.text.children[1]}"
        # => {"b": {"attributes": {"id": "1"}, "children": ["bold"]}}
    """
    # Imported here, since its patterns take long to compile and every kernel would wait for them.
    from pfnb.language.xml_document import read_xml

    given = chosen(input, body)
    content_id = content_id_of(given)
    document = await as_text(given, context) if content_id is None else await context.hub.read_content(content_id)
    return await asyncio.to_thread(read_xml, document)


@command("transform.json.xml", anonymous=True)
async def json_to_xml(body: Any, context: Context, input: Input = UNSET) -> str:  # noqa: A002
    """Write XML: of what `transform.xml.json` makes the same document, of any other JSON elements within `<root>`.

    Example:
        body: {person: {firstName: Max, hobbies: [Reading, Swimming]}}
        pipeline:
          - transform.json.xml:
          - body.set: "#{body.replace('\\n', '').replace(' ', '')}"
        # => "<root><person><firstName>Max</firstName><hobbies>Reading</hobbies><hobbies>Swimming</hobbies></person></root>"
    """
    from pfnb.language.xml_document import write_xml

    data = await as_json(chosen(input, body), context)
    return await asyncio.to_thread(write_xml, data)


@command("transform.template", anonymous=True)
async def from_template(
    context: Context,
    template: Annotated[
        Verbatim,
        Field(description="A template in Jinja's language: a text, an expression for it, or `$uri:property:PATH`."),
    ],
    model: Annotated[Any, Field(description="What its names mean; without it, `vars`, `body` and `headers`.")] = UNSET,
) -> str:
    """Make a text by a template in Jinja's language.

    What looks like an expression of the pipeline in it is text, unless the whole template is one. Texts from strangers
    that go into HTML are made harmless by `|escape`.

    Example:
        body: {name: Ada, orders: [{item: tea, price: 3}, {item: cake, price: 4}]}
        pipeline:
          - transform.template:
              template: |-
                Dear {{ body.name }},
                {%- for order in body.orders %} {{ loop.index }}. {{ order.item }}
                {%- endfor %}
        # => "Dear Ada, 1. tea 2. cake"
    """
    from pfnb.commands.formats.template import render

    source = await _source(template, context)
    return await asyncio.to_thread(render, source, await _model(model, context))


@command("transform.ftl", anonymous=True)
async def from_freemarker(
    body: Any,
    context: Context,
    template: Annotated[
        Verbatim | None, Field(description="A template in FreeMarker's language; without it, the body is the template.")
    ] = None,
    model: Annotated[Any, Field(description="What its names mean; without it, `vars`, `body` and `headers`.")] = UNSET,
) -> str:
    """Make a text by a template in FreeMarker's language: the usual part of it.

    That is `${…}`, `<#if>`, `<#elseif>`, `<#else>`, `<#list>`, `<#assign>`, comments, and the common built-ins. Numbers are
    written as they are, without separators.

    Example:
        pipeline:
          - transform.ftl:
              model: {firstName: Max, lastName: Smith}
              template: Hello ${firstName} ${lastName}!
        # => "Hello Max Smith!"
    """
    from pfnb.commands.formats.freemarker import to_jinja
    from pfnb.commands.formats.template import render

    source = await as_text(body, context) if template is None else await _source(template, context)
    data = await _model(model, context)
    return await asyncio.to_thread(lambda: render(to_jinja(source), data))


async def _source(template: Verbatim, context: Context) -> str:
    """The template's text; it may be that of a property, if the pipeline says so itself, and not some data."""
    text = await asyncio.to_thread(template)
    stored = _STORED.fullmatch(text) if template.is_literal else None
    if stored is not None:
        return str((await context.hub.get_property(stored["path"]))["value"])
    return await as_text(text, context)


async def _model(model: Any, context: Context) -> dict[str, Any]:
    data = dict(context.scope) if model is UNSET else await as_json(model, context, "the template's model")
    if not isinstance(data, dict):
        raise ParameterError(f"the template's model wants to be a map, not {kind(data)}")
    return data
