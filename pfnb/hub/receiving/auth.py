"""Checks what senders that do not sign prove themselves with: a password, a fixed value, a token or a JWT. A webhook's `auth`."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.hub.receiving.proof import Effort, Proof, header_bytes, refused, same
from pfnb.hub.receiving.request import Body, Received
from pfnb.hub.receiving.signed import NAME

AUTHORIZATION = "authorization"
MAX_SECRETS = 10
MAX_TOKEN = 16 * 1024
TOLERANCE = 30
_TYPES: Mapping[str, tuple[str, ...]] = {
    "basic": ("password", "username"),
    "header": ("value", "name"),
    "bearer": ("token",),
    "jwt": ("key", "algorithm", "issuer", "audience", "tolerance"),
}
"""What each type takes. The first has its secret."""


def secret_key_of(kind: Any) -> str:
    """The key of `auth` that has the secret of this type."""
    return _TYPES.get(kind, ("key",))[0]


def auth_of(given: Mapping[str, Any], secrets: Sequence[str]) -> Proof:
    """The check that a webhook's `auth` demands; `given` has none of the secrets. ParameterError says which key is wrong."""
    kind = given.get("type")
    if kind is None:
        raise ParameterError(f"auth needs type: one of {', '.join(_TYPES)}")
    takes = _TYPES[kind]
    for name in given:
        if name not in ("type", "secrets", *takes):
            raise ParameterError(f"auth: the type {kind} takes {', '.join(takes)}, not {name}")
    secret = takes[0]
    if not 1 <= len(secrets) <= MAX_SECRETS:
        raise ParameterError(f"auth.{secret}: give 1 to {MAX_SECRETS}, not {len(secrets)}")
    if not all(one.strip() for one in secrets):
        raise ParameterError(f"auth.{secret} is empty")
    if kind == "basic":
        username = given.get("username")
        if not username or ":" in username:
            raise ParameterError("auth: the type basic needs username, without a colon")
        return Basic(username, secrets)
    if kind == "header":
        name = given.get("name") or ""
        if not NAME.fullmatch(name) or "|" in name:
            raise ParameterError("auth: the type header needs name, the name of a header such as X-Api-Key")
        return HeaderValue(name, secrets)
    return Bearer(secrets) if kind == "bearer" else Jwt(given, secrets)


class _OfHeader:
    """What all of these have in common: one header, and a cost that does not count."""

    header = AUTHORIZATION
    shown = "Authorization"

    @property
    def hidden(self) -> frozenset[str]:
        return frozenset((self.header,))

    @property
    def most(self) -> Effort:
        return Effort()

    def decoys(self) -> Mapping[str, Callable[[Body], object]]:
        return {}

    def value(self, received: Received) -> str:
        value = received.headers.get(self.header)
        if value is None:
            raise refused(f"no {self.shown} header")
        return value.strip()

    def credentials(self, received: Received, scheme: str) -> str:
        """What follows the scheme in an Authorization header."""
        named, _, value = self.value(received).partition(" ")
        if named.lower() != scheme.lower():
            raise refused(f"the Authorization header does not begin with {scheme}")
        return value.strip()


class HeaderValue(_OfHeader):
    """A header with one of these values."""

    def __init__(self, name: str, values: Sequence[str]) -> None:
        self.header = name.lower()
        self.shown = name
        self._values = [value.strip().encode() for value in values]

    async def check(self, received: Received, now: int, effort: Effort) -> None:  # noqa: ARG002
        given = header_bytes(self.value(received))
        if not _is_one(given, self._values):
            raise refused(
                f"{self.shown} has another value" if len(self._values) == 1 else f"{self.shown} has none of the values"
            )


class Basic(_OfHeader):
    def __init__(self, username: str, passwords: Sequence[str]) -> None:
        self._pairs = [f"{username}:{password}".encode() for password in passwords]

    async def check(self, received: Received, now: int, effort: Effort) -> None:  # noqa: ARG002
        try:
            given = base64.b64decode(self.credentials(received, "Basic"), validate=True)
        except ValueError:
            raise refused("the Authorization header has no base64 behind Basic") from None
        if not _is_one(given, self._pairs):
            raise refused("the user name or the password is wrong")


class Bearer(_OfHeader):
    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = [token.strip().encode() for token in tokens]

    async def check(self, received: Received, now: int, effort: Effort) -> None:  # noqa: ARG002
        if not _is_one(header_bytes(self.credentials(received, "Bearer")), self._tokens):
            raise refused("the bearer token is wrong")


class Jwt(_OfHeader):
    """A JWT in the Authorization header, with or without `Bearer`, of one algorithm."""

    def __init__(self, given: Mapping[str, Any], keys: Sequence[str]) -> None:
        # Imported lazily: few webhooks demand a JWT.
        import jwt

        self._jwt = jwt
        self._algorithm: str = given.get("algorithm", "HS256")
        self._other = f"the JWT is not signed with {self._algorithm}"
        self._issuer, self._audience = given.get("issuer"), given.get("audience")
        self._tolerance: int = given.get("tolerance", TOLERANCE)
        self._keys = [self._prepared(key) for key in keys]

    @property
    def most(self) -> Effort:
        return Effort({self._algorithm: len(self._keys)})

    def _prepared(self, key: str) -> Any:
        prepared = None
        # PyJWT and its backend raise errors of many types, whose texts may quote the key.
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            prepared = self._jwt.get_algorithm_by_name(self._algorithm).prepare_key(key)
        if prepared is None or hasattr(prepared, "private_bytes"):
            what = (
                "a shared secret, not a public key" if self._algorithm.startswith("HS") else "a public key as PEM text"
            )
            raise ParameterError(f"auth.key: {self._algorithm} needs {what}")
        return prepared

    async def check(self, received: Received, now: int, effort: Effort) -> None:  # noqa: ARG002
        value = self.value(received)
        token = value[7:].strip() if value[:7].lower() == "bearer " else value
        if len(token) > MAX_TOKEN:
            raise refused(f"the JWT has more than {MAX_TOKEN:,} characters")
        reasons = []
        for key in self._keys:
            reasons.append(self._reason(token, key))
            effort[self._algorithm] += reasons[-1] not in (_NONE, self._other)
        if None not in reasons:
            # The most telling: a signature that does not match says only that this is not the key.
            raise refused(next((one for one in reasons if one != _WRONG), _WRONG) or _WRONG)

    def _reason(self, token: str, key: Any) -> str | None:
        """Why this is no valid JWT by this key; None if it is."""
        errors = self._jwt
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of short secrets: the sender chose them
                self._jwt.decode(
                    token,
                    key,
                    algorithms=[self._algorithm],
                    issuer=self._issuer,
                    audience=self._audience,
                    leeway=self._tolerance,
                    options={"verify_aud": self._audience is not None},
                )
        except errors.ExpiredSignatureError:
            return "the JWT has expired"
        except errors.ImmatureSignatureError:
            return "the JWT is not valid yet (is this machine's clock right?)"
        except errors.InvalidAudienceError:
            return "the JWT is for another audience"
        except errors.InvalidIssuerError:
            return "the JWT is from another issuer"
        except errors.MissingRequiredClaimError as error:
            return f"the JWT has no {error.claim}"
        except errors.InvalidAlgorithmError:
            return self._other
        except errors.InvalidSignatureError:
            return _WRONG
        except Exception:  # what a stranger sends reaches PyJWT's parsing of JSON and numbers
            return _NONE
        return None

    def decoys(self) -> Mapping[str, Callable[[Body], object]]:
        token, key = self._decoy(), self._keys[0]
        return {self._algorithm: lambda _: self._reason(token, key)}

    def _decoy(self) -> str:
        """A JWT whose signature is as long as a true one, and wrong."""
        size = {"HS256": 32, "HS384": 48, "HS512": 64, "ES256": 64, "ES384": 96, "EdDSA": 64}.get(self._algorithm, 256)
        if hasattr(self._keys[0], "key_size") and self._algorithm[:2] in ("RS", "PS"):
            size = self._keys[0].key_size // 8
        parts = (b'{"alg":"%s","typ":"JWT"}' % self._algorithm.encode(), b"{}", b"\x01" * size)
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


_NONE = "the Authorization header has no JWT"
_WRONG = "the JWT's signature does not match the key"


def _is_one(given: bytes, values: Sequence[bytes]) -> bool:
    """All are compared, whichever is the one."""
    found = False
    for value in values:
        found |= same(given, value)
    return found
