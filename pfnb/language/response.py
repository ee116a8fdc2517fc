"""The HTTP response of a run to a waiting caller: status, headers, cookies and body, checked where they are set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pfnb.exceptions import ParameterError

Headers = dict[str, str | list[str]]
"""Headers by name. One that is sent several times, such as Set-Cookie, has a list."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_HEADERS = 16_384
"""The most characters of all names and values: proxies and clients refuse longer heads."""
SET_COOKIE = "Set-Cookie"
PAGES_IN_PARTS = "multipart/x-mixed-replace"

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEADER_NAME = re.compile(_WORD)
_COOKIE = re.compile(rf"({_WORD})=([!#-+\--:<-\[\]-~]*|\"[!#-+\--:<-\[\]-~]*\")")
_ONCE = {"Content-Type", "Location"}
_NOT_FOLLOWED = re.compile(r"(?i)(?:javascript|data|vbscript|file|blob|about):")
_OF_THE_MESSAGE = {
    "connection", "content-length", "date", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "server", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
_OF_THE_ORIGIN = {
    "accept-ch", "alt-svc", "clear-site-data", "content-security-policy", "cross-origin-embedder-policy",
    "cross-origin-opener-policy", "expect-ct", "nel", "origin-agent-cluster", "permissions-policy", "public-key-pins",
    "refresh", "report-to", "reporting-endpoints", "service-worker-allowed", "set-login", "strict-transport-security",
    "use-as-dictionary", "x-content-type-options",
}  # fmt: skip
_OF_PROXIES = ("x-accel-", "x-sendfile", "x-lighttpd-")
"""With these a server behind nginx or Apache makes the proxy answer with a file of its own."""
_ATTRIBUTES = {
    "expires": "Expires", "max-age": "Max-Age", "secure": "Secure", "httponly": "HttpOnly", "samesite": "SameSite",
    "partitioned": "Partitioned", "priority": "Priority",
}  # fmt: skip


@dataclass(init=False, frozen=True, slots=True)
class Response:
    """The response to a caller who waits. `body` is text, bytes, a file of an event, a `pathlib.Path` or anything that JSON has;
    if it is None, the run's final body is sent.

    A header that is sent several times has a list of values. A cookie is `{"name": "value"}`, or a map with `value`, `maxAge`
    (seconds), `expires`, `secure`, `httpOnly` (true by default), `sameSite` (Lax by default) and `partitioned`; None deletes it.
    Cookies are for the address of the webhook only.

    ParameterError for what cannot be sent: a status below 200 or above 599, a redirect without Location, a header with a line
    break or beyond ASCII, one that only the server sets, or a cookie that browsers drop or that is for other addresses.
    """

    status: int
    body: Any
    headers: Headers

    def __init__(
        self,
        status: int = 200,
        body: Any = None,
        headers: Mapping[str, Any] | None = None,
        cookies: Mapping[str, Any] | None = None,
    ) -> None:
        made = checked_headers({} if headers is None else headers)
        if cookies:
            lines = [_cookie_line(name, given) for name, given in cookies.items()]
            made = with_headers(made, checked_headers({SET_COOKIE: lines}))
        for name, value in (("status", _checked_status(status)), ("body", body), ("headers", made)):
            object.__setattr__(self, name, value)
        if status in REDIRECTS and not made.get("Location"):
            raise ParameterError(f"a response with status {status} needs the header Location: where to go instead")
        size = sum(len(name) + len(value) for name, value in header_lines(made))
        if size > MAX_HEADERS:
            raise ParameterError(f"the headers of a response may have {MAX_HEADERS:,} characters, not {size:,}")


def header_lines(headers: Mapping[str, str | list[str]]) -> Iterable[tuple[str, str]]:
    """A name and a value for each header line."""
    for name, value in headers.items():
        for one in [value] if isinstance(value, str) else value:
            yield name, one


def with_headers(before: Headers, more: Headers) -> Headers:
    """Both; what is in `more` replaces earlier headers, and earlier cookies, of the same name."""
    both = {**before, **more}
    if SET_COOKIE in before and SET_COOKIE in more:
        by_name = {line.partition("=")[0]: line for line in [*before[SET_COOKIE], *more[SET_COOKIE]]}
        both[SET_COOKIE] = list(by_name.values())
    return both


def checked_headers(given: Mapping[str, Any]) -> Headers:
    """The headers with the usual spelling of their names, if they can be sent. Raises ParameterError."""
    if not isinstance(given, Mapping):
        raise ParameterError("headers must be a map of names and values")
    made: Headers = {}
    for name, value in given.items():
        spelt = _checked_name(name)
        values = [_checked_value(spelt, one) for one in (value if isinstance(value, list | tuple) else [value])]
        if len(values) > 1 and spelt in _ONCE:
            raise ParameterError(f"the header {spelt} can be sent only once")
        is_single = len(values) == 1 and spelt != SET_COOKIE
        made = with_headers(made, {spelt: values[0] if is_single else values})
    return made


def is_header_name(text: str) -> bool:
    """Whether a header may have this name."""
    return _HEADER_NAME.fullmatch(text) is not None


def can_be_sent(name: str, value: str) -> bool:
    """Whether a response may have this header."""
    try:
        return checked_headers({name: value}) is not None
    except ParameterError:
        return False


def _checked_status(status: Any) -> int:
    if isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599:
        return status
    shown = status if isinstance(status, int) else f"of the type {type(status).__name__}"
    raise ParameterError(f"the status of a response must be a number from 200 to 599, not {shown}")


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not is_header_name(name.strip()):
        raise ParameterError(f"{name!r} cannot be the name of a header")
    plain = name.strip().lower()
    if plain in _OF_THE_MESSAGE or plain in _OF_THE_ORIGIN or plain.startswith(_OF_PROXIES):
        raise ParameterError(f"{name.strip()} is set by the server and cannot be overridden")
    return "-".join(word.capitalize() for word in plain.split("-"))


def _checked_value(name: str, value: Any) -> str:
    text = str(value).strip()
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ParameterError(f"the header {name} cannot have line breaks or control characters")
    if name == "Location":
        return _checked_location(text)
    if not text.isascii():
        raise ParameterError(f"the value of {name} has characters beyond ASCII: encode it first")
    if name == SET_COOKIE:
        _check_cookie(text)
    if name == "Content-Type" and PAGES_IN_PARTS in text.lower():
        raise ParameterError(f"Content-Type cannot be {PAGES_IN_PARTS}: browsers take its parts for pages of their own")
    return text


def _checked_location(text: str) -> str:
    """Characters beyond ASCII are percent-encoded, as browsers do."""
    if not text or any(character.isspace() for character in text):
        raise ParameterError("the header Location must be an address without spaces")
    if _NOT_FOLLOWED.match(text):
        raise ParameterError(f"no client follows a redirect to {text.partition(':')[0]}:")
    return quote(text, safe="".join(map(chr, range(33, 127))))


def _cookie_line(name: Any, given: Any) -> str:
    """The value of a Set-Cookie header."""
    options = {
        _option(key): value for key, value in (given if isinstance(given, Mapping) else {"value": given}).items()
    }
    if options.get("value") is None:
        options |= {"value": "", "max-age": 0}
    line = f"{name}={options.pop('value')}"
    _check_cookie(line.replace(";", " "))  # an attribute must not come with the value
    for option, value in {"httponly": True, "samesite": "Lax", **options}.items():
        spelt = _ATTRIBUTES.get(option)
        if spelt is None:
            raise ParameterError(
                f"the cookie {name} has {option!r}: use value, maxAge, expires, secure, httpOnly or sameSite"
            )
        if value is not None and value is not False:
            line += f"; {spelt}" if value is True else f"; {spelt}={value}"
    return line


def _option(key: Any) -> str:
    plain = re.sub(r"[_-]", "", str(key)).lower()
    return "max-age" if plain == "maxage" else plain


def _check_cookie(line: str) -> None:
    first, *rest = (part.strip() for part in line.split(";"))
    if _COOKIE.fullmatch(first) is None:
        raise ParameterError(
            f"{SET_COOKIE} must begin with a name, = and a value without spaces, commas, quotes and backslashes: encode it first"
        )
    name = first.partition("=")[0]
    attributes = {
        key.strip().lower(): value.strip().lower() for key, _, value in (part.partition("=") for part in rest)
    }
    others = [key for key in attributes if key not in _ATTRIBUTES]
    if others:
        raise ParameterError(
            f"the cookie {name} has {others[0].title() or 'an empty attribute'}: it is always for the address of its webhook, "
            f"and may have {', '.join(_ATTRIBUTES.values())}"
        )
    if name.lower().startswith("__host-"):
        raise ParameterError(f"the cookie {name} would be for all of the host: name it without __Host-")
    needs = {
        "a name with __Secure-": name.lower().startswith(("__secure-", "__http-")),
        "SameSite=None": attributes.get("samesite") == "none",
        "Partitioned": "partitioned" in attributes,
    }
    for what, is_there in needs.items():
        if is_there and "secure" not in attributes:
            raise ParameterError(f"the cookie {name} needs Secure, since browsers drop {what} without it")
