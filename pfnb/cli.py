"""The command line: `pfnb serve`, `listen`, `run`, `doctor`, `schema`. Each command imports what is heavy itself."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pfnb.environment import CAPACITY, SIZES, VARIABLES, setting_of
from pfnb.exceptions import ParameterError, PfnbError

if TYPE_CHECKING:
    from pfnb.language import CommandRegistry
    from pfnb.server.jupyterhub import Place

DEFAULT_PORT = 8899


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 if the command failed, 2 for a wrong command line, 130 for Ctrl-C during the start."""
    words = build_parser().parse_args(arguments)
    try:
        return int(words.run(words))
    except ModuleNotFoundError as error:
        name = error.name or str(error)
        if name.partition(".")[0] == "pfnb":
            raise
        sys.stderr.write(f"pfnb: this command needs {name}, which is not installed: pip install {name}\n")
        return 1
    except (PfnbError, OSError) as error:
        sys.stderr.write(f"pfnb: {error}\n")
        return 1
    except KeyboardInterrupt:  # before the command has begun to listen to signals
        return 130


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
    serve.add_argument("--host", help="address to listen on (default: 127.0.0.1, this machine only)")
    serve.add_argument("--port", type=_port, help=f"0 picks a free one (default: $PFNB_PORT, else {DEFAULT_PORT})")
    serve.add_argument(
        "--prefix", metavar="PATH", help="the path of the hub's address, such as /hooks behind a proxy (default: /pfnb)"
    )
    serve.add_argument(
        "--token",
        help="the token of the hub's owner (default: $PFNB_TOKEN, else the file `token` in the data directory)",
    )
    serve.add_argument(
        "--data-dir", type=Path, help="where webhooks and events are kept (default: your user data folder)"
    )
    serve.add_argument("--public-url", help="the hub's address as callers outside know it (default: $PFNB_PUBLIC_URL)")
    serve.add_argument(
        "--receive-port", type=_port, metavar="PORT",
        help="a second port that takes requests to webhooks and nothing else: for proxies and tunnels",
    )  # fmt: skip
    serve.add_argument(
        "--tunnel", metavar="COMMAND",
        help="run this command, which gives the hub a public address, as long as the hub runs: cloudflared, ngrok, ssh, "
        "tailscale, or a command of your own with {port} in it",
    )  # fmt: skip
    serve.epilog = "In a JupyterHub service, JupyterHub sets --host, --port, --prefix and --public-url."
    serve.add_argument(
        "--access-log", action="store_true", help="log every request, webhooks by the ends of their uuids"
    )
    serve.add_argument(
        "--keep-days", type=float, default=30, help="older events are removed; 0 keeps them all (default: %(default)s)"
    )
    serve.add_argument(
        "--keep-megabytes", type=int, default=10_240,
        help="beyond this the oldest events are removed; 0: no limit (default: %(default)s)",
    )  # fmt: skip
    serve.add_argument(
        "--scan", type=Path, action="append", default=[], metavar="FOLDER",
        help="scan this folder regularly for secrets of webhooks, and deactivate the webhooks found; may be repeated",
    )  # fmt: skip
    serve.add_argument("--scan-hours", type=float, default=24, help="hours between two scans (default: %(default)s)")
    _add_sizes(serve)
    for variable, bound in CAPACITY.items():
        shown = f" (default: {bound.default:g})" if bound.default else ""
        serve.add_argument(
            f"--{setting_of(variable).replace('_', '-')}",
            metavar="…" if not shown else "N",
            help=f"{_as_help(bound.help)}{shown}",
        )
    serve.set_defaults(run=_serve)
    _add_listen(commands.add_parser("listen", help="show the requests to a webhook as they arrive, and pass them on"))
    scan = commands.add_parser("scan", help="look for secrets of your webhooks in files, notebooks and git history")
    scan.add_argument("paths", nargs="*", type=Path, default=[Path()], help="files and folders (default: this folder)")
    scan.add_argument("--dry-run", action="store_true", help="only report what is found")
    scan.add_argument("--no-history", action="store_true", help="skip the history of git repositories")
    scan.add_argument("--yes", action="store_true", help="deactivate what is found without asking")
    scan.add_argument("--json", action="store_true", help="print what is found as JSON, for programs")
    scan.add_argument("--url", help="the hub (default: $PFNB_URL, else the one that runs on this machine)")
    scan.add_argument("--token", help="its token (default: $PFNB_TOKEN, else read where the hub keeps it)")
    scan.set_defaults(run=_scan)
    doctor = commands.add_parser(
        "doctor", help="check the way from outside to your webhooks, and say what is missing and what to do"
    )
    doctor.add_argument("--json", action="store_true", help="print what is found as JSON, for programs")
    doctor.add_argument("--url", help="the hub (default: $PFNB_URL, else the one that runs on this machine)")
    doctor.add_argument("--token", help="its token (default: $PFNB_TOKEN, else read where the hub keeps it)")
    doctor.add_argument("--data-dir", type=Path, help="the data directory of the hub, if that is not the usual one")
    doctor.set_defaults(run=_doctor)
    schema = commands.add_parser("schema", help="print the JSON Schema of pipelines, for editors")
    schema.add_argument(
        "name", nargs="?", metavar="COMMAND", help="print the schema of this command's parameters instead"
    )
    schema.add_argument("--openapi", action="store_true", help="print the OpenAPI document of the hub instead")
    schema.add_argument(
        "--import",
        action="append",
        default=[],
        metavar="MODULE",
        dest="modules",
        help="a module with your own commands",
    )
    schema.set_defaults(run=_schema)
    run = commands.add_parser("run", help="execute a notebook and keep serving its pipelines")
    run.add_argument("notebook", type=Path, help="its file")
    run.add_argument(
        "-p", dest="parameters", metavar="NAME=VALUE", action="append", default=[],
        help="set a parameter in a cell after the one tagged `parameters`; a value is a YAML scalar, or JSON",
    )  # fmt: skip
    run.add_argument("--output", type=Path, metavar="FILE", help="write the executed copy there")
    run.add_argument("--timeout", type=float, metavar="SECONDS", help="the longest time for a cell (default: no limit)")
    run.add_argument(
        "--port", type=_port,
        help=f"of the notebook's own hub; 0 picks a free one (default: $PFNB_PORT, else {DEFAULT_PORT})",
    )  # fmt: skip
    run.add_argument(
        "--token", help="the token of the hub's owner (default: $PFNB_TOKEN, else a file in the data directory)"
    )
    run.add_argument(
        "--data-dir", type=Path, help="where webhooks and events are kept (default: a folder for this notebook alone)"
    )
    run.add_argument("--public-url", help="the hub's address as callers outside know it (default: $PFNB_PUBLIC_URL)")
    _add_sizes(run)
    run.set_defaults(run=_run)
    return parser


def _add_listen(listen: argparse.ArgumentParser) -> None:
    listen.add_argument(
        "what", nargs="*", default=[], metavar="KEY | NAME=VALUE",
        help="the event key of the webhook (default: webhook.listen), and settings as of webhook.put, such as methods=POST",
    )  # fmt: skip
    listen.add_argument(
        "--forward", metavar="URL", help="pass each request on to this address, such as one on this machine"
    )
    listen.add_argument("--retry", type=_count, metavar="TIMES", help="try again where no answer, a 429 or a 5xx comes")
    listen.add_argument("--timeout", type=float, metavar="SECONDS", help="the longest time for an answer (30)")
    listen.add_argument(
        "--wait", action="store_true", help="an address whose senders wait for the target's or a pipeline's answer"
    )
    listen.add_argument("--status", type=_status, help="answer senders with this status")
    listen.add_argument("--body", metavar="TEXT", help="answer senders with this text, or JSON")
    listen.add_argument("--preset", metavar="NAME", help="who sends: github, stripe, slack, …")
    listen.add_argument(
        "--secret",
        metavar="SECRET",
        help="what its requests are signed with; - reads it from the terminal or standard input",
    )
    listen.add_argument("--json", action="store_true", help="one JSON object in each line, for programs")
    listen.add_argument("--once", action="store_const", const=1, dest="count", help="end after one event")
    listen.add_argument("--count", type=_count, metavar="N", help="end after this many events")
    listen.add_argument(
        "--url", help="the hub (default: $PFNB_URL, else the one that runs on this machine, else one of its own)"
    )
    listen.add_argument("--token", help="its token (default: $PFNB_TOKEN, else read where the hub keeps it)")
    own = listen.add_argument_group("a hub of its own", "one that ends with the command")
    own.add_argument("--port", type=_port, help="its port; 0 picks a free one (default: $PFNB_PORT, else 0)")
    own.add_argument("--data-dir", type=Path, help="where webhooks and events are kept (default: in memory)")
    own.add_argument("--public-url", help="its address as callers outside know it (default: $PFNB_PUBLIC_URL)")
    own.add_argument(
        "--tunnel", metavar="COMMAND",
        help="run this command, which gives it a public address: cloudflared, ngrok, ssh, tailscale, or one of your own with "
        "{port} in it",
    )  # fmt: skip
    listen.set_defaults(run=_listen)


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    for variable, bound in SIZES.items():
        shown = f" (default: {bound.default})" if bound.default else ""
        flag = f"--{setting_of(variable).replace('_', '-')}"
        parser.add_argument(flag, type=_size, metavar="SIZE", help=f"{_as_help(bound.help)}{shown}")


def _serve(words: argparse.Namespace) -> int:
    import asyncio
    import logging

    from platformdirs import user_data_path

    from pfnb.http.capacity import Capacity
    from pfnb.http.descriptors import raise_limit
    from pfnb.http.origin import public_url
    from pfnb.hub.home import HubOptions
    from pfnb.hub.past.retention import Keep
    from pfnb.hub.receiving.request import Limits
    from pfnb.hub.scans import ScanPlan
    from pfnb.server.serve import serve
    from pfnb.server.tunnel import names_port

    _log_to_stderr()
    if words.access_log:
        logging.getLogger("pfnb.access").setLevel(logging.DEBUG)
    place = _place(words)
    if place is None:
        return _wrong(f"--prefix {words.prefix}: write a path such as /hooks, without spaces, queries or empty parts")
    data_dir = words.data_dir or user_data_path("pfnb")
    keep = Keep(words.keep_days, words.keep_megabytes)
    scan = ScanPlan(tuple(words.scan), words.scan_hours)
    limits = Limits.chosen(os.environ, vars(words))
    url = public_url(os.environ, words.public_url, "--public-url") or place.public_url
    options = HubOptions(data_dir, limits, url, keep=keep, scan=scan)
    capacity = Capacity.chosen(os.environ, vars(words))
    receive_port = words.receive_port
    if words.tunnel is not None and receive_port is None:
        if not names_port(words.tunnel):
            return _wrong(
                "--tunnel: the command does not say to which port the tunnel leads: write {port} where it belongs, or "
                "choose that port with --receive-port"
            )
        receive_port = 0
    raise_limit()
    asyncio.run(
        serve(options, place, token=_token(words), capacity=capacity, receive_port=receive_port, tunnel=words.tunnel)
    )
    return 0


def _place(words: argparse.Namespace) -> Place | None:
    """Where to serve: by the flags, else by JupyterHub; None if the prefix is not a path."""
    from dataclasses import replace

    from pfnb.http.origin import chosen_port
    from pfnb.server.jupyterhub import Place, service_place

    given = {name: value for name in ("host", "port", "prefix") if (value := getattr(words, name)) is not None}
    place = replace(service_place(os.environ, Place("127.0.0.1", chosen_port(os.environ, DEFAULT_PORT))), **given)
    place = replace(place, prefix="/" + place.prefix.strip("/"))
    return place if re.fullmatch(r"(/[\w.~!$&'()*+,;=:@%-]+)+", place.prefix) else None


def _run(words: argparse.Namespace) -> int:
    import asyncio

    from pfnb.http.origin import chosen_port, public_url
    from pfnb.hub.home import HubOptions
    from pfnb.hub.receiving.request import Limits
    from pfnb.server.notebook_file import read_notebook, read_parameters
    from pfnb.server.notebook_service import NotebookJob, own_data_directory, run_with_hub, run_with_own_hub

    _log_to_stderr()
    try:
        job = NotebookJob(words.notebook, read_parameters(words.parameters), words.output, words.timeout)
    except ParameterError as error:
        return _wrong(error.message)
    url = os.environ.get("PFNB_URL")
    if url is None:
        data_dir = words.data_dir or own_data_directory(words.notebook)
        read_notebook(words.notebook)  # check it before starting a hub for it
        address = public_url(os.environ, words.public_url, "--public-url")
        options = HubOptions(data_dir, Limits.chosen(os.environ, vars(words)), address)
        port = chosen_port(os.environ, DEFAULT_PORT) if words.port is None else words.port
        asyncio.run(run_with_own_hub(job, options, port=port, token=_token(words)))
        return 0
    of_the_hub = ("port", "data_dir", "public_url", *map(setting_of, SIZES))
    if given := [f"--{name.replace('_', '-')}" for name in of_the_hub if getattr(words, name) is not None]:
        return _wrong(
            f"{', '.join(given)} cannot be set for the hub that PFNB_URL names: leave it out, or unset PFNB_URL"
        )
    token = words.token or os.environ.get("PFNB_TOKEN")
    if token is None:
        return _wrong(f"PFNB_URL names the hub {url}, which needs its token: set PFNB_TOKEN, or give --token")
    asyncio.run(run_with_hub(job, url, token))
    return 0


def _listen(words: argparse.Namespace) -> int:
    import logging

    logging.basicConfig(level=logging.WARNING, format="pfnb: %(levelname)s %(name)s %(message)s")
    from pfnb.listen.command import run

    return run(words)


def _scan(words: argparse.Namespace) -> int:
    from pfnb.pi.scan import run

    return run(words)


def _doctor(words: argparse.Namespace) -> int:
    from pfnb.pi.doctor.doctor import run

    return run(words)


def _schema(words: argparse.Namespace) -> int:
    import json

    from pfnb.language.editing.schema import command_schema, pipeline_schema

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
    """The built-in commands, and those of the user's modules, which may be in this folder."""
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


def _token(words: argparse.Namespace) -> str | None:
    """None if the hub keeps a token in its data directory."""
    token: str | None = words.token or os.environ.get("PFNB_TOKEN")
    return token


def _port(text: str) -> int:
    from pfnb.http.origin import checked_port

    try:
        return checked_port(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 100")
    return int(text)


def _status(text: str) -> int:
    if not text.isdecimal() or not 200 <= int(text) <= 599:
        raise argparse.ArgumentTypeError(f"{text} is not a status: write a number from 200 to 599")
    return int(text)


def _size(text: str) -> int:
    from pfnb.language.sizes import size_of

    try:
        return size_of(text, "SIZE")
    except ParameterError as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log whole addresses, some with secrets


def _as_help(sentences: str) -> str:
    return f"{sentences[:1].lower()}{sentences[1:].removesuffix('.')}"


def _wrong(message: str) -> int:
    """Report an error in the command line that argparse cannot detect."""
    sys.stderr.write(f"pfnb: {message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
