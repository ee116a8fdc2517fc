"""The command line: `pfnb serve`, `pfnb run`, `pfnb schema`. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pfnb.environment import VARIABLES
from pfnb.exceptions import ParameterError, PfnbError

if TYPE_CHECKING:
    from pfnb.language import CommandRegistry

DEFAULT_PORT = 8899


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 when the command failed, 2 for wrong words."""
    words = build_parser().parse_args(arguments)
    try:
        return int(words.run(words))
    except (PfnbError, OSError) as error:
        sys.stderr.write(f"pfnb: {error}\n")
        return 1


def build_parser() -> argparse.ArgumentParser:
    width = max(map(len, VARIABLES))
    parser = argparse.ArgumentParser(
        prog="pfnb",
        description="Webhooks and pipelines for notebooks.",
        epilog="environment:\n" + "\n".join(f"  {name:<{width}}  {text}" for name, text in VARIABLES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run a hub as a process of its own")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    serve.add_argument("--token", help="who has it owns the hub (default: $PFNB_TOKEN, else the file `token` there)")
    serve.add_argument(
        "--data-dir", type=Path, help="where webhooks and events are kept (default: your user data folder)"
    )
    serve.add_argument("--public-url", help="the hub's address as callers outside know it")
    serve.add_argument(
        "--access-log", action="store_true", help="log every request, webhooks by the ends of their uuids"
    )
    serve.add_argument(
        "--keep-days", type=float, default=30, help="older events are removed; 0 keeps them all (default: %(default)s)"
    )
    serve.add_argument(
        "--keep-megabytes", type=int, default=10_240,
        help="beyond this the oldest events are removed; 0 is without end (default: %(default)s)",
    )  # fmt: skip
    serve.add_argument(
        "--scan", type=Path, action="append", default=[], metavar="FOLDER",
        help="look through this folder now and then for secrets of webhooks; those found fire no more; may be repeated",
    )  # fmt: skip
    serve.add_argument(
        "--scan-hours", type=float, default=24, help="hours between two such scans (default: %(default)s)"
    )
    serve.set_defaults(run=_serve)
    scan = commands.add_parser("scan", help="look for secrets of your webhooks in files, notebooks and git history")
    scan.add_argument("paths", nargs="*", type=Path, default=[Path()], help="files and folders (default: this folder)")
    scan.add_argument("--dry-run", action="store_true", help="only report what is found")
    scan.add_argument("--no-history", action="store_true", help="leave the history of git repositories out")
    scan.add_argument("--yes", action="store_true", help="deactivate what is found without asking")
    scan.add_argument("--json", action="store_true", help="print what is found as JSON, for programs")
    scan.add_argument("--url", help="the hub (default: $PFNB_URL, else the one that runs on this machine)")
    scan.add_argument("--token", help="its token (default: $PFNB_TOKEN, else read where the hub keeps it)")
    scan.set_defaults(run=_scan)
    schema = commands.add_parser("schema", help="print the JSON Schema of pipelines, for editors")
    schema.add_argument("name", nargs="?", metavar="COMMAND", help="of this command only: its parameters")
    schema.add_argument("--openapi", action="store_true", help="print the OpenAPI document of the hub instead")
    schema.add_argument(
        "--import",
        action="append",
        default=[],
        metavar="MODULE",
        dest="modules",
        help="a module with commands of your own",
    )
    schema.set_defaults(run=_schema)
    run = commands.add_parser("run", help="execute a notebook and keep serving its pipelines")
    run.add_argument("notebook", type=Path, help="its file")
    run.add_argument(
        "-p", dest="parameters", metavar="NAME=VALUE", action="append", default=[],
        help="set a parameter in a cell behind the one tagged `parameters`; a value is a YAML scalar, or JSON",
    )  # fmt: skip
    run.add_argument("--output", type=Path, metavar="FILE", help="write the executed copy there")
    run.add_argument("--timeout", type=float, metavar="SECONDS", help="how long a cell may take (default: as it likes)")
    run.add_argument(
        "--port", type=int, help=f"of the notebook's own hub; 0 takes a free one (default: {DEFAULT_PORT})"
    )
    run.add_argument(
        "--token", help="who has it owns the hub (default: $PFNB_TOKEN, else a file in the data directory)"
    )
    run.add_argument(
        "--data-dir", type=Path, help="where webhooks and events are kept (default: a folder for this notebook alone)"
    )
    run.add_argument("--public-url", help="the hub's address as callers outside know it")
    run.set_defaults(run=_run)
    return parser


def _serve(words: argparse.Namespace) -> int:
    import asyncio
    import logging

    from platformdirs import user_data_path

    from pfnb.hub.home import HubOptions
    from pfnb.hub.retention import Keep
    from pfnb.hub.scans import ScanPlan
    from pfnb.server.serve import serve

    _log_to_stderr()
    if words.access_log:
        logging.getLogger("pfnb.access").setLevel(logging.DEBUG)
    data_dir = words.data_dir or user_data_path("pfnb")
    keep = Keep(words.keep_days, words.keep_megabytes)
    scan = ScanPlan(tuple(words.scan), words.scan_hours)
    options = HubOptions(data_dir, public_url=words.public_url, keep=keep, scan=scan)
    asyncio.run(serve(options, host=words.host, port=words.port, token=_token(words, data_dir)))
    return 0


def _run(words: argparse.Namespace) -> int:
    import asyncio

    from pfnb.hub.home import HubOptions
    from pfnb.server.notebook_file import read_parameters
    from pfnb.server.notebook_service import NotebookJob, own_data_directory, run_with_hub, run_with_own_hub

    _log_to_stderr()
    try:
        job = NotebookJob(words.notebook, read_parameters(words.parameters), words.output, words.timeout)
    except ParameterError as error:
        return _wrong(error.message)
    url = os.environ.get("PFNB_URL")
    if url is None:
        data_dir = words.data_dir or own_data_directory(words.notebook)
        options = HubOptions(data_dir, public_url=words.public_url)
        port = DEFAULT_PORT if words.port is None else words.port
        asyncio.run(run_with_own_hub(job, options, port=port, token=_token(words, data_dir)))
        return 0
    if words.port is not None or words.data_dir is not None or words.public_url is not None:
        return _wrong("PFNB_URL names a hub, which has its own --port, --data-dir and --public-url: leave them out")
    token = words.token or os.environ.get("PFNB_TOKEN")
    if token is None:
        return _wrong(f"PFNB_URL names the hub {url}, which wants its token: set PFNB_TOKEN, or give --token")
    asyncio.run(run_with_hub(job, url, token))
    return 0


def _scan(words: argparse.Namespace) -> int:
    from pfnb.pi.scan import run

    return run(words)


def _schema(words: argparse.Namespace) -> int:
    import json

    from pfnb.language.schema import command_schema, pipeline_schema

    registry = _commands(words.modules)
    if words.openapi:
        from pfnb.http.openapi import openapi

        document = openapi(registry, f"http://127.0.0.1:{DEFAULT_PORT}/pfnb")
    elif words.name:
        document = command_schema(registry, words.name)
    else:
        document = pipeline_schema(registry)
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return 0


def _commands(modules: Sequence[str]) -> CommandRegistry:
    """The built-in commands, and those of somebody's own modules, which may lie in this folder."""
    from importlib import import_module

    from pfnb import commands

    registry = commands.load()
    sys.path.insert(0, str(Path.cwd()))
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            raise ParameterError(f"--import {module}: {error}") from error
    return registry


def _token(words: argparse.Namespace, data_dir: Path) -> str | None:
    from pfnb.pi.address import TOKEN

    token: str | None = words.token or os.environ.get("PFNB_TOKEN")
    if token is None:
        sys.stderr.write(f"pfnb: the token is in {data_dir / TOKEN}\n")
    return token


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def _wrong(message: str) -> int:
    """Wrong words that only their reader could find."""
    sys.stderr.write(f"pfnb: {message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
