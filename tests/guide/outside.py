"""Whoever calls a webhook from outside: by GET, with a body, with files, and naming the webhook in each way there is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import httpx

FILES = {"offer.pdf": b"%PDF-1.7\n\x00\xff" * 10_000, "stück.csv": "a;b\n1;ä\n".encode()}
CHECKSUMS = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}


@dataclass(frozen=True)
class Call:
    """A request, which names the webhook `by` header, query, or a field or key of its body."""

    method: str
    kind: str
    by: str

    @property
    def answer(self) -> str:
        """What the guide's pipeline makes of it."""
        return f"{self.method} lead 7 with {2 if self.kind == 'files' else 0} files"

    def request(self, uuid: str) -> dict[str, Any]:
        query, fields, headers = {"lead": "7"} if self.kind == "query" else {}, {"lead": "7"}, {}
        if self.by == "header":
            headers["token"] = uuid
        elif self.by in ("uuid", "token"):
            query[self.by] = uuid
        else:
            fields["uuid"] = uuid
        bodies = {
            "query": {},
            "json": {"json": fields},
            "form": {"data": fields},
            "files": {"data": fields, "files": [("file", (name, data)) for name, data in FILES.items()]},
        }
        return {"params": query, "headers": headers, **bodies[self.kind]}

    def send(self, url: str, uuid: str, **query: str) -> dict[str, Any]:
        """The answer to a request to the receiver's address."""
        request = self.request(uuid)
        request["params"] |= query
        answer = httpx.request(self.method, url.partition("?")[0], timeout=30, trust_env=False, **request)
        told: dict[str, Any] = answer.json()
        assert answer.status_code == told["statusCode"], answer.text
        return told


CALLS = [
    Call("GET", "query", "header"),
    Call("GET", "query", "uuid"),
    Call("GET", "query", "token"),
    Call("POST", "json", "header"),
    Call("POST", "json", "uuid"),
    Call("POST", "json", "key"),
    Call("POST", "form", "field"),
    Call("POST", "files", "header"),
    Call("POST", "files", "token"),
    Call("POST", "files", "field"),
]
