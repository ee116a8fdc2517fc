"""One JupyterLab and one Chromium for all tests here. They skip where there is no Chromium."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.browser.archive import fill
from tests.browser.chromium import chromium, find_chromium
from tests.browser.inspected import InspectorPage
from tests.browser.lab import TOKEN, Lab, Notebook, jupyterlab
from tests.live.hub import HubClient

LISTEN = """%%pipeline greet
pipeline:
  - event.listen: {eventKey: webhook.test.#}
  - body.set: {value: "Hello #{body.payload.name}"}"""
PRINTS = """import time

@pfnb.on("webhook.prints.#", name="prints")
def prints(event):
    for number in range(3_000):
        print(number, "of many lines that a listener prints")
        time.sleep(0.0009)
"""
HANGS = """import threading

@pfnb.on("webhook.hang.#", name="hang")
def hang(event):
    while event.json()["in"] == "python":
        time.sleep(0.01)
    if event.json()["in"] == "lock":
        threading.Event().wait()
"""
COMPUTE = 'import pathlib, time\ntime.sleep(float(pathlib.Path("seconds").read_text()))'


@dataclass(frozen=True)
class Webhook:
    """One of a test's own. Tests that share an inspector narrow it to this key."""

    key: str
    uuid: str
    url: str

    def post(self, **given: object) -> None:
        httpx.post(self.url, trust_env=False, **given).raise_for_status()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Its hub has 100,000 events from before."""
    if find_chromium() is None:
        pytest.skip("there is no Chromium here: on Debian, sudo apt install chromium")
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    fill(folder / "hub")
    # Of the package, not of the session: while Playwright is open no other test can run a loop.
    with chromium() as browser, jupyterlab(folder, browser, folder / "hub") as lab:
        yield lab


@pytest.fixture(scope="package")
def notebook(lab: Lab) -> Iterator[Notebook]:
    (lab.root / "seconds").write_text("0")
    lab.write("inspect.ipynb", "%load_ext pfnb\nimport pfnb", LISTEN, PRINTS, HANGS, "%webhook inspect", COMPUTE)
    with lab.open("inspect.ipynb") as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def inspector(notebook: Notebook) -> Iterator[InspectorPage]:
    notebook.observed.forget()
    yield InspectorPage(notebook.page)
    observed = notebook.observed
    assert (observed.errors, observed.dialogs, observed.outside) == ([], [], [])


@pytest.fixture
def new_webhook(lab: Lab) -> Iterator[Callable[..., Webhook]]:
    hub = HubClient(lab.server.hub_url, TOKEN)

    def make(payload_type: str = "raw", room: str = "test") -> Webhook:
        key = f"webhook.{room}.{uuid.uuid4().hex[:8]}"
        made = hub.command("webhook.put", eventKey=key, payloadType=payload_type)
        return Webhook(key, made["uuid"], hub.receiver(made["uuid"]))

    yield make
    hub.close()
