"""A real kernel with pfnb loaded, connected to the hub its environment names, or with one of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.live.cells import run_cell

START_SECONDS = 60


@contextmanager
def kernel(environment: Mapping[str, str], log: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """What the kernel's process itself writes goes into `log`."""
    manager = KernelManager(kernel_name="python3")
    with log.open("wb") as output:
        manager.start_kernel(env=dict(environment), stdout=output, stderr=output)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=START_SECONDS)
        run_cell(client, "%load_ext pfnb")
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
