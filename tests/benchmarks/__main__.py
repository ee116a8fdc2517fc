"""Speed and memory of the receiver, measured on this machine and printed: `make bench`. Nothing is kept.

Exit code 1 if an answer was wrong or missing; a slow machine is not an error.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx

from tests.benchmarks import (
    busy_cell,
    catching_up,
    expressions,
    history,
    meanwhile,
    million,
    properties,
    report,
    runs,
    stored,
    throughput,
    timing,
    uploads,
)
from tests.benchmarks.load import json_body, load, wrk_is_missing
from tests.benchmarks.process import Server, server
from tests.live.cells import run_cell
from tests.live.environment import own_environment
from tests.live.hub import HubClient
from tests.live.kernel import kernel
from tests.live.loading import loading

TOKEN = "benchmark"
ANSWERING = """%%pipeline bench
pipeline:
  - event.listen:
      eventKey: bench.answer
  - body.set:
      value: "order #{body.payload.order}"
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each load")
    options = parser.parse_args()
    if wrk_is_missing():
        print("pfnb: the benchmarks load the servers with wrk. On Debian: sudo apt install wrk", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pfnb-bench-") as folder:
        return Bench(Path(folder), options.rounds, options.seconds).run()


class Bench:
    """One run: its folder, how many rounds, and how long each load lasts."""

    def __init__(self, folder: Path, rounds: int, seconds: int) -> None:
        self._folder, self._rounds, self._seconds = folder, rounds, seconds
        self._environment = own_environment(folder)
        os.environ.update(self._environment)
        self._body = folder / "body.json"
        self._body.write_bytes(json_body())

    def run(self) -> int:
        report.machine(self._folder)
        errors = self._throughput() + self._uploads() + self._busy_cell() + self._stored()
        self._catching_up()
        self._meanwhile()
        report.expressions(expressions.measured())
        report.runs(runs.measured())
        report.history(history.first_pages(self._folder / "history"))
        errors += self._million()
        report.properties(properties.listings(self._folder / "properties"))
        report.loading(loading(rounds=5))
        self._timing()
        report.errors(errors)
        return 1 if errors else 0

    def _throughput(self) -> int:
        with ExitStack() as stack:
            bare = stack.enter_context(self._server("bare", str(Path(__file__).with_name("bare.py"))))
            _, committed = stack.enter_context(self._hub("committed"))
            with_notebook, answering = stack.enter_context(self._hub("answering"))
            home = {**self._environment, "PFNB_URL": with_notebook.url, "PFNB_TOKEN": TOKEN}
            _, client = stack.enter_context(kernel(home, self._folder / "kernel.log"))
            run_cell(client, ANSWERING)
            urls = {
                "bare": bare.url,
                "committed": committed.receiver(_hook(committed, "bench.stored")),
                "wait=true": answering.receiver(_hook(answering, "bench.answer"), wait="true"),
            }
            _check_answer(urls["wait=true"])
            medians = throughput.medians(urls, self._body, rounds=self._rounds, seconds=self._seconds)
        report.throughput(medians, list(urls), self._rounds, self._seconds)
        return sum(sample.errors for sample in medians.values())

    def _timing(self) -> None:
        with self._hub("timing") as (started, client):
            found = timing.states(client)
            report.timing(
                {
                    words: timing.separations(started.url, found, samples=timing.SAMPLES, keep_alive=keep_alive)
                    for words, keep_alive in (("one connection", True), ("a connection each", False))
                }
            )

    def _uploads(self) -> int:
        with self._hub("uploads") as (started, client):
            url = client.receiver(_hook(client, "bench.upload"))
            load(url, self._body, connections=16, seconds=1)
            result = uploads.upload_at_once(started, url)
        report.uploads(result)
        return uploads.UPLOADS - result.statuses[200]

    def _busy_cell(self) -> int:
        idle, busy = busy_cell.idle_and_busy(self._environment, self._folder / "busy.log", self._body, self._seconds)
        report.busy_cell(idle, busy)
        return idle.errors + busy.errors

    def _stored(self) -> int:
        with self._hub("stored") as (_, client):
            answering = client.receiver(_hook(client, "stored.0"), wait="true")
            received = client.receiver(_hook(client, "bench.unheard"))
            result = stored.measured(client, answering, received, self._body, self._seconds)
        report.stored(result)
        return result.idle.errors + result.computing.errors

    def _million(self) -> int:
        result = million.measured(self._hub, self._folder, self._body, rounds=self._rounds, seconds=self._seconds)
        report.million(result)
        return result.none.errors + result.million.errors

    def _catching_up(self) -> None:
        home = {**self._environment, "PFNB_TOKEN": TOKEN}
        start = partial(self._started, "late")
        report.catching_up(catching_up.measured(start, self._folder / "late", home, self._folder / "late-kernel.log"))

    def _meanwhile(self) -> None:
        home = {**self._environment, "PFNB_TOKEN": TOKEN}
        with self._hub("meanwhile") as (started, client):
            report.meanwhile(meanwhile.measured(client, started, home, self._folder / "meanwhile-kernel.log"))

    @contextmanager
    def _hub(self, name: str) -> Iterator[tuple[Server, HubClient]]:
        with self._started(name) as started:
            client = HubClient(started.url, TOKEN)
            try:
                yield started, client
            finally:
                client.close()

    def _started(self, name: str) -> AbstractContextManager[Server]:
        pfnb = str(Path(sys.executable).with_name("pfnb"))
        data = str(self._folder / name)
        return self._server(name, pfnb, "serve", "--port", "0", "--data-dir", data, "--token", TOKEN)

    def _server(self, name: str, *arguments: str) -> AbstractContextManager[Server]:
        return server(*arguments, environment=self._environment, log=self._folder / f"{name}.log")


def _check_answer(url: str) -> None:
    """A pipeline that answers something else would be measured at doing nothing."""
    answer = httpx.post(url, content=json_body(), headers={"Content-Type": "application/json"}, trust_env=False)
    if "order 42" not in answer.text:
        raise RuntimeError(f"the notebook's pipeline should answer with the order, and answered {answer.text}")


def _hook(hub: HubClient, event_key: str, **fields: int) -> str:
    return hub.command("webhook.put", eventKey=event_key, payloadType="raw", **fields)["uuid"]


if __name__ == "__main__":
    sys.exit(main())
