"""The command line: `pfnb serve`. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pfnb.exceptions import PfnbError

DEFAULT_PORT = 8899


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 when the command failed, 2 for wrong words."""
    words = _parser().parse_args(arguments)
    try:
        return int(words.run(words))
    except (PfnbError, OSError) as error:
        sys.stderr.write(f"pfnb: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pfnb", description="Webhooks and pipelines for notebooks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run a hub as a process of its own")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    serve.add_argument("--token", help="who has it owns the hub (default: $PFNB_TOKEN, else the file `token` there)")
    serve.add_argument(
        "--data-dir", type=Path, help="where webhooks and events are kept (default: your user data folder)"
    )
    serve.add_argument("--public-url", help="the hub's address as callers outside know it")
    serve.set_defaults(run=_serve)
    return parser


def _serve(words: argparse.Namespace) -> int:
    import asyncio
    import logging

    from platformdirs import user_data_path

    from pfnb.hub.home import HubOptions
    from pfnb.server.serve import TOKEN_FILE, serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    data_dir = words.data_dir or user_data_path("pfnb")
    token = words.token or os.environ.get("PFNB_TOKEN")
    if token is None:
        sys.stderr.write(f"pfnb: the token is in {data_dir / TOKEN_FILE}\n")
    options = HubOptions(data_dir, public_url=words.public_url)
    asyncio.run(serve(options, host=words.host, port=words.port, token=token))
    return 0


if __name__ == "__main__":
    sys.exit(main())
