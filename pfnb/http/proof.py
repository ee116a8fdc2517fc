"""Lets other servers of the same user recognize their hub: it proves that it has their secret, and lists what they must mask."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tornado.http1connection import HTTP1ServerConnection
from tornado.web import stream_request_body

from pfnb.http.bodiless import BodilessHandler
from pfnb.http.site import Site
from pfnb.http.vouch import Vouching, vouched_for

PROOF = "/api/v3/hub"
MAX_NONCE = 100


@stream_request_body
class ProofHandler(BodilessHandler):
    """`GET {hub}/api/v3/hub?nonce=…`. A server that vouches for itself also gets the uuids of all webhooks, unless their digest
    equals `have`: it masks them in logs and notebooks."""

    def initialize(self, site: Site, vouching: Vouching) -> None:  # type: ignore[override]
        super().initialize(site)
        self._vouching = vouching

    def get(self) -> None:
        nonce = self.get_query_argument("nonce", "")[:MAX_NONCE]
        connection = self.request.server_connection
        assert isinstance(connection, HTTP1ServerConnection), "this server speaks only HTTP/1"
        proof = self._vouching.proof(connection.context.address, nonce)  # type: ignore[attr-defined]
        answer: dict[str, Any] = {"proof": proof, "ready": self.site.hub.ready}
        vouched = vouched_for(self.request)
        if vouched is not None and vouched.is_server:
            secrets = sorted(self.site.hub.webhooks.secrets())
            if self.get_query_argument("have", "") != digest_of(secrets):
                answer["secrets"] = secrets
        self.answer(answer)


def digest_of(secrets: list[str]) -> str:
    return hashlib.sha256(json.dumps(secrets).encode()).hexdigest()
