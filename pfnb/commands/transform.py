"""Conversion between JSON and other formats, and texts from templates."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.formats.csv import read_csv
from pfnb.commands.inputs import Input, as_json, as_text, chosen
from pfnb.exceptions import ParameterError
from pfnb.language.charset import named_charset
from pfnb.language.content import genuine_id, read_decoded
from pfnb.language.context import Context
from pfnb.language.deferred import Verbatim
from pfnb.language.offload import threaded
from pfnb.language.parameters import UNSET
from pfnb.language.pel.values import kind
from pfnb.workshop.pool import call_if_large

_STORED = re.compile(r"\s*\$?uri:property:(?P<path>[^\s@#]+)(?:@value)?\s*")


@command("transform.csv.json", aliases=("transform.csv2json",), anonymous=True)
async def csv_to_json(
    body: Any,
    context: Context,
    delimiter: Annotated[str, Field(description="The separator of columns.", min_length=1, max_length=1)] = ",",
    has_headers_line: Annotated[
        bool, Field(description="Whether the first line contains the names of the columns.")
    ] = True,
    rows_format: Annotated[
        Literal["arrays", "objects"], Field(description="Each row as a list, or as a map by the headers.")
    ] = "arrays",
    show_columns_count_field: Annotated[bool, Field(description="Whether the result has `columnsCount`.")] = True,
    show_rows_count_field: Annotated[bool, Field(description="Whether the result has `rowsCount`.")] = True,
    show_headers_field: Annotated[
        bool, Field(description="Whether the headers are in `headers`; else they are the first row.")
    ] = True,
    charset: Annotated[
        str | None,
        Field(description="The charset of a file. Default: the one that it names, else UTF-8, else Latin-1."),
    ] = None,
    input: Input = UNSET,  # noqa: A002 - PIPEFORCE's word
) -> dict[str, Any]:
    """Read CSV, a text or a file: `columnsCount`, `rowsCount`, `headers` and `rows`, all cells as texts.

    The result may take 64 MiB, by estimate: about 138,000 rows of five columns as objects. Split larger files.

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
    text = await as_text(chosen(input, body), context, charset)
    as_maps = rows_format == "objects"
    headers, shown = await threaded(
        partial(call_if_large, len(text), read_csv, text, delimiter, has_headers_line, as_maps)
    )
    columns = len(headers) if headers is not None else len(shown[0]) if shown else 0
    result: dict[str, Any] = {}
    if headers is not None and not as_maps and not show_headers_field:
        shown = [headers, *shown]
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

    Whitespace-only text and comments are left out. A document type is refused.

    Example:
        body: <text>This is <b id="1">bold</b></text>
        pipeline:
          - transform.xml.json:
          - body.set: "#{body.text.children[1]}"
        # => {"b": {"attributes": {"id": "1"}, "children": ["bold"]}}
    """
    # Imported here, since its patterns take long to compile, which would delay every kernel.
    from pfnb.language.xml_document import read_xml

    given = chosen(input, body)
    content_id = await genuine_id(given, context.hub)
    document: str | bytes
    if content_id is None or named_charset(str(given.get("contentType"))):
        document = await as_text(given, context)
    else:  # the document declares its charset
        document = await read_decoded(content_id, given, context.hub)
    return await threaded(partial(call_if_large, len(document), read_xml, document))


@command("transform.json.xml", anonymous=True)
async def json_to_xml(body: Any, context: Context, input: Input = UNSET) -> str:  # noqa: A002
    """Write XML: the same document for a result of `transform.xml.json`, elements within `<root>` for any other JSON.

    Example:
        body: {person: {firstName: Max, hobbies: [Reading, Swimming]}}
        pipeline:
          - transform.json.xml:
          - body.set: "#{body.replace('\\n', '').replace(' ', '')}"
        # => "<root><person><firstName>Max</firstName><hobbies>Reading</hobbies><hobbies>Swimming</hobbies></person></root>"
    """
    from pfnb.language.xml_document import write_xml

    data = await as_json(chosen(input, body), context)
    return await threaded(partial(write_xml, data))


@command("transform.template", anonymous=True)
async def from_template(
    context: Context,
    template: Annotated[
        Verbatim,
        Field(description="A template in Jinja's language: a text, an expression for it, or `$uri:property:PATH`."),
    ],
    model: Annotated[
        Any, Field(description="The variables of the template. Default: `vars`, `body` and `headers`.")
    ] = UNSET,
) -> str:
    """Make a text from a Jinja template.

    What looks like an expression of the pipeline in it is text, unless the whole template is one: then it needs a model. Escape
    texts from strangers in HTML with `|escape`.

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
    data = await _model(model, context, template.is_literal)
    return await threaded(lambda: render(source, data))


@command("transform.ftl", anonymous=True)
async def from_freemarker(
    body: Any,
    context: Context,
    template: Annotated[
        Verbatim | None, Field(description="A template in FreeMarker's language. Default: the body.")
    ] = None,
    model: Annotated[
        Any, Field(description="The variables of the template. Default: `vars`, `body` and `headers`.")
    ] = UNSET,
) -> str:
    """Make a text from a FreeMarker template: the common part of its language.

    Supported are `${…}`, `<#if>`, `<#elseif>`, `<#else>`, `<#list>`, `<#assign>`, comments, and the common built-ins. Numbers
    are written without separators. A template from an expression or the body needs a model.

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
    data = await _model(model, context, template is not None and template.is_literal)
    return await threaded(lambda: render(to_jinja(source), data))


async def _source(template: Verbatim, context: Context) -> str:
    """The template's text, or that of a property that it names, if the name is written in the pipeline, not computed."""
    text = await threaded(template)
    stored = _STORED.fullmatch(text) if template.is_literal else None
    if stored is not None:
        return str((await context.hub.get_property(stored["path"]))["value"])
    return await as_text(text, context)


async def _model(model: Any, context: Context, is_literal: bool) -> dict[str, Any]:
    """The data that the template sees. A computed template may be a stranger's: it sees only the given model."""
    if model is UNSET and not is_literal:
        raise ParameterError(
            "a template that is not written in the pipeline needs a model with the data that it may read"
        )
    data = dict(context.scope) if model is UNSET else await as_json(model, context, "the template's model")
    if not isinstance(data, dict):
        raise ParameterError(f"the template's model must be a map, not {kind(data)}")
    return data
