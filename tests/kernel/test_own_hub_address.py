"""The address of a hub within a kernel is set by the environment, as that of any other hub."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from tests.kernel.conftest import LiveKernel
from tests.live.jupyterhub import free_ports

PUBLIC = "https://hooks.example.org/pfnb"


def test_webhooks_of_a_kernel_have_the_public_address_and_arrive_at_its_port(
    start_kernel: Callable[..., LiveKernel],
) -> None:
    (port,) = free_ports(1)
    kernel = start_kernel(PFNB_PUBLIC_URL=PUBLIC, PFNB_PORT=str(port))
    assert f"reachable as {PUBLIC}" in kernel.ok("%load_ext pfnb").stdout
    kernel.ok("%webhook put eventKey=order.placed")
    shown = urlsplit(kernel.ok("%webhook url eventKey=order.placed --show").value.splitlines()[0].strip("'"))
    assert (shown.scheme, shown.netloc) == ("https", "hooks.example.org")
    sent = httpx.post(f"http://127.0.0.1:{port}{shown.path}?{shown.query}", json={"id": 7}, trust_env=False)
    assert sent.json()["status"] == "running"
    assert "'id': 7" in kernel.ok("event = %event wait key=order.placed timeout=20\nevent.json()").value


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PFNB_PORT": "80800"}, "PFNB_PORT: 80800 is not a port: write a number from 0 to 65535"),
        (
            {"PFNB_PUBLIC_URL": "hooks.example.org"},
            f"PFNB_PUBLIC_URL is not a hub's address: write one such as {PUBLIC}",
        ),
    ],
)
def test_a_wrong_address_in_the_environment_is_said_when_pfnb_is_loaded(
    variables: dict[str, str], said: str, start_kernel: Callable[..., LiveKernel]
) -> None:
    cell = start_kernel(**variables).run("%load_ext pfnb")
    assert cell.status == "error"
    assert said in cell.error


def test_a_second_kernel_at_the_same_port_is_told_so(start_kernel: Callable[..., LiveKernel]) -> None:
    (port,) = free_ports(1)
    start_kernel(PFNB_PORT=str(port)).ok("%load_ext pfnb")
    cell = start_kernel(PFNB_PORT=str(port)).run("%load_ext pfnb")
    assert f"port {port} of 127.0.0.1 is in use" in cell.error
    assert "PFNB_PORT" in cell.error
