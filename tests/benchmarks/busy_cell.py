"""A receiver inside a kernel, while that kernel is idle and while a cell of it computes without end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.load import Sample, load
from tests.live.cells import run_cell
from tests.live.kernel import kernel

COMPUTE = "x = 0\nwhile True:\n    x += 1\n"
INTERRUPT_SECONDS = 30


def idle_and_busy(environment: Mapping[str, str], log: Path, body: Path, seconds: int) -> tuple[Sample, Sample]:
    """One sender, one request after another, at the hub that `%load_ext pfnb` starts in the kernel's own process."""
    with kernel(environment, log) as (manager, client):
        outputs = run_cell(client, "import pfnb\nprint(pfnb.webhook('bench.busy').url)")
        url = "".join(output["text"] for output in outputs if output.get("name") == "stdout").strip()
        idle = load(url, body, connections=1, seconds=seconds)
        computing = client.execute(COMPUTE)
        busy = load(url, body, connections=1, seconds=seconds)
        manager.interrupt_kernel()
        while client.get_shell_msg(timeout=INTERRUPT_SECONDS)["parent_header"]["msg_id"] != computing:
            continue
        run_cell(client, "assert x > 0")
    return idle, busy
