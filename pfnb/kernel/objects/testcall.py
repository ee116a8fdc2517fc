"""Calls a webhook from its own notebook through HTTP, as an outside caller would."""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import responses
from pathlib import Path
from typing import Any

from pfnb.exceptions import HubUnreachableError, ParameterError
from pfnb.hub.receiving.naming import HOOK
from pfnb.language.media_types import OCTETS
from pfnb.language.plain import plain

_SHOWN = 4000
_MARGIN = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """What to send: `body` (bytes and text as they are, anything else as JSON), or `fields` and `files` as a form.

    Each file is sent in a field named `file`. With `wait` the answer is the pipeline's, after `timeout` seconds at most.
    """

    body: Any = None
    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[Path, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    wait: bool = False
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller of a webhook gets back."""

    status: int
    headers: dict[str, str]
    content: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body parsed as JSON. ValueError if it is not JSON."""
        return json.loads(self.content)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        try:
            body = json.dumps(self.json(), indent=2, ensure_ascii=False)
        except ValueError:
            body = self.text
        rest = f"\n… {len(body) - _SHOWN:,} more characters" if len(body) > _SHOWN else ""
        printer.text(f"{self.status} {responses.get(self.status, '')}\n{body[:_SHOWN]}{rest}".rstrip())


def request_of(
    body: Any,
    fields: Mapping[str, str] | None,
    files: Sequence[str | Path],
    headers: Mapping[str, str] | None,
    method: str,
    *,
    wait: bool,
    timeout: float,
) -> Request:
    """A `Request` from the arguments of `Webhook.send`."""
    return Request(
        body=body,
        fields=tuple((fields or {}).items()),
        files=tuple(Path(path) for path in files),
        headers=dict(headers or {}),
        method=method,
        wait=wait,
        timeout=timeout,
    )


async def send(hub_url: str, uuid: str, request: Request) -> Answer:
    """Send a request to the webhook of this uuid. HubUnreachableError if nothing answers."""
    import httpx

    body, headers = _body(request)
    params: dict[str, str] = {"wait": "true", "timeout": f"{request.timeout:g}"} if request.wait else {}
    form: dict[str, list[str]] = {}
    for name, value in request.fields:
        form.setdefault(name, []).append(value)
    files = [
        ("file", (path.name, await asyncio.to_thread(path.read_bytes), content_type(path))) for path in request.files
    ]
    if request.method == "GET":
        query, form = {**form, **params}, {}
    else:
        query = dict(params)
    async with httpx.AsyncClient(trust_env=False, timeout=request.timeout + _MARGIN) as client:
        try:
            response = await client.request(
                request.method,
                f"{hub_url}{HOOK}/{uuid}",
                params=query,
                headers={**headers, **request.headers},
                content=body,
                data=form or None,
                files=files or None,
            )
        except httpx.HTTPError as error:
            raise HubUnreachableError(f"the hub at {hub_url} did not answer ({type(error).__name__})") from error
    return Answer(response.status_code, dict(response.headers), response.content)


def _body(request: Request) -> tuple[bytes | None, dict[str, str]]:
    if request.body is None:
        return None, {}
    if request.fields or request.files:
        raise ParameterError("a request can have either a body, or fields and files")
    if isinstance(request.body, bytes):
        return request.body, {"Content-Type": OCTETS}
    if isinstance(request.body, str):
        return request.body.encode(), {"Content-Type": "text/plain; charset=utf-8"}
    return json.dumps(plain(request.body, "the body", with_bytes=False)).encode(), {"Content-Type": "application/json"}


def content_type(path: Path) -> str:
    """The MIME type guessed from the file's name."""
    return mimetypes.guess_type(path.name)[0] or OCTETS
