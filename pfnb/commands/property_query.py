"""`property.query`: properties by SQL."""

from __future__ import annotations

import re
from functools import partial
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import ParameterError
from pfnb.language.command import as_result
from pfnb.language.context import Context
from pfnb.language.extent import shown
from pfnb.language.media_types import media_type
from pfnb.language.offload import threaded
from pfnb.rows.property import PropertyRow
from pfnb.workshop.pool import call_named

MAX_PATTERNS = 5
MAX_SQL = 20_000
"""Characters of `select` and `where` each."""
_PART = re.compile(r"(\S.*?)(?:\s+as\s+(\w+))?", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


@command("property.query", read_only=True)
async def query(
    context: Context,
    from_: Annotated[
        str,
        Field(
            description="A pattern of paths, or several, separated by commas and each named: `global/a/* as a, global/b/* as b`."
        ),
    ],
    select: Annotated[
        str,
        Field(
            description="What to return of each: columns, JSON, counts. Default: whole properties.", max_length=MAX_SQL
        ),
    ] = "",
    where: Annotated[
        str,
        Field(
            description="Which ones, as after SQL's `WHERE`; may end with `ORDER BY`, `GROUP BY`, `LIMIT`.",
            max_length=MAX_SQL,
        ),
    ] = "",
    type: Annotated[  # noqa: A002
        str, Field(description="The mime type of the properties; `*` or nothing: any.")
    ] = "application/json",
    params: Annotated[dict[str, Any] | None, Field(description="Values for `:name` in the query.")] = None,
    dialect: Annotated[Literal["postgres"], Field(description="The language.")] = "postgres",  # noqa: ARG001 - the only one
) -> list[Any]:
    """Find properties by SQL, written as for PostgreSQL: by their columns (`key`, `uuid`, `value`, `type`, `created`, `updated`,
    `timeToLive`), and by what is in their JSON (`value::json ->> 'name'`). Needs `pip install 'pfnb[query]'`.

    Give values as `params`, never as part of the text. A row is one value, or a list if several are selected.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/customer/1, value: {name: Ada, city: London}}
          - property.put: {path: global/app/demo/customer/2, value: {name: Bob, city: Rome}}
          - property.query:
              select: value::json
              from: global/app/demo/customer/*
              where: value::json ->> 'city' = :city
              params: {city: Rome}
        # => [{"name": "Bob", "city": "Rome"}]
    """
    if find_spec("sqlglot") is None:
        raise ParameterError("property.query needs a package: pip install 'pfnb[query]'")
    tables = {}
    for name, pattern in _patterns(from_).items():
        found = await context.hub.list_properties(pattern)
        tables[name] = [row for row in found if _is_of(row, type.strip())]
    work = partial(call_named, "pfnb.commands.property_sql", "query", tables, select, where, params or {})
    rows: list[Any] = as_result(await threaded(work))
    return rows


def _patterns(given: str) -> dict[str, str]:
    """Patterns by their names."""
    patterns: dict[str, str] = {}
    parts = [part.strip() for part in given.split(",")]
    for part in parts:
        found = _PART.fullmatch(part)
        if found is None:
            raise ParameterError(
                "from must be a pattern such as global/app/demo/**, or several: pattern as a, pattern as b"
            )
        pattern, name = found[1], found[2] or ("property" if len(parts) == 1 else "")
        if not _NAME.fullmatch(name) or name.lower() in {one.lower() for one in patterns}:
            raise ParameterError(f"each of several patterns needs a name of its own: write {shown(pattern)} as a")
        patterns[name] = pattern
    if len(patterns) > MAX_PATTERNS:
        raise ParameterError(f"from may have at most {MAX_PATTERNS} patterns, not {len(patterns)}")
    return patterns


def _is_of(row: PropertyRow, wanted: str) -> bool:
    if wanted in ("", "*"):
        return True
    kind = row["type"] or "text/plain"
    return kind == wanted or (";" not in wanted and media_type(kind) == wanted.lower())
