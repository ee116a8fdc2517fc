"""Queries of databases."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import ParameterError
from pfnb.language.content import without_codes
from pfnb.language.context import Context
from pfnb.language.plain import plain

_TEXT = (str, int, float, bool, type(None), bytes)


@command("sql.query", shorthand="query")
async def query(
    context: Context,
    query: Annotated[str, Field(description="The SQL, with values as `:name`. It cannot be computed.", min_length=1)],
    params: Annotated[dict[str, Any] | None, Field(description="The values by name.")] = None,
    datasource: Annotated[
        str | None,
        Field(
            description="The database, as `PFNB_SQL_<NAME>` names it. Default: the only one.",
            validation_alias="connection",
        ),
    ] = None,
    column_name: Annotated[
        str,
        Field(
            description="`inline`: each row is a map; `none`: a list; any other: rows are lists, and columns have this name."
        ),
    ] = "inline",
    data_field: Annotated[
        str, Field(description="The name of the rows, where the columns are apart.", min_length=1)
    ] = "data",
    column_field: Annotated[str | None, Field(description="The name of the columns, where they are apart.")] = None,
    max_rows: Annotated[int, Field(description="More rows are an error.", ge=1, le=10_000)] = 1_000,
    timeout: Annotated[float, Field(description="Seconds to wait for the database.", gt=0, le=300)] = 30.0,  # noqa: ASYNC109
) -> Any:
    """Query a database; its rows become the body. Values from elsewhere go into `params`, never into the query.

    The operator names databases by environment variables: `PFNB_SQL_SHOP=postgresql+psycopg://user:password@host/shop`, or the
    path of an SQLite file. They are only read, in a transaction that cannot write, unless `PFNB_SQL_WRITE` names them: then a
    statement without rows returns `rowCount`. Everybody who may run this command can use all of them: give them to a user of the
    database who may do no more than needed. PostgreSQL needs `pfnb[postgresql]`.

    Example:
        pipeline:
          - sql.query: {query: "SELECT :n + 1 AS next", params: {n: 1}, datasource: nowhere, onError: IGNORE}
          - body.set: "there is no such datasource"
        # => "there is no such datasource"
    """
    if "query" in context.computed:
        raise ParameterError(
            "sql.query: the query cannot be computed, since a value in it could become SQL: write :name in it, and give the "
            "value by params: {name: …}"
        )
    from pfnb.outbound.sql import Database

    given = {name: _parameter(name, value) for name, value in (params or {}).items()}
    database = Database.named(datasource, os.environ)
    found = await asyncio.to_thread(lambda: database.query(query, given, most=max_rows, seconds=timeout))
    if found.columns is None:
        return {"rowCount": found.count}
    columns = found.columns
    rows = await asyncio.to_thread(lambda: [plain(list(row), "the rows") for row in found.rows])
    if column_name == "inline":
        return [dict(zip(columns, row, strict=True)) for row in rows]
    return rows if column_name == "none" else {data_field: rows, column_field or column_name: columns}


def _parameter(name: str, value: Any) -> Any:
    if not isinstance(value, _TEXT):
        raise ParameterError(f"sql.query: the value of :{name} must be a text, a number, true, false or null")
    return without_codes(value) if isinstance(value, str) else value
