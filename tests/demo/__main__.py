"""The main job, once, on real parts: `make demo`.

A Jupyter Server with the extension runs the first notebook in a kernel; then an outside program calls the notebook's
webhooks, and everything it gets back is compared with what it sent. Exit code 1 if anything differs.
"""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.demo.deliveries import send_files, send_issue
from tests.demo.error import DemoError
from tests.demo.notebook import Notebook
from tests.live.cells import CellError
from tests.live.environment import own_environment
from tests.live.hub import HubClient
from tests.live.jupyter_server import JupyterServer, StartError, jupyter_server

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NOTEBOOK = "01-first-webhook.ipynb"
LOG = "server.log"


def demo(folder: Path) -> None:
    """Uses `folder` for everything it writes; DemoError if something is not as it should be."""
    root = folder / "notebooks"
    shutil.copytree(NOTEBOOKS, root, ignore=shutil.ignore_patterns(".*"))
    token = secrets.token_urlsafe(24)
    say("Starting a Jupyter Server with pfnb")
    with jupyter_server(root, own_environment(folder), token, folder / LOG) as server:
        detail(f"it answers at {server.url}")
        deliver(server, Notebook(root / NOTEBOOK))
    say("Everything arrived as it was sent. To open this notebook yourself: make lab")


def deliver(server: JupyterServer, notebook: Notebook) -> None:
    say(f"Running {NOTEBOOK} in a kernel of it")
    hub = HubClient(server.hub_url, server.token)
    with server.notebook_kernel(NOTEBOOK) as kernel:
        detail(f"{notebook.run(kernel)} cells ran as written")
        say("Calling the notebook's webhooks from outside")
        for line in send_issue(hub, NOTEBOOKS / "samples"):
            detail(line)
        for line in send_files(hub, NOTEBOOKS / "samples"):
            detail(line)
        notebook.clean_up(kernel)
    hub.close()


def say(text: str) -> None:
    print(text, flush=True)


def detail(text: str) -> None:
    say(f"  {text}")


def print_end(log: Path) -> None:
    if log.exists():
        lines = log.read_text(errors="replace").splitlines()[-40:]
        print("\n".join(["The server's last words:", *lines]), file=sys.stderr)


def main() -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pfnb-demo-") as folder:
        try:
            demo(Path(folder))
        except (DemoError, StartError, CellError, httpx.HTTPError) as error:
            print(f"The demo failed: {error}", file=sys.stderr)
            print_end(Path(folder) / LOG)
            return 1
    say(f"({time.monotonic() - started:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
