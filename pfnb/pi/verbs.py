"""What the verbs of `pi` do with a hub."""

from __future__ import annotations

import argparse
import mimetypes
import sys
from pathlib import Path
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.pi.client import GetClient, Reply, Upload

STORED = ("global/", "/pipeforce/", "$uri:property:", "uuid:")


def command(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi command`: the command's result."""
    parameters: dict[str, Any] = {}
    for name, value in words.parameters:
        present = parameters.get(name)
        parameters[name] = value if present is None else [*(present if isinstance(present, list) else [present]), value]
    source = words.input
    upload = None if source is None else _upload(source)
    return _result(hub().command(words.name, parameters, upload), words.output)


def pipeline(words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi pipeline`: what the pipeline ends with. A file that exists is run as it is; `global/…` is a stored pipeline;
    anything else a pipeline URI."""
    source, file = words.source, Path(words.source)
    if source.startswith(STORED):
        return hub().stored_pipeline(source.removeprefix("$uri:property:"), dict(words.variables)).value
    if words.variables:
        raise ParameterError("variables are for stored pipelines: a file or URI has its own")
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
    from pfnb.language.help import command_help

    registry = commands.load()
    if words.name:
        return command_help(registry.get(words.name))
    return [{"command": one.name, "summary": one.documentation.summary} for one in registry]


def status(_words: argparse.Namespace, hub: GetClient) -> Any:
    """`pi status`: the hub's address, who one is to it, and that it answers. Raises what keeps it from that."""
    client = hub()
    user = client.command("iam.authinfo", {}).value
    return {"hub": client.name, "found": client.origin, "user": user["username"], "status": "ok"}


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
