"""SQL over properties, as PostgreSQL writes it: translated, and run in a private SQLite database that has nothing else.

A child of the workshop does it, which bounds its time and memory. What PostgreSQL refuses to compare, such as a text with a
number, is an error here, too: SQLite would quietly find nothing.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pfnb.commands.postgres_json import Gathered, functions
from pfnb.exceptions import ParameterError

MAX_ROWS = 10_000
Kind = Literal["json", "text", "number", "boolean"]
COLUMNS: Mapping[str, Kind] = {
    "key": "text",
    "path": "text",
    "uuid": "text",
    "value": "text",
    "defaultValue": "text",
    "type": "text",
    "created": "number",
    "updated": "number",
    "timeToLive": "number",
}
_LOWER = {name.lower(): kind for name, kind in COLUMNS.items()}
_BUILT_IN = (
    "abs avg ceil coalesce concat count floor group_concat iif instr length like lower ltrim max min nullif replace round rtrim "
    "substr substring sum total trim upper"
)
"""SQLite's own functions that a query may call."""
_CASTS: Mapping[Any, str] = {
    exp.DataType.Type.JSON: "pg_json",
    exp.DataType.Type.JSONB: "pg_json",
    exp.DataType.Type.BOOLEAN: "pg_boolean",
    exp.DataType.Type.SMALLINT: "pg_integer",
    exp.DataType.Type.INT: "pg_integer",
    exp.DataType.Type.BIGINT: "pg_integer",
    exp.DataType.Type.FLOAT: "pg_number",
    exp.DataType.Type.DOUBLE: "pg_number",
    exp.DataType.Type.DECIMAL: "pg_number",
}
_TEXTS = (exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR, exp.DataType.Type.CHAR)
_RENAMED: Mapping[type[exp.Expr], str] = {
    exp.JSONExtract: "pg_get",
    exp.JSONExtractScalar: "pg_get_text",
    exp.JSONBExtract: "pg_path",
    exp.JSONBExtractScalar: "pg_path_text",
    exp.JSONBContainsTopKey: "pg_has_key",
    exp.ArrayContainsAll: "pg_contains",
    exp.RegexpLike: "pg_matches",
}
_KINDS: Mapping[str, Kind] = {
    "pg_json": "json",
    "pg_get": "json",
    "pg_path": "json",
    "pg_to_json": "json",
    "pg_agg": "json",
    "pg_set": "json",
    "pg_strip_nulls": "json",
    "pg_build_object": "json",
    "pg_get_text": "text",
    "pg_path_text": "text",
    "pg_integer": "number",
    "pg_number": "number",
    "pg_array_length": "number",
    "pg_boolean": "boolean",
    "pg_has_key": "boolean",
    "pg_contains": "boolean",
    "pg_matches": "boolean",
}
_ORDERED = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.Ordered, exp.Max, exp.Min)


def query(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], select: str, where: str, params: Mapping[str, Any]
) -> list[Any]:
    """The rows of a query over tables of property rows: each is a value if one is selected, else a list of values. If `select`
    is empty or `*`, each row is the property, or a list with the property of each table. ParameterError."""
    statement = _parsed(list(tables), select, where)
    bound = {name: _bindable(name, value) for name, value in params.items()}
    missing = sorted({one.name for one in statement.find_all(exp.Placeholder)} - bound.keys())
    if missing:
        raise ParameterError(f"the query uses :{missing[0]}, which is not in params")
    _check_columns(statement)
    _translate(statement, bound)
    whole = select.strip() in ("", "*")
    if whole:
        statement.set("expressions", [exp.column("rowid", table=name) for name in tables])
    kinds = [_kind(one, bound) for one in statement.expressions]
    problems: list[ParameterError] = []
    try:
        with closing(_opened(tables, problems)) as database:
            found = database.execute(statement.sql(dialect="sqlite"), bound).fetchmany(MAX_ROWS + 1)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
        raise (problems[0] if problems else ParameterError(f"the query cannot be run: {error}")) from None
    if len(found) > MAX_ROWS:
        raise ParameterError(
            f"the query finds more than {MAX_ROWS:,} rows: narrow it, or end where with LIMIT and OFFSET"
        )
    if whole:
        rows = [[tables[name][number - 1] for name, number in zip(tables, row, strict=True)] for row in found]
    else:
        kinds += [None] * (len(found[0]) - len(kinds) if found else 0)  # the columns of a.*
        rows = [[_shown(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in found]
    return [row[0] if len(row) == 1 else row for row in rows]


def _parsed(names: list[str], select: str, where: str) -> exp.Select:
    condition = where.strip()
    if condition and not re.match(r"(group|order)\s+by\b|limit\b|offset\b", condition, re.IGNORECASE):
        condition = f"WHERE {condition}"
    text = f"SELECT {select.strip() or '*'}\nFROM {', '.join(names)}\n{condition}"
    try:
        statements = sqlglot.parse(text, read="postgres")
    except (SqlglotError, RecursionError) as error:
        details = getattr(error, "errors", None)
        said = f"{details[0]['description']} at {details[0]['highlight']}" if details else str(error).partition("\n")[0]
        raise ParameterError(f"select or where is not SQL: {said}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise ParameterError("a query is one SELECT: select and where must not contain a semicolon or a UNION")
    return statements[0]


def _check_columns(statement: exp.Select) -> None:
    """SQLite takes an unknown name in quotes for a text."""
    named = {alias.alias.lower() for alias in statement.find_all(exp.Alias)}
    for column in statement.find_all(exp.Column):
        if not column.is_star and column.name.lower() not in {*_LOWER, *named}:
            raise ParameterError(
                f"a property has no {column.name}: it has {', '.join(COLUMNS)}; a text needs single quotes"
            )


def _translate(statement: exp.Select, bound: Mapping[str, Any]) -> None:
    """Replace what SQLite lacks by functions, the innermost first."""
    for node in reversed(list(statement.walk())):
        if isinstance(node, exp.Predicate | exp.In | exp.Ordered | exp.Max | exp.Min | exp.DPipe):
            _check_kinds(node, bound)
        new = _translated(node, bound)
        if new is not node:
            node.replace(new)


def _translated(node: exp.Expr, bound: Mapping[str, Any]) -> exp.Expr:
    if isinstance(node, exp.Cast):
        to = node.to.this
        if to not in _CASTS and to not in _TEXTS:
            raise ParameterError(
                f"::{node.to.sql('postgres').lower()} is not possible: use ::json, ::int, ::numeric, ::boolean or ::text"
            )
        return _call(_CASTS[to], node.this) if to in _CASTS else node
    if (name := _RENAMED.get(type(node))) is not None:
        return _call(name, node.this, _key(node.expression))
    if isinstance(node, exp.JSONArrayAgg):
        return _call("pg_agg", _as_json(node.this, bound))
    if not isinstance(node, exp.Anonymous):
        return node
    name, given = re.sub("^jsonb?_", "pg_", node.name.lower()), node.expressions
    if name in ("to_json", "to_jsonb") and len(given) == 1:
        return _as_json(given[0], bound)
    if name == "pg_agg" and len(given) == 1:
        return _call(name, _as_json(given[0], bound))
    if name == "pg_build_object":
        return _call(name, *(_as_json(one, bound) if place % 2 else one for place, one in enumerate(given)))
    return _call(name, *given) if name in _KINDS else node


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _key(given: exp.Expr) -> exp.Expr:
    """The right side of an operator. sqlglot reads a key or an index as a JSONPath."""
    if not isinstance(given, exp.JSONPath):
        return given
    part = given.expressions[-1]
    if len(given.expressions) != 2 or not isinstance(part, exp.JSONPathKey | exp.JSONPathSubscript):
        raise ParameterError("after -> and ->> comes one name in quotes, or one number: write a path as #> '{a,b}'")
    return exp.Literal.number(part.this) if isinstance(part.this, int) else exp.Literal.string(str(part.this))


def _as_json(node: exp.Expr, bound: Mapping[str, Any]) -> exp.Expr:
    kind = _kind(node, bound)
    return node if kind == "json" else _call("pg_to_json", node, exp.Literal.number(int(kind == "boolean")))


def _check_kinds(node: exp.Expr, bound: Mapping[str, Any]) -> None:
    operands = [one for value in node.args.values() for one in (value if isinstance(value, list) else [value])]
    kinds = {_kind(one, bound) for one in operands if isinstance(one, exp.Expr)} - {None, "boolean"}
    if len(kinds) > 1 and not isinstance(node, exp.DPipe | exp.JSONBContainsTopKey | exp.ArrayContainsAll):
        raise ParameterError(
            f"{node.sql('postgres')} compares {' with '.join(sorted(map(str, kinds)))}: ->> gives a text and -> gives JSON; "
            "compare numbers as (value::json ->> 'name')::int"
        )
    if "json" in kinds and isinstance(node, (*_ORDERED, exp.DPipe)):
        raise ParameterError(
            f"{node.sql('postgres')}: JSON can be neither ordered nor joined; take a text with ->>, or a number with "
            "(value::json ->> 'name')::int"
        )


def _kind(node: exp.Expr, bound: Mapping[str, Any]) -> Kind | None:
    """What an expression gives; None if that is unknown."""
    match node:
        case exp.Column():
            return _LOWER.get(node.name.lower())
        case exp.Literal():
            return "text" if node.is_string else "number"
        case exp.Placeholder():
            value = bound.get(node.name)
            return None if value is None else "text" if isinstance(value, str) else "number"
        case exp.Anonymous():
            return _KINDS.get(node.name)
        case exp.Cast():
            return "text"
        case exp.Alias() | exp.Paren() | exp.Max() | exp.Min() | exp.Coalesce() | exp.Neg():
            return _kind(node.this, bound)
        case exp.Lower() | exp.Upper() | exp.Trim() | exp.Concat() | exp.Substring() | exp.DPipe():
            return "text"
        case exp.Predicate() | exp.Connector() | exp.Not() | exp.Boolean():
            return "boolean"
        case exp.Count() | exp.Sum() | exp.Avg() | exp.Length() | exp.Add() | exp.Sub() | exp.Mul() | exp.Div():
            return "number"
    return None


def _bindable(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return int(value) if isinstance(value, bool) else value
    raise ParameterError(f"params: {name} must be a text, a number, true, false or null, not a {type(value).__name__}")


def _opened(tables: Mapping[str, Sequence[Mapping[str, Any]]], problems: list[ParameterError]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    types = ", ".join(f"{name} {'INTEGER' if kind == 'number' else 'TEXT'}" for name, kind in COLUMNS.items())
    for name, rows in tables.items():
        database.execute(f"CREATE TABLE {name} ({types})")
        marks = ", ".join("?" * len(COLUMNS))
        database.executemany(
            f"INSERT INTO {name} VALUES ({marks})",  # noqa: S608 - a checked name, and question marks
            ([row[column] for column in COLUMNS] for row in rows),
        )
    database.execute("PRAGMA case_sensitive_like = ON")
    for function, (count, body) in functions().items():
        database.create_function(function, count, _noting(body, problems), deterministic=True)
    database.create_aggregate("pg_agg", 1, Gathered)  # type: ignore[arg-type]  # its finalize gives a text

    def allowed(action: int, first: str | None, second: str | None, *_: object) -> int:
        known = {
            sqlite3.SQLITE_SELECT: True,
            sqlite3.SQLITE_READ: first in tables,
            sqlite3.SQLITE_FUNCTION: str(second).lower() in {*_BUILT_IN.split(), *_KINDS},
        }
        return sqlite3.SQLITE_OK if known.get(action) else sqlite3.SQLITE_DENY

    database.set_authorizer(allowed)
    return database


def _noting(body: Callable[..., Any], problems: list[ParameterError]) -> Callable[..., Any]:
    """SQLite forgets what an exception says. Null gives null, as in PostgreSQL."""

    def function(*given: Any) -> Any:
        try:
            return body(*given)
        except ParameterError as error:
            problems.append(error)
            raise

    return function


def _shown(value: Any, kind: Kind | None) -> Any:
    if value is None or kind not in ("json", "boolean"):
        return value
    return json.loads(value) if kind == "json" else bool(value)
