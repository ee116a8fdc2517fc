"""A hub as `pfnb serve` starts it, a user without any role, and how it feels for others meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

PIPELINE = "/api/v3/pipeline"
COMMAND = "/api/v3/command/"
TOKEN = "owner's-token"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, psutil.Process]]:
    """A hub in a process of its own, as `pfnb serve` starts it."""
    words = ["serve", "--port", "0", "--token", TOKEN, "--data-dir", str(tmp_path_factory.mktemp("hub"))]
    process = subprocess.Popen([sys.executable, "-m", "pfnb.cli", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    yield line.split()[-1], psutil.Process(process.pid)
    process.terminate()
    process.communicate(timeout=20)


@pytest.fixture(scope="module")
def owner(hub: tuple[str, psutil.Process]) -> Iterator[httpx.Client]:
    with client(hub[0], TOKEN) as made:
        yield made


@pytest.fixture(scope="module")
def nobody(hub: tuple[str, psutil.Process], owner: httpx.Client) -> Iterator[httpx.Client]:
    owner.post(COMMAND + "iam.user.create", params={"username": "mallory"}).raise_for_status()
    token = owner.post(COMMAND + "iam.apitoken", params={"username": "mallory"}).text
    with client(hub[0], token) as made:
        yield made


def client(url: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60)


class Watch:
    """How long healthz and somebody else's pipeline take, again and again, and how large the hub becomes."""

    def __init__(self, owner: httpx.Client, process: psutil.Process) -> None:
        self._owner, self._process = owner, process
        self._ended = threading.Event()
        self.health: list[float] = []
        self.pipelines: list[float] = []
        self.memory = 0

    def __enter__(self) -> Watch:
        self._before = self._size()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            for call, taken in ((self._healthz, self.health), (self._pipeline, self.pipelines)):
                began = time.perf_counter()
                call()
                taken.append(time.perf_counter() - began)
            self.memory = max(self.memory, self._size() - self._before)
            if self._ended.wait(0.01):
                return

    def _healthz(self) -> None:
        assert self._owner.get("/healthz").status_code == 200

    def _pipeline(self) -> None:
        assert self._owner.post(PIPELINE, content="pipeline:\n  - body.set: '#{1 + 1}'\n").json() == 2

    def _size(self) -> int:
        processes = [self._process, *self._process.children(recursive=True)]
        return sum(process.memory_info().rss for process in processes)
