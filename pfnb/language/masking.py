"""The rule for what displays and traces hide.

Notebooks are saved and pushed with their outputs; the store, the logs command and `origin` stay exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MASK = "••••••"
"""Stands for a secret of any length."""

_OVERLAP = 500

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
    r"|\b(?:gh[opsur]_|github_pat_|glpat-|xox[a-z]-|[srp]k_(?:live|test)_|whsec_|npm_|AIza|pfnb_)[\w-]{10,}",
    re.IGNORECASE,
)
_HOOK = re.compile(
    r"(?<=://)(hooks\.slack(?:-gov)?\.com/|(?:\w+\.)?discord(?:app)?\.com/api/webhooks/|[\w-]+\.webhook\.office\.com/)"
    r"[^\s\"'<>]+",
    re.IGNORECASE,
)
"""Webhooks of others, whose addresses are their secrets."""
_USER_INFO = re.compile(r"(?<=://)([^\s/:@]{1,200}:)[^\s/@]{1,500}(?=@)")
_NAMED = re.compile(r"(?<![\w.-])(?P<name>[A-Za-z_][\w.-]{0,60})\\?[\"']?\s{0,3}[:=]\s{0,3}")
_VALUE = re.compile(r"\\?\"[^\"]*(?:\"|$)|'[^']*(?:'|$)|[^\s&,;\"'<>{}\[\]]+")
_LINE = re.compile(
    r"^(?P<lead>[ \t]{0,40}(?:[-#>*;]\s)?)(?P<name>[A-Za-z_][\w.-]{0,60})"
    r"(?P<between>\s{0,3}[:=]\s{0,3})(?P<value>[^\s&][^&\n]*)$",
    re.MULTILINE,
)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w:.-]{0,60})(?P<rest>[^<>]{0,200})>(?P<value>[^<]+)")
_SUSPECT = re.compile(
    r"[=<@]|(?<!http)(?<!https):|:(?!//)|-----BEGIN|eyJ|(?:bearer|basic|digest)\s"
    r"|gh[opsur]_|github_pat_|glpat-|xox|[srp]k_|whsec_|npm_|AIza|pfnb_|hooks\.slack|api/webhooks/|\.webhook\.office"
    rf"|{_HEX}{{8}}{_DASH}{_HEX}{{4}}",
    re.IGNORECASE,
)
"""What is in every text that has a secret: most have nothing of it, and need no closer look."""
_NOTHING = frozenset({"null", "true", "false", '""', "''"})
_RECEIVER = re.compile(r"(?:[?&]|%3f|%26)(?:uuid|token)(?:=|%3d)$", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """True for the name of a field, parameter or header whose value is a secret: `clientSecret`, `X-Api-Key`, `new_password`.

    What only speaks about a secret is not one: `secret_scanning`, `token_type`, `max_tokens_used`.
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

    What gives nothing away is shown under any name: nothing, an empty text, true and false, and the counts that plurals
    often are (`total_tokens: 512`).
    """
    if value is None or value == "" or isinstance(value, bool) or not is_secret_name(name):
        return False
    return not (name[-1:] in "sS" and str(value).isdigit())


@dataclass(frozen=True)
class Mask:
    """Hides the uuids whose last six characters are among `tails` (in lower case), or all of them, and everything that
    reads as a credential."""

    tails: frozenset[str] = frozenset()
    all_uuids: bool = False

    @classmethod
    def for_entries(cls, entries: Iterable[Mapping[str, Any]]) -> Mask:
        """A log row does not carry its webhook's uuid, but its traceId begins with the uuid's last six characters."""
        traces = (str(entry.get("traceId") or "") for entry in entries)
        return cls(frozenset(trace.partition(":")[0].lower() for trace in traces if ":" in trace))

    def uuids(self, text: str) -> str:
        """`text` with the webhooks' uuids (with or without dashes) as `…6936bd`."""
        return _UUID.sub(self._uuid, text)

    def text(self, text: str) -> str:
        """`text` without uuids of the webhooks, credentials of known shape, and values behind secret names."""
        if _SUSPECT.search(text) is None:
            return text
        text = _LINE.sub(_line, self.uuids(text))
        text = _CREDENTIAL.sub(lambda found: (found["scheme"] or "") + MASK, text)
        text = _HOOK.sub(rf"\1{MASK}", text)
        text = _USER_INFO.sub(rf"\1{MASK}", text)
        return _ELEMENT.sub(_element, _without_named(text))

    def head(self, text: str, length: int) -> str:
        """The first `length` characters of the masked text.

        Masked before it is cut, since half a secret is recognised no more; but no more of it than needed is read.
        """
        masked = self.text(text[: length + _OVERLAP])
        return masked[: min(length, len(masked) - _OVERLAP) if len(text) > length + _OVERLAP else length]

    def bytes(self, data: bytes) -> bytes:
        """`data` of the same length, with stars for the uuids of the webhooks."""
        return _UUID.sub(self._stars, data.decode("latin-1")).encode("latin-1")

    def _uuid(self, found: re.Match[str]) -> str:
        tail = found[1].lower()
        named_receiver = _RECEIVER.search(found.string, max(0, found.start() - 12), found.start())
        return f"…{tail}" if self.all_uuids or tail in self.tails or named_receiver else found[0]

    def _stars(self, found: re.Match[str]) -> str:
        return found[0] if self._uuid(found) == found[0] else "*" * len(found[0])


def masked_uuid(uuid: str) -> str:
    """The way a webhook's uuid is written wherever it is not asked for: `…6936bd`."""
    return f"…{uuid[-6:]}"


def _without_named(text: str) -> str:
    """Only what is hidden is passed over: an ordinary value may have a name and its secret inside (a URL with a query)."""
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
    """`Cookie: a=1; b=2` and `password: several words`: the secret goes on to the end of its line."""
    if found["value"] in _NOTHING or not hides(found["name"], found["value"]):
        return found[0]
    return f"{found['lead']}{found['name']}{found['between']}{MASK}"


def _element(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]) or not found["value"].strip():
        return found[0]
    return f"<{found['name']}{found['rest']}>{MASK}"
