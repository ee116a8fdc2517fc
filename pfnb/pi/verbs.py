"""The verbs of `pi` that call a hub."""

from __future__ import annotations

import argparse
import json
import mimetypes
import sys
from functools import partial
from pathlib import Path
from typing import Any

from pfnb.exceptions import AccessDeniedError, ParameterError
from pfnb.http.origin import is_open_to_listeners
from pfnb.language.maps import folded
from pfnb.pi.client import GetClient, Reply, Upload
from pfnb.rows.account import AuthInfo
from pfnb.rows.delivery import RunRow
from pfnb.rows.hub import HubStatus

COUNTS = ("webhooks", "listeners", "away", "waiting")
STORED = ("global/", "/pipeforce/", "$uri:property:", "uuid:")


def command(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi command`: the command's result."""
    given = folded(words.parameters, partial(takes_map, words.name))
    parameters = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in given.items()}
    source = words.input
    upload = None if source is None else _upload(source)
    return _result(hub().command(words.name, parameters, upload), words.output)


def takes_map(name: str, parameter: str) -> bool:
    """Whether this parameter of the command takes a map, so that its keys may be given as `parameter.key=value`."""
    from pfnb import commands

    registry = commands.load()
    if name not in registry:
        return False
    parameters = registry.get(name).parameters
    return parameters.spellings.get(parameter) in parameters.maps


def pipeline(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi pipeline`: the pipeline's final body. The argument is an existing file, a stored pipeline (`global/…`), or else a
    pipeline URI."""
    source, file = words.source, Path(words.source)
    if source.startswith(STORED):
        return hub().stored_pipeline(source.removeprefix("$uri:property:"), dict(words.variables)).value
    if words.variables:
        raise ParameterError("variables are only for stored pipelines: a file or URI has its own")
    if file.is_file():
        return hub().pipeline(file.read_text("utf-8")).value
    if file.suffix in (".yaml", ".yml", ".json") or "/" in source.partition("?")[0]:
        raise ParameterError(f"there is no file {source} (this folder is {Path.cwd()})")
    return hub().pipeline(source).value


def explain(words: argparse.Namespace, _hub: GetClient) -> Any:
    """`pi help`: the verbs, the commands, or one command."""
    if words.topic is None:
        return words.usage()
    from pfnb import commands
    from pfnb.language.editing.help import command_help

    registry = commands.load()
    if words.name:
        return command_help(registry.get(words.name))
    return [{"command": one.name, "summary": one.documentation.summary} for one in registry]


def failed(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi failed`: the deliveries that failed or may hang, or the one that was set aside; in full as JSON, otherwise in brief."""
    if words.discard is None:
        if words.reason is not None:
            raise ParameterError("--reason needs --discard RUN")
        rows: list[RunRow] = hub().command("event.delivery.failed", {"limit": words.limit}).value
    else:
        asked = {"delivery": words.discard, **({} if words.reason is None else {"reason": words.reason})}
        rows = [hub().command("event.delivery.discard", asked).value]
    if words.json:
        return rows
    return [_in_brief(row) for row in rows] or "nothing failed"


def _in_brief(row: RunRow) -> dict[str, Any]:
    seconds, error = row.get("runningFor"), row["error"]
    said = [] if error is None else [error.get("errorType"), error["statusMessage"]]
    return {
        "run": row["id"],
        "eventKey": row["eventKey"],
        "pipeline": row["listener"],
        "status": row["status"] if seconds is None else f"running for {seconds:.0f} s",
        "attempts": row["attempts"],
        "error": ": ".join(filter(None, said)),
    }


def status(_words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi status`: the hub's address, the user, counts of what the user has there, and any trouble. Raises the error if it does
    not answer."""
    client = hub()
    user: AuthInfo = client.command("iam.authinfo", {}).value
    seen: dict[str, object] = {"hub": client.name, "found": client.origin, "user": user["username"], "status": "ok"}
    try:
        told: HubStatus = client.command("hub.status", {}).value
    except AccessDeniedError as error:
        seen["counts"] = str(error)
    else:
        seen |= {name: count for name, count in told.items() if name in COUNTS}
        if told["problems"]:
            seen |= {"status": "trouble", "problem": "; ".join(told["problems"])}
    if is_open_to_listeners(client.name):
        seen["warning"] = "the token goes through the network unencrypted: use https"
    return seen


def _upload(source: str) -> Upload:
    if source == "-":
        data = sys.stdin.buffer.read()
        return Upload(data, "application/json" if data.lstrip()[:1] in (b"{", b"[") else "text/plain; charset=utf-8")
    path = Path(source)
    return Upload(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _result(reply: Reply, target: str | None) -> Any:
    if target is None:
        return reply.value
    value = reply.value
    data = value if isinstance(value, bytes) else _encoded(value)
    Path(target).write_bytes(data)
    return f"{len(data):,} bytes in {target}"


def _encoded(value: Any) -> bytes:
    from pfnb.pi.show import as_json

    return (value if isinstance(value, str) else as_json(value)).encode()
