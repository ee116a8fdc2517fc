"""How well the time of an answer tells what is behind a webhook's uuid: the AUC of each state against a uuid that nobody has.

0.5 is a coin. Each state is compared with an unknown uuid that is sent the very same request. All requests of a measurement go
in one random sequence: a busy moment of the machine hits every state alike, and so does what the hub still does for the request
before. Turns in rounds would not do that: an unknown uuid would more often come right after a webhook with a listener, whose
delivery keeps the machine busy after the answer.
"""

from __future__ import annotations

import random
import socket
import time
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.live.hub import HubClient

SAMPLES = 1500
MANY = 20
SMALL = b'{"order":42}'
LARGE = b"x" * 200_000
REPEATED = "always-the-same"


@dataclass(frozen=True)
class Shape:
    """What is sent, whoever gets it."""

    body: bytes = SMALL
    headers: str = "Content-Type: application/json\r\n"


PLAIN, EMPTY, BIG = Shape(), Shape(b"", ""), Shape(LARGE, "Content-Type: text/plain\r\n")
WRONG = "X-Hub-Signature-256: sha256=" + "0" * 64 + "\r\n"
FORGED = Shape(SMALL, f"Content-Type: application/json\r\n{WRONG}")
BIG_FORGED = Shape(LARGE, f"Content-Type: text/plain\r\n{WRONG}")
REPEAT = Shape(SMALL, f"Content-Type: application/json\r\nwebhook-id: {REPEATED}\r\n")


@dataclass(frozen=True)
class State:
    """One kind of webhook, named by `uuid`, and what is sent to it and to an unknown one."""

    uuid: str
    shape: Shape = PLAIN


def states(hub: HubClient) -> dict[str, State]:
    """Webhooks in every state, and the pipelines that listen to two of them."""
    uuids = {name: _put(hub, name) for name in ("known", "deactivated", "deleted", "heard", "heard-by-many")}
    hub.command("webhook.put", uuid=uuids["deactivated"], active="false")
    hub.command("webhook.delete", uuid=uuids["deleted"])
    _listen(hub, "heard", 1)
    _listen(hub, "heard-by-many", MANY)
    made = {name: State(one) for name, one in uuids.items()}
    for name, shape in (("empty", EMPTY), ("repeated", REPEAT), ("large", BIG)):
        made[name] = State(_put(hub, name), shape)
    for name, shape in (("unsigned", PLAIN), ("forged", FORGED), ("large and forged", BIG_FORGED)):
        made[name] = State(_put(hub, "signed", signature='{"scheme": "github", "secret": ["one", "two"]}'), shape)
    return made


def _put(hub: HubClient, name: str, **settings: str) -> str:
    return str(hub.command("webhook.put", eventKey=f"timing.{name}", payloadType="raw", **settings)["uuid"])


def _listen(hub: HubClient, name: str, count: int) -> None:
    for number in range(count):
        source = f"pipeline:\n  - event.listen: {{eventKey: timing.{name}}}\n  - body.set: done\n"
        hub.command(
            "property.put",
            path=f"global/app/timing/pipeline/{name}-{number}",
            value=source,
            type="application/yaml;type=pipeline",
        )


class Sender:
    """Sends requests to a receiver and takes the time of each answer, over one connection or a new one each time."""

    def __init__(self, url: str, *, keep_alive: bool) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._path = f"{parts.path}/api/v3/command/webhook.receive"
        self._keep_alive = keep_alive
        self._socket: socket.socket | None = None

    def seconds(self, uuid_: str, shape: Shape) -> float:
        head = f"POST {self._path}?uuid={uuid_} HTTP/1.1\r\nHost: hub\r\n{shape.headers}Content-Length: {len(shape.body)}\r\n\r\n"
        data = head.encode() + shape.body
        begun = time.perf_counter()
        if self._socket is None:
            self._socket = socket.create_connection(self._address)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(data)
        answer = self._socket.recv(65536)
        taken = time.perf_counter() - begun
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"the receiver should answer 200: {answer[:200]!r}")
        if not self._keep_alive:
            self.close()
        return taken

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def separations(url: str, some: Mapping[str, State], *, samples: int, keep_alive: bool) -> dict[str, float]:
    """By state, how well its answers' times tell it from an unknown one's."""
    sender = Sender(url, keep_alive=keep_alive)
    mine: dict[str, list[float]] = {name: [] for name in some}
    unknown: dict[str, list[float]] = {name: [] for name in some}
    strangers = {name: str(uuid.uuid4()) for name in some}
    turns = [(name, known) for name in some for known in (True, False)]
    warming, measured = turns * (samples // 10), turns * samples
    random.shuffle(warming)
    random.shuffle(measured)
    try:
        for number, (name, known) in enumerate(warming + measured):
            state = some[name]
            taken = sender.seconds(state.uuid if known else strangers[name], state.shape)
            if number >= len(warming):
                (mine if known else unknown)[name].append(taken)
    finally:
        sender.close()
    return {name: separation(mine[name], unknown[name]) for name in some}


def separation(one: Sequence[float], other: Sequence[float]) -> float:
    """The chance that the better guess by time alone is right for a pair: 0.5 where nothing can be told, 1 where all can."""
    ranked = sorted(other)
    below = sum(bisect_left(ranked, value) + bisect_right(ranked, value) for value in one) / 2
    auc = below / (len(one) * len(other))
    return max(auc, 1 - auc)
