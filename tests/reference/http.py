"""The page of the hub's addresses, from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator

from pfnb.commands import load
from pfnb.http.openapi import COMMAND, OPENAPI, openapi
from pfnb.hub.records.webhook import RECEIVE
from tests.reference.markdown import code, page, table

HUB = "{hub}"


INTRODUCTION = f"""# HTTP

All addresses are below the hub's own, `{HUB}`: `<base_url>pfnb` in a Jupyter Server, `http://127.0.0.1:PORT/pfnb` elsewhere.
They need the token, as `Authorization: Bearer …` or `token …`, or a name and a password as `curl -u` sends them, unless everybody
may call. The name is the owner's with the hub's token, or another user's with the password or an API token.
Errors are JSON with `statusCode`,
`statusMessage` and `errorType`, and with `line`, `column` and `step` if the error is in a pipeline.
A run whose caller closes the connection may finish within a minute; then it is stopped.
"""


def http_page() -> str:
    rows = table(["address", "methods", "what it does", "who"], _rows())
    return page([INTRODUCTION, *rows, f"For programs there is `{OPENAPI}`, which `pfnb schema --openapi` prints."])


def _rows() -> Iterator[list[str]]:
    document = openapi(load(), HUB)
    for path, operations in document["paths"].items():
        if path in (RECEIVE, f"{RECEIVE}/{{uuid}}") or not path.startswith(f"{COMMAND}/"):
            methods = ", ".join(method.upper() for method in operations)
            first = next(iter(operations.values()))
            yield [code(HUB + path), methods, first["summary"], "everybody" if first.get("security") == [] else ""]
    yield [code(f"{HUB}{COMMAND}/NAME"), "GET, POST", "Run one [command](README.md#commands).", ""]
