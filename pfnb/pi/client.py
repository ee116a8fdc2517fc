"""The client of a hub for the command line, over HTTP.


It uses the standard library: every call starts an interpreter, and loading a larger client would dominate its time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError, error_from_json
from pfnb.pi.address import FoundHub

if TYPE_CHECKING:
    from pfnb.http.protocol import KernelPort

T = TypeVar("T")
InSession: TypeAlias = "Callable[[KernelPort, int], Coroutine[Any, Any, T]]"
"""Work for which a request is not enough."""
_FORM = "application/x-www-form-urlencoded"
_SECONDS = 330.0
"""Slightly longer than a hub lets any caller wait."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The body of a command."""

    data: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A result: a JSON value, a text, or bytes of some type."""

    value: Any
    content_type: str


class Client(Protocol):
    """The hub for the verbs of `pi`. All methods raise PfnbErrors. `name` identifies the hub, `origin` says how it was found."""

    @property
    def name(self) -> str: ...

    @property
    def origin(self) -> str: ...

    def command(self, name: str, parameters: Mapping[str, Any], upload: Upload | None = None) -> Reply: ...

    def pipeline(self, text: str) -> Reply: ...

    def stored_pipeline(self, path: str, variables: Mapping[str, str]) -> Reply: ...

    def in_session(self, work: InSession[T], *, is_endless: bool = False) -> T:
        """Call `work` with a session's calls and the sequence number of the newest event. An endless one, which writes to the
        terminal, is only for terminals."""
        ...


GetClient = Callable[[], Client]
"""Connects when called: not every verb needs a hub."""


class HttpClient:
    """One request per call; no retries, failures are raised."""

    def __init__(self, address: FoundHub) -> None:
        self._url = address.url
        self._token = address.token
        self.origin = address.origin
        # The token is for this hub alone: use no proxy of the environment, and follow no redirect.
        self._opener = build_opener(ProxyHandler({}), _NoRedirects())

    @property
    def name(self) -> str:
        return self._url

    def command(self, name: str, parameters: Mapping[str, Any], upload: Upload | None = None) -> Reply:
        words = [
            (key, item) for key, value in parameters.items() for item in (value if isinstance(value, list) else [value])
        ]
        path, form = f"/api/v3/command/{quote(name, safe='.')}", urlencode(words)
        if upload is None:
            return self._post(path, form.encode(), _FORM)
        return self._post(f"{path}?{form}", upload.data, upload.content_type)

    def pipeline(self, text: str) -> Reply:
        return self._post("/api/v3/pipeline", text.encode(), "application/yaml")

    def stored_pipeline(self, path: str, variables: Mapping[str, str]) -> Reply:
        return self._post(f"/api/v3/pipeline:{quote(path)}?{urlencode(variables)}", b"", _FORM)

    def in_session(self, work: InSession[T], *, is_endless: bool = False) -> T:  # noqa: ARG002 - any is welcome here
        from asyncio import run

        return run(self._with_session(work))

    async def _with_session(self, work: InSession[T]) -> T:
        from uuid import uuid4

        from pfnb.client.discovery import HubAddress
        from pfnb.client.port import session_port
        from pfnb.client.session import Session

        session = Session(HubAddress(self._url, self._token), id=f"{uuid4()}", notebook="pi")
        await session.open()
        try:
            return await work(session_port(session), session.since)
        finally:
            await session.close()

    def _post(self, path: str, data: bytes, content_type: str) -> Reply:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content_type}
        request = Request(f"{self._url}{path}", data, headers, method="POST")  # noqa: S310 - the user named the hub
        try:
            with self._opener.open(request, timeout=_SECONDS) as response:
                data, content_type = response.read(), response.headers.get("Content-Type") or ""
        except HTTPError as error:
            with error:
                raise _told(error, self._url) from None
        except HTTPException as error:
            raise HubUnreachableError(
                f"what answers at {self._url} is not a pfnb hub ({type(error).__name__})"
            ) from None
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise HubUnreachableError(f"the hub at {self._url} does not answer ({reason})") from error
        try:
            return _reply(data, content_type)
        except (ValueError, RecursionError):
            raise HubUnreachableError(f"{self._url} is not a working pfnb hub (its answer is not JSON)") from None


class _NoRedirects(HTTPRedirectHandler):
    """Redirects are errors: urllib would send the token along, to any host."""

    def redirect_request(self, *_given: object, **_named: object) -> None:
        return None


def _reply(data: bytes, content_type: str) -> Reply:
    kind = content_type.partition(";")[0].strip()
    if kind == "application/json":
        return Reply(json.loads(data) if data else None, kind)
    if kind.startswith("text/"):
        return Reply(data.decode("utf-8", "replace"), kind)
    return Reply(data, kind)


def _told(error: HTTPError, url: str) -> Exception:
    """The hub's own error, or one that describes what answered in its place."""
    try:
        told = json.loads(error.read())
    except (ValueError, RecursionError, OSError, HTTPException):
        told = None
    by_jupyter = isinstance(told, dict) and told.get("errorType") == "HttpError" and error.code == 403
    if isinstance(told, dict) and "statusMessage" in told and not by_jupyter:
        return error_from_json(told)
    if error.code in (401, 403):
        return NotAuthenticatedError(
            f"{url} rejects this token ({error.code}): give another one with --token or PFNB_TOKEN"
        )
    if 300 <= error.code < 400:
        return HubUnreachableError(
            f"{url} redirects ({error.code}), but the token is sent only to that address: give the hub's own address"
        )
    return HubUnreachableError(f"{url} is not a working pfnb hub (it answered {error.code} {error.reason})")
