"""When a server of a user passes a request on to another, it vouches for who sent it, and from where. The statement is signed for
this request alone. The secret is in a file that only its owner can read. It is never sent over a connection: the other port may
belong to somebody else by now.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from tornado.httputil import HTTPServerRequest

from pfnb.http.secret import same_secret

Address: TypeAlias = tuple[Any, ...]
"""A socket address: host and port come first."""
HEADER = "X-Pfnb-Vouched"
SECONDS = 60.0
"""Seconds that a signature is valid."""
_PLACE = "pfnb_vouched"


@dataclass(frozen=True, slots=True)
class Vouched:
    """`address` is where the request came from. `login`: the hub's owner sent it, `by_cookie` or not. `kernel_id` and
    `notebook` are those of a kernel that asks for a session."""

    address: str
    login: bool = False
    by_cookie: bool = False
    kernel_id: str | None = None
    notebook: str | None = None
    is_server: bool = False


class Vouching:
    """`url` is where this process listens: statements addressed to another hub are invalid here."""

    def __init__(self, secret: str, url: str) -> None:
        self._key = secret.encode()
        self._url = url

    def header(self, vouched: Vouched, hub: str, method: str, target: str) -> str:
        """The header for a request with this target to the hub that listens at `hub`."""
        said = json.dumps([asdict(vouched), hub, method, target, time.time() + SECONDS])
        text = base64.urlsafe_b64encode(said.encode()).decode()
        return f"{text}.{self._mac('vouched', text)}"

    def take(self, request: HTTPServerRequest) -> None:
        """Verify the header for `vouched_for`, and remove it from the request, valid or not."""
        given = request.headers.pop(HEADER, None)
        vouched = None if given is None else self._checked(given, request)
        if vouched is not None:
            setattr(request, _PLACE, vouched)
            request.remote_ip = vouched.address

    def _checked(self, given: str, request: HTTPServerRequest) -> Vouched | None:
        text, _, mac = given.partition(".")
        if not same_secret(mac, self._mac("vouched", text)):
            return None
        said, hub, method, target, until = json.loads(base64.urlsafe_b64decode(text))
        if (hub, method, target) != (self._url, request.method, request.uri) or time.time() > until:
            return None
        return Vouched(**said)

    def proof(self, caller: Address, nonce: str) -> str:
        """Proof that this hub has the secret, for a caller that has it as well. `caller` is the address that its connection comes
        from: the proof is invalid on any other."""
        return self._proof(self._url, caller, nonce)

    def is_proof(self, proof: object, hub: str, caller: Address, nonce: str) -> bool:
        """Whether the hub at `hub` made this proof for the connection from `caller`."""
        return isinstance(proof, str) and same_secret(proof, self._proof(hub, caller, nonce))

    def _proof(self, hub: str, caller: Address, nonce: str) -> str:
        return self._mac("hub", json.dumps([hub, caller[:2], nonce]))

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}\n{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def vouched_for(request: HTTPServerRequest) -> Vouched | None:
    """What another server of this user vouched for; None if none did."""
    found: Vouched | None = getattr(request, _PLACE, None)
    return found
