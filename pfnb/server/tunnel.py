"""`pfnb serve --tunnel`: a program such as cloudflared that gives this hub a public address. It is started, read, started again
when it ends, and ended with the hub.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shlex
import shutil
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from pfnb.exceptions import ParameterError, PfnbError, StartError
from pfnb.http.log_mask import LogMask
from pfnb.server.tunnel_address import address_in, plain_line

log = logging.getLogger("pfnb.hub")

PRESETS = {
    "cloudflared": "cloudflared tunnel --no-autoupdate --url http://127.0.0.1:{port}",
    "ngrok": "ngrok http http://127.0.0.1:{port} --log stdout --log-format logfmt",
    "ssh": "ssh -T -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ExitOnForwardFailure=yes -o ServerAliveInterval=30 "
    "-R 80:127.0.0.1:{port} nokey@localhost.run",
    "tailscale": "tailscale funnel {port}",
}
ADDRESS_SECONDS = 30.0
"""How long a program has to print its address."""
SETTLED_SECONDS = 1.0
"""How long a program must live whose address is known beforehand."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before an ended program starts again, first and at most; doubled each time it soon ends again."""
STEADY = 60.0
"""Seconds of life after which earlier ends no longer count."""
FAREWELL_SECONDS = 3.0
MOST_LINE = 4096
MOST_LINES = 5
_CHUNK = 8192
_OURS = ("PFNB_", "JPY_", "JUPYTERHUB_")

# Starts the program as the leader of a process group. Its standard input is ours: when that ends, in whatever way the hub ended,
# the whole group is ended.
_GUARD = (
    'exec 3<&0; (trap "" TERM; read -r _ <&3; kill -TERM -$$; sleep 3; kill -KILL -$$) >/dev/null 2>&1 & '
    'exec "$@" 3<&- </dev/null'
)

_MASK = LogMask(frozenset, frozenset, about_requests=True)
"""The program may log requests, and with them secrets of webhooks."""

Moved = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def tunnelled(
    command: str, port: int, moved: Moved, stop: asyncio.Event, *, address: str | None = None
) -> AsyncIterator[None]:
    """A tunnel to this port until the block ends. `moved` is called with each new address; `address` is one that is known and
    need not be read. The block begins when the first one is known, or once `stop` is set.

    ParameterError for a command that cannot be meant, StartError for one that does not work.
    """
    words = words_of(command, port)
    if shutil.which(words[0]) is None:
        raise StartError(f"--tunnel: there is no program {words[0]}: install it, or choose another tunnel")
    tunnel = _Tunnel(words, moved, address)
    try:
        await tunnel.open(stop)
        yield
    finally:
        await tunnel.close()


def words_of(command: str, port: int) -> list[str]:
    """The program and its arguments; one word names a preset."""
    try:
        words = shlex.split(PRESETS.get(command.strip(), command))
    except ValueError as error:
        raise ParameterError(f"--tunnel: the command cannot be read: {error}") from None
    if not words:
        raise ParameterError(f"--tunnel needs a command, or one of {', '.join(PRESETS)}")
    return [word.replace("{port}", str(port)) for word in words]


def names_port(command: str) -> bool:
    """Whether the command says to which port the tunnel leads."""
    return "{port}" in PRESETS.get(command.strip(), command)


class _Tunnel:
    def __init__(self, words: list[str], moved: Moved, address: str | None) -> None:
        self._words = words
        self._moved = moved
        self._known = address is not None
        self._address = address
        self._program: _Program | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def open(self, stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        starting = asyncio.create_task(self._start())
        try:
            await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                return
            starting.result()
        finally:
            for task in (starting, stopped):
                task.cancel()
            await asyncio.gather(starting, stopped, return_exceptions=True)
        self._keeping = asyncio.create_task(self._keep(), name="pfnb tunnel")

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._program is not None:
            await self._program.end()

    async def _start(self) -> None:
        """Start the program and learn its address. StartError, with its last lines, if it does not work."""
        self._program = program = _Program()
        await program.start(self._words)
        try:
            if self._known:
                with suppress(TimeoutError):
                    await asyncio.wait_for(program.ended(), SETTLED_SECONDS)
                    raise StartError(f"--tunnel: {program.said_at_its_end()}")
            else:
                await self._learn(await program.first_address())
        except BaseException:
            await program.end()
            raise

    async def _learn(self, address: str) -> None:
        if address != self._address:
            self._address = address
            await self._moved(address)

    async def _keep(self) -> None:
        """Start the program again whenever it ends."""
        loop = asyncio.get_running_loop()
        wait = FIRST_WAIT
        while True:
            began = loop.time()
            reason: str | None = await self._end_of_program()
            if loop.time() - began > STEADY:
                wait = FIRST_WAIT
            while reason is not None:
                log.warning("%s; it starts again in %g s", reason, wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
                reason = await self._trouble_at_start()

    async def _trouble_at_start(self) -> str | None:
        try:
            await self._start()
        except (PfnbError, OSError) as error:
            return str(error)
        return None

    async def _end_of_program(self) -> str:
        """Wait for its end, and say why it ended. Until then its address may change."""
        program = self._program
        assert program is not None, "it was started"
        reading = asyncio.create_task(self._follow(program), name="pfnb tunnel addresses")
        try:
            await program.ended()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        await program.end()
        return f"--tunnel: {program.said_at_its_end()}"

    async def _follow(self, program: _Program) -> None:
        while not self._known:
            address = await program.next_address()
            try:
                await self._learn(address)
            except (PfnbError, OSError) as error:
                log.warning("--tunnel: its new address %s cannot be kept: %s", address, error)


class _Program:
    """One process group, from start to end. Its output is read to the end, and only its last lines are kept."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._addresses: asyncio.Queue[str] = asyncio.Queue(1)
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._has_address = False
        self._is_over = False
        self._name = ""
        self._why = ""

    async def start(self, words: list[str]) -> None:
        self._name = os.path.basename(words[0])  # noqa: PTH119 - a word, not a file; the others may hold a secret
        self._process = process = await asyncio.create_subprocess_exec(
            "sh", "-c", _GUARD, "sh", *words,
            stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=_environment(os.environ), start_new_session=True,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(process), name="pfnb tunnel output")

    async def first_address(self) -> str:
        """StartError if the program ends without one, or prints none in time."""
        learning, ending = asyncio.ensure_future(self.next_address()), asyncio.ensure_future(self.ended())
        try:
            await asyncio.wait({learning, ending}, timeout=ADDRESS_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if learning.done():
                return learning.result()
            if ending.done():
                raise StartError(f"--tunnel: {self.said_at_its_end()}")
            self._why = f"printed no https address within {ADDRESS_SECONDS:g} s"
            raise StartError(f"--tunnel: {self.said_at_its_end()}. If you know its address, add --public-url")
        finally:
            for task in (learning, ending):
                task.cancel()
            await asyncio.gather(learning, ending, return_exceptions=True)

    async def next_address(self) -> str:
        return await self._addresses.get()

    async def ended(self) -> None:
        """Return when the program has ended and what it wrote is read."""
        assert self._process is not None, "it was started"
        status = await self._process.wait()
        self._why = self._why or (f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}")
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=SETTLED_SECONDS)

    def said_at_its_end(self) -> str:
        """What became of the program, in a few words, and the last lines that it wrote."""
        said = _MASK.masked(" | ".join(self._lines))
        return f"{self._name} {self._why}" + (f": {said}" if said else " and wrote nothing")

    async def end(self) -> None:
        """End the whole group: politely, then not."""
        process = self._process
        if process is None or self._is_over:
            return
        self._is_over = True
        self._why = self._why or "was ended"
        _signal(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), FAREWELL_SECONDS)
        _signal(process.pid, signal.SIGKILL)  # the guard, and children that stayed
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        begun = b""
        while chunk := await process.stdout.read(_CHUNK):
            *lines, begun = re.split(rb"[\r\n]+", begun + chunk)
            for line in lines:
                self._take(line)
            begun = begun[:MOST_LINE]
        self._take(begun)

    def _take(self, line: bytes) -> None:
        text = plain_line(line[:MOST_LINE])
        if not text:
            return
        self._lines.append(text[:300])
        address = address_in(text, is_first=not self._has_address)
        if address is not None:
            self._has_address = True
            if self._addresses.full():
                self._addresses.get_nowait()
            self._addresses.put_nowait(address)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The program is the user's own and may need the user's variables, but not those of the hub and of Jupyter."""
    return {name: value for name, value in environ.items() if not name.startswith(_OURS)}


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
