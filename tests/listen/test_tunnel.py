"""`pfnb listen --tunnel`: a public address from the first line on, and a port that takes requests to webhooks alone."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path

from tests.listen.conftest import Listen, send
from tests.listen.test_listen import address

STAND_IN = "import sys, time; print('at https://hooks.example.org for', sys.argv[1], flush=True); time.sleep(600)"


async def test_the_tunnels_address_is_the_webhooks(listen: Listen) -> None:
    command = shlex.join([sys.executable, "-c", STAND_IN]) + " {port}"
    async with listen("--json", "--tunnel", command) as listening:
        url = await address(listening)
        assert url.startswith("https://hooks.example.org/pfnb/hook/")
        listening.process.send_signal(signal.SIGINT)
        status, said = await listening.ended()
        assert (status, "the tunnel leads here from https://hooks.example.org/pfnb" in said) == (0, True)


async def test_requests_through_the_tunnel_arrive(listen: Listen, tmp_path: Path) -> None:
    told = tmp_path / "port"
    program = f"import pathlib, sys; pathlib.Path({str(told)!r}).write_text(sys.argv[1]); {STAND_IN}"
    command = shlex.join([sys.executable, "-c", program]) + " {port}"
    async with listen("--json", "--tunnel", command) as listening:
        url = await address(listening)
        behind = url.replace("https://hooks.example.org", f"http://127.0.0.1:{told.read_text()}")
        await send(behind, json={"a": 1})
        assert (await listening.next("event"))["payload"] == {"a": 1}


async def test_a_command_that_names_no_port_is_refused(listen: Listen) -> None:
    async with listen("--tunnel", "my-tunnel") as listening:
        status, said = await listening.ended()
        assert (status, "write {port}" in said) == (2, True)


async def test_a_tunnel_that_does_not_exist_is_an_error(listen: Listen) -> None:
    async with listen("--tunnel", "no-such-tunnel {port}") as listening:
        status, said = await listening.ended()
        assert (status, "there is no program no-such-tunnel" in said) == (1, True)
