"""`pfnb run`: a notebook that serves its pipelines until it is told to stop, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import nbformat
import psutil
import pytest

from pfnb.server.console import without_secrets

SECONDS = 60
UUID = "0b0ea4ee-2b64-4e61-94b6-4c5d436936bd"
LOAD = "%load_ext pfnb\nimport pfnb"
PUT = f"%webhook put eventKey=lead.created uuid={UUID} payloadType=raw"
DOUBLE = """%%pipeline double
pipeline:
- event.listen: {key: lead.created}
- log: {message: "got #{body.payload.n}"}
- assert: {true: "#{body.payload.n < 100}", message: "no more than a hundred"}
- body.set: {value: "#{body.payload.n * 2}"}
"""
KEEP = "@pfnb.command('keep')\ndef keep(body):\n    print('kept', body['payload']['n'], os.getpid(), flush=True)"
LISTEN = "%%pipeline keep\npipeline:\n- event.listen: {key: lead.created}\n- keep:\n"


class Service:
    """A `pfnb run` process and what it has written so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def line(self, part: str, count: int = 1) -> str:
        """The line, once it is there for that many times."""
        end = time.monotonic() + SECONDS
        while len(found := [line for line in self.lines if part in line]) < count:
            assert time.monotonic() < end, f"{part!r} was not written: {self.lines}"
            assert self._reader.is_alive() or part in "".join(self.lines), f"it ended: {self.lines}"
            time.sleep(0.05)
        return found[count - 1]

    @property
    def url(self) -> str:
        return self.line("pfnb hub ready at").split()[-1]

    def kernels(self) -> list[psutil.Process]:
        return [
            one
            for one in psutil.Process(self.process.pid).children(recursive=True)
            if "ipykernel" in str(one.cmdline())
        ]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        self.process.stdout.close()
        return status


@contextmanager
def running(folder: Path, *words: str, **env: str) -> Iterator[Service]:
    command = [sys.executable, "-m", "pfnb.cli", "run", *words]
    with (folder / "errors").open("ab") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    service = Service(process)
    try:
        yield service
    finally:
        service.end()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts services with a hub of their own in one data directory; those that still run end with the test."""
    with ExitStack() as stack:
        words = ("--port", "0", "--token", "t", "--data-dir", str(tmp_path / "hub"))

        def start(*more: str, own_hub: bool = True, **env: str) -> Service:
            return stack.enter_context(running(tmp_path, *more, *(words if own_hub else ()), **env))

        yield start


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(*sources: str, **tagged: str) -> Path:
        cells = [nbformat.v4.new_code_cell(source, metadata={"tags": [tag]}) for tag, source in tagged.items()]
        cells += [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "leads.ipynb")
        return tmp_path / "leads.ipynb"

    return write


def call(url: str, n: int, **query: str) -> httpx.Response:
    receiver = f"{url}/api/v3/command/webhook.receive"
    return httpx.post(receiver, params={"uuid": UUID, **query}, json={"n": n}, trust_env=False, timeout=30)


@contextmanager
def running_hub(folder: Path) -> Iterator[str]:
    words = ["serve", "--port", "0", "--token", "t", "--data-dir", str(folder / "serve")]
    command = [sys.executable, "-m", "pfnb.cli", *words]
    with (folder / "hub").open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.communicate()


def test_a_notebook_serves_its_pipelines_until_it_is_told_to_stop(start, write, tmp_path):
    show = "print(pfnb.webhook('lead.created').url, factor, name)"
    write(LOAD, PUT, show, DOUBLE, parameters="factor = 1\nname = ''")
    service = start("leads.ipynb", "-p", "factor=2.5", "-p", "name=Ada: a", "--output", "executed.ipynb")
    service.line("serving 1 pipeline of leads.ipynb")
    assert "uuid=…6936bd 2.5 Ada: a" in service.line("webhook.receive?")
    assert call(service.url, 21, wait="true").json()["value"] == 42
    assert " INFO double " in service.line("got 21")
    assert call(service.url, 300, wait="true").status_code == 500
    assert "AssertionFailedError: no more than a hundred" in service.line(" ERROR double ")
    (kernel,) = service.kernels()
    assert service.end() == 0
    assert not psutil.pid_exists(kernel.pid)
    assert UUID not in "".join(service.lines)
    assert "Traceback" not in (tmp_path / "errors").read_text()
    executed = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    assert executed.cells[1].source == "# Parameters\nfactor = float('2.5')\nname = 'Ada: a'"
    assert executed.cells[1].metadata.tags == ["injected-parameters"]
    assert [cell.execution_count for cell in executed.cells] == [1, 2, 3, 4, 5, 6]


def test_what_is_printed_in_pieces_stands_in_lines_of_its_own_with_its_secrets_masked(start, write):
    pieces = f"for piece in ('at uuid=', '{UUID[:10]}', '{UUID[10:]}', '\\nno end yet'):\n    print(piece, end='', flush=True)"
    write(LOAD, PUT, LISTEN.replace("keep:", "log: {message: hello}"), pieces)
    service = start("leads.ipynb")
    service.line("serving 1 pipeline")
    assert service.end() == 0
    assert "at uuid=…6936bd" in service.lines
    assert "serving 1 pipeline of leads.ipynb" in service.lines
    assert service.lines[-1] == "no end yet"


def test_its_kernel_is_started_again_when_it_dies_and_gets_what_waited(start, write):
    write(PUT, KEEP, LISTEN, **{"any-tag": LOAD + "\nimport os"})
    service = start("leads.ipynb")
    service.line("serving 1 pipeline")
    (first,) = service.kernels()
    first.kill()
    for n in range(3):
        assert call(service.url, n).json()["status"] == "running"
    service.line("the kernel died while it was serving; it restarts in 1 s")
    service.line("serving 1 pipeline", count=2)
    (second,) = service.kernels()
    service.line("kept", count=3)
    assert [line for line in service.lines if line.startswith("kept")] == [f"kept {n} {second.pid}" for n in range(3)]
    second.kill()
    service.line("it restarts in 2 s")
    assert service.end(signal.SIGINT) == 0


@pytest.mark.faults
def test_an_event_that_ends_its_kernel_keeps_none_of_the_others_from_being_run(start, write):
    deadly = "\n    if body['payload']['n'] == 0: os._exit(1)"
    write(PUT, KEEP.replace("def keep(body):", f"def keep(body):{deadly}"), LISTEN, **{"any-tag": LOAD + "\nimport os"})
    service = start("leads.ipynb")
    service.line("serving 1 pipeline")
    for n in range(43):
        assert call(service.url, n).json()["status"] == "running"
    service.line("kept", count=42)
    assert len([line for line in service.lines if line.startswith("the kernel died")]) == 3
    logs = f"{service.url}/api/v3/command/webhook.receive.logs"
    asked = {"params": {"token": UUID}, "headers": {"Authorization": "Bearer t"}, "trust_env": False}
    states = [row["deliveries"][0]["status"] for row in httpx.get(logs, **asked).json()]
    assert states == ["succeeded"] * 42 + ["dead"]


def test_what_was_accepted_is_handed_over_after_kill_9_of_everything(start, write):
    write(PUT, KEEP, LISTEN, **{"any-tag": LOAD + "\nimport os"})
    first = start("leads.ipynb")
    first.line("serving")
    (kernel,) = first.kernels()
    kernel.suspend()
    assert call(first.url, 7).json()["status"] == "running"
    first.process.kill()
    kernel.resume()
    kernel.wait(SECONDS)  # a kernel does not outlive what it works for
    again = start("leads.ipynb")
    assert again.line("kept 7")
    assert again.end() == 0


def test_the_hub_that_the_environment_names_is_used(start, write, tmp_path):
    write(LOAD, PUT, DOUBLE, **{"clean-up": "%pipeline delete double"})
    with running_hub(tmp_path) as url:
        service = start("leads.ipynb", PFNB_URL=url, PFNB_TOKEN="t", own_hub=False)
        service.line("serving 1 pipeline")
        assert call(url, 4, wait="true").json()["value"] == 8
        assert "pfnb hub ready" not in "".join(service.lines)
        assert service.end() == 0


def test_a_cell_that_fails_ends_it_with_its_number_and_its_error(start, write, tmp_path):
    write("1", "print('before')\n1 / 0", "print('never')")
    service = start("leads.ipynb", "--output", "executed.ipynb")
    assert service.wait() == 1
    said = (tmp_path / "errors").read_text().splitlines()
    assert said[-1] == "pfnb: cell 2 (print('before')) failed: ZeroDivisionError: division by zero"
    assert "Traceback" not in "".join(said)
    assert service.lines[-1] == "before"
    executed = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    assert executed.cells[1].outputs[-1].ename == "ZeroDivisionError"


@pytest.mark.parametrize(
    ("sources", "words", "said"),
    [
        (["import time", "time.sleep(60)"], ["--timeout", "1"], "cell 2 (time.sleep(60)) took longer than 1 s"),
        (["import os; os._exit(1)"], [], "the kernel of leads.ipynb died in cell 1 (import os; os._exit(1))"),
    ],
)
def test_a_notebook_that_cannot_run_through_ends_with_1(start, write, tmp_path, sources, words, said):
    write(*sources)
    service = start("leads.ipynb", *words)
    assert service.wait() == 1
    assert (tmp_path / "errors").read_text().splitlines()[-1] == f"pfnb: {said}"


def test_a_uuid_in_the_log_shows_its_end():
    assert without_secrets(f"http://h/?uuid={UUID}&a=1") == "http://h/?uuid=…6936bd&a=1"
    assert without_secrets(f"{{'uuid': '{UUID}', 'correlationId': '{UUID}'}}") == (
        f"{{'uuid': '…6936bd', 'correlationId': '{UUID}'}}"
    )
