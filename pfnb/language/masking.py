"""Rules for what displays and traces hide.

Notebooks are saved and pushed with their outputs; the store, the logs command and `origin` stay exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.uuid_tail import tail

MASK = "••••••"
"""Replaces a secret of any length."""

_OVERLAP = 500
_SHORTEST_HIDDEN = 8

_HEX = "[0-9a-f]"
_DASH = "(?:-|%2d)?"
_UUID = re.compile(
    rf"{_HEX}{{8}}{_DASH}{_HEX}{{4}}{_DASH}{_HEX}{{4}}{_DASH}{_HEX}{{4}}{_DASH}{_HEX}{{6}}({_HEX}{{6}})", re.IGNORECASE
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ANYWHERE = ("password", "passwd", "passphrase", "passcode", "apikey", "authorization", "credential", "hmac")
_AT_THE_END = (
    "token", "secret", "pwd", "signature", "cookie", "authentication", "authkey", "accesskey", "secretkey", "privatekey",
    "signingkey", "sharedkey", "encryptionkey", "subscriptionkey", "functionskey", "sessionkey", "webhookkey",
    "masterkey", "sessionid", "secretvalue", "secrethash", "tokenvalue", "tokenhash",
)  # fmt: skip
_LAST_WORD = frozenset({"auth", "pass", "jwt", "bearer", "otp", "cvv", "cvc", "sig"})
_HEADER_ANYWHERE = ("signature", "secret", "password", "token")

_CREDENTIAL = re.compile(
    r"(?P<scheme>\b(?:bearer|basic|digest)\s+)(?=\S{0,80}[\d=]|\S{24})[\w.~+/=:-]{8,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}-----)?"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"
    r"|\b(?:gh[opsur]_|github_pat_|glpat-|xox[a-z]-|[srp]k_(?:live|test)_|npm_|AIza|pfnb_)[\w-]{10,}"
    r"|\bwhsec_[\w/+-]{10,}={0,2}"
    r"|(?<=\.hmac-)[\w-]{43}",
    re.IGNORECASE,
)
_HOOK = re.compile(
    r"(?<=://)(hooks\.slack(?:-gov)?\.com/|(?:\w+\.)?discord(?:app)?\.com/api/webhooks/|[\w-]+\.webhook\.office\.com/)"
    r"[^\s\"'<>]+",
    re.IGNORECASE,
)
"""Webhooks of other services, whose URLs are secrets."""
_USER_INFO = re.compile(r"(?<=://)([^\s/:@]{1,200}:)[^\s/@]{1,500}(?=@)")
_NAMED = re.compile(r"(?<![\w.-])(?P<name>[A-Za-z_][\w.-]{0,60})\\?[\"']?\s{0,3}[:=]\s{0,3}")
_VALUE = re.compile(r"\\?\"[^\"]*(?:\"|$)|'[^']*(?:'|$)|[^\s&,;\"'<>{}\[\]]+")
_LINE = re.compile(
    r"^(?P<lead>[ \t]{0,40}(?:[-#>*;]\s)?)(?P<name>[A-Za-z_][\w.-]{0,60})"
    r"(?P<between>\s{0,3}[:=]\s{0,3})(?P<value>[^\s&][^&\n]*)$",
    re.MULTILINE,
)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w:.-]{0,60})(?P<rest>[^<>]{0,200})>(?P<value>[^<]+)")
_SIGN = re.compile(
    r"[=<@]|-----begin|eyj|(?:bearer|basic|digest)\s|gh[opsur]_|github_pat_|glpat-|xox|[srp]k_|whsec_|npm_|aiza|pfnb_"
    r"|\.hmac-|hooks\.slack|api/webhooks/|\.webhook\.office"
)
"""Matches in every text that has a secret, in lower case."""
_HINTS = (
    "=", "<", "@", "_", "-----", "hook", "eyj", "bearer", "basic", "digest", "glpat-", "xox", "aiza", ".hmac-",
)  # fmt: skip
"""Each match of _SIGN has one of these. Searching for all of them takes a fifth of its time."""
_HEX_AS_ZERO = bytes(ord("0") if chr(code) in "0123456789abcdef" else ord(" ") for code in range(256))
_LONG_NUMBER = b"0" * 8
_SHORTEST = 14
"""Minimum length of a secret of only letters and digits."""
_NOTHING = frozenset({"null", "true", "false", '""', "''"})
_RECEIVER = re.compile(
    r"(?:(?:[?&]|%3f|%26)(?:uuid|token)(?:=|%3d)|(?:/|%2f)(?:hook|webhook\.receive)(?:/|%2f))$", re.IGNORECASE
)
_RECEIVER_LENGTH = 24


class Hidden:
    """Secrets that a run has used: texts to mask wherever they come up in what it shows."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"Hidden({len(self._texts)})"

    def add(self, text: str) -> None:
        """Shorter texts than eight characters are left out: they occur in ordinary words."""
        if len(text) >= _SHORTEST_HIDDEN:
            self._texts[text] = None

    def masked(self, text: str) -> str:
        for one in sorted(self._texts, key=len, reverse=True):
            text = text.replace(one, MASK)
        return text


def is_secret_name(name: str) -> bool:
    """True for the name of a field, parameter or header whose value is a secret: `clientSecret`, `X-Api-Key`, `new_password`.

    A name that is only about a secret does not count: `secret_scanning`, `token_type`, `max_tokens_used`.
    """
    words = [word.lower() for word in _WORD.findall(name[:200])]
    letters = "".join(words)
    ends = (letters, letters.removesuffix("s"))
    return (
        any(part in letters for part in _ANYWHERE)
        or any(end.endswith(_AT_THE_END) for end in ends)
        or (bool(words) and words[-1] in _LAST_WORD)
    )


def is_secret_header(name: str) -> bool:
    """As `is_secret_name`, and stricter: a header that says signature, secret, password or token anywhere is one."""
    return is_secret_name(name) or any(part in name.lower() for part in _HEADER_ANYWHERE)


def hides(name: str, value: Any) -> bool:
    """True if `value`, found under `name`, must not be shown.

    Harmless values are shown under any name: null, an empty text, true and false, and counts, as plurals often are
    (`total_tokens: 512`).
    """
    if value is None or value == "" or isinstance(value, bool) or not is_secret_name(name):
        return False
    return not (name[-1:] in "sS" and str(value).isdigit())


@dataclass(frozen=True)
class Mask:
    """Hides the uuids whose last six characters are among `tails` (in lower case), or all of them, and everything that looks
    like a credential."""

    tails: frozenset[str] = frozenset()
    all_uuids: bool = False

    @classmethod
    def for_entries(cls, entries: Iterable[Mapping[str, Any]]) -> Mask:
        """A mask for log rows, which have no webhook uuid, but a traceId that begins with its last six characters."""
        traces = (str(entry.get("traceId") or "") for entry in entries)
        return cls(frozenset(trace.partition(":")[0].lower() for trace in traces if ":" in trace))

    @classmethod
    def for_uuids(cls, uuids: Iterable[str]) -> Mask:
        """A mask for the webhooks of these uuids."""
        return cls(frozenset(tail(uuid).lower() for uuid in uuids if uuid))

    def uuids(self, text: str) -> str:
        """`text` with the webhooks' uuids (with or without dashes) as `…6936bd`."""
        return _UUID.sub(self._uuid, text)

    def text(self, text: str) -> str:
        """`text` without uuids of the webhooks, credentials of known shape, and values behind secret names."""
        if not _may_have_secret(text):
            return text
        text = _LINE.sub(_line, self.uuids(text))
        text = _CREDENTIAL.sub(lambda found: (found["scheme"] or "") + MASK, text)
        text = _HOOK.sub(rf"\1{MASK}", text)
        text = _USER_INFO.sub(rf"\1{MASK}", text)
        return _ELEMENT.sub(_element, _without_named(text))

    def head(self, text: str, length: int) -> str:
        """The first `length` characters of the masked text.

        Masked before it is cut, since half a secret would not be recognised; reads no more than needed.
        """
        masked = self.text(text[: length + _OVERLAP])
        return masked[: min(length, len(masked) - _OVERLAP) if len(text) > length + _OVERLAP else length]

    def bytes(self, data: bytes) -> bytes:
        """`data` of the same length, with stars for the uuids of the webhooks."""
        return _UUID.sub(self._stars, data.decode("latin-1")).encode("latin-1")

    def _uuid(self, found: re.Match[str]) -> str:
        end = found[1].lower()
        named_receiver = _RECEIVER.search(found.string, max(0, found.start() - _RECEIVER_LENGTH), found.start())
        return f"…{end}" if self.all_uuids or end in self.tails or named_receiver else found[0]

    def _stars(self, found: re.Match[str]) -> str:
        return found[0] if self._uuid(found) == found[0] else "*" * len(found[0])


def _may_have_secret(text: str) -> bool:
    """Whether the full search is needed, which takes a hundred times as long. Most texts do not need it."""
    if len(text) < _SHORTEST and text.isalnum():
        return False
    small = text.lower()
    return (
        (any(hint in small for hint in _HINTS) and _SIGN.search(small) is not None)
        or small.count(":") > small.count("http://") + small.count("https://")
        or _LONG_NUMBER in small.encode("ascii", "replace").translate(_HEX_AS_ZERO)
    )


def _without_named(text: str) -> str:
    """Skip only what is hidden: an ordinary value may contain a secret with its name (a URL with a query)."""
    pieces, end = [], 0
    for named in _NAMED.finditer(text):
        found = _VALUE.match(text, named.end()) if named.start() >= end else None
        if (
            found is None
            or found[0] in _NOTHING
            or found[0].startswith(("…", MASK))
            or not hides(named["name"], found[0])
        ):
            continue
        quote = next((mark for mark in ('"', "'") if found[0].lstrip("\\").startswith(mark)), "")
        pieces += [text[end : named.end()], f"{quote}{MASK}{quote}"]
        end = found.end()
    return "".join([*pieces, text[end:]])


def _line(found: re.Match[str]) -> str:
    """`Cookie: a=1; b=2` and `password: several words`: the secret extends to the end of the line."""
    if found["value"] in _NOTHING or not hides(found["name"], found["value"]):
        return found[0]
    return f"{found['lead']}{found['name']}{found['between']}{MASK}"


def _element(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]) or not found["value"].strip():
        return found[0]
    return f"<{found['name']}{found['rest']}>{MASK}"
