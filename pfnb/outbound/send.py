"""Sends a request, to checked addresses only, with a bounded number of retries."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pfnb.exceptions import OutboundError, ParameterError
from pfnb.outbound.answer import Answer
from pfnb.outbound.content import Content, signature_headers
from pfnb.outbound.targets import Targets

if TYPE_CHECKING:
    import httpx

MAX_ANSWER = 4 * 1024 * 1024
MAX_WAIT = 60.0
"""The most seconds between two attempts, whatever `Retry-After` asks for."""
_OWN_HEADERS = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te"}
    | {"trailer", "transfer-encoding", "upgrade"}
)
"""Headers of routing and framing, which a pipeline may not set."""


_contexts: dict[tuple[str | None, str | None], ssl.SSLContext] = {}
"""Kept, since reading certificates takes longer than most calls."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """`timeout` is in seconds per attempt; `retries` counts repetitions after a failed connection, a 429 or a 5xx; `wait` is the
    seconds before the second attempt, doubled each time."""

    timeout: float = 30.0
    retries: int = 3
    wait: float = 1.0


async def send(
    targets: Targets,
    url: str,
    content: Content,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    secret: str | None = None,
    attempts: Attempts = Attempts(),
    any_status: bool = False,
) -> Answer:
    """The answer from `url`, with a status of 2xx; with `any_status` the last one, whatever its status.

    With a `secret`, each attempt is signed anew under the same id (Standard Webhooks). Redirects are not followed: a signed body
    is for its original address. AccessDeniedError if the address may not be called; OutboundError without an answer, or for any
    other status.
    """
    check_headers(headers or {})
    message_id = f"msg_{uuid.uuid4().hex}"
    for number in range(1, attempts.retries + 2):
        signed = {} if secret is None else signature_headers(content, [secret], message_id, int(time.time()))
        problem: str
        pause = attempts.wait * 2 ** (number - 1)
        try:
            answer = await attempt(
                targets, url, content, method=method, headers={**(headers or {}), **signed}, seconds=attempts.timeout
            )
        except UnansweredError as error:
            problem = error.message
        else:
            is_last = number > attempts.retries or not answer.may_be_repeated
            if answer.is_success or (any_status and is_last):
                return replace(answer, attempts=number)
            problem = answer.described
            if not answer.may_be_repeated:
                raise OutboundError(f"{place_of(url)} {problem}")
            pause = answer.retry_after or pause
        if number <= attempts.retries:
            await asyncio.sleep(min(pause, MAX_WAIT))
    times = "" if attempts.retries == 0 else f" (sent {attempts.retries + 1} times)"
    raise OutboundError(f"{place_of(url)} {problem}{times}")


def check_headers(names: Iterable[str]) -> None:
    """ParameterError for a header that cannot be set."""
    for name in names:
        if name.lower() in _OWN_HEADERS:
            raise ParameterError(
                f"the header {name} cannot be set: it belongs to the connection and is set automatically"
            )


class UnansweredError(OutboundError):
    """There was no answer: another attempt may get one. The message continues a sentence that begins with the address."""


async def attempt(
    targets: Targets,
    url: str,
    content: Content,
    *,
    method: str = "POST",
    headers: Mapping[str, str],
    seconds: float,
    shown: int | None = None,
) -> Answer:
    """Send a request once: its answer, whatever the status. With `shown`, only so many bytes of the answer are read; else more
    than MAX_ANSWER are an error. Raises UnansweredError, AccessDeniedError if the address may not be called, and ParameterError
    if it cannot."""
    trusted = await _trusted()
    import httpx

    # No compression: a small answer could expand to a huge one.
    sent = httpx.Headers({"Accept-Encoding": "identity"})
    if content.content_type:
        sent["Content-Type"] = content.content_type
    try:
        sent.update(headers)
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(transport=_checked_transport(targets, trusted), timeout=None, trust_env=False) as client,  # noqa: S113
            client.stream(method, url, content=content.data, headers=sent) as response,
        ):
            data = await _read(response) if shown is None else await _beginning(response, shown)
            return Answer(response.status_code, dict(response.headers), data)
    except TimeoutError:
        raise UnansweredError(f"did not answer within {seconds:g} seconds") from None
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, ValueError) as error:
        raise ParameterError(f"{place_of(url)} cannot be called: {error}") from error
    except httpx.TransportError as error:
        raise UnansweredError(f"cannot be reached ({type(error).__name__}: {error})") from error


async def _read(response: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > MAX_ANSWER:
            raise OutboundError(f"the answer is longer than {MAX_ANSWER // 1024 // 1024} MiB")
    return bytes(data)


async def _beginning(response: httpx.Response, size: int) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) >= size:
            break
    return bytes(data[:size])


def _checked_transport(targets: Targets, trusted: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    import httpx

    class CheckedTransport(httpx.AsyncHTTPTransport):
        """Connects to the checked address; the certificate and Host header are still for the name."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            url = request.url
            if url.scheme not in ("http", "https") or not url.host:
                raise httpx.UnsupportedProtocol("it needs http:// or https:// and a host")
            address = await targets.resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
            request.extensions = {**request.extensions, "sni_hostname": url.host}
            request.url = url.copy_with(host=address)
            return await super().handle_async_request(request)

    return CheckedTransport(verify=trusted)


def place_of(url: str) -> str:
    """The address without user, path and query, which hold the secrets of most webhooks."""
    scheme, separator, rest = url.partition("://")
    host = rest.split("/")[0].split("?")[0].rsplit("@")[-1]
    return f"{scheme}{separator}{host}"


async def _trusted() -> ssl.SSLContext:
    """The trusted certificates, from the files that the environment names, if it does."""
    named = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    if named not in _contexts:
        context = await asyncio.to_thread(_context)
        _contexts.clear()
        _contexts[named] = context
        return context
    return _contexts[named]


def _context() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()
