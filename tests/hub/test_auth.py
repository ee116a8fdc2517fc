"""Senders that do not sign: a password, a header's value, a token or a JWT."""

from __future__ import annotations

import base64
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pfnb.exceptions import NotAdmittedError, ParameterError
from pfnb.hub.receiving.auth import auth_of
from pfnb.hub.receiving.proof import Effort
from tests.hub.test_signatures import received

SECRET = "a shared secret of at least 64 bytes, as RFC 7518 recommends for HS512"
BASIC = {"type": "basic", "username": "ada"}
HEADER = {"type": "header", "name": "X-Api-Key"}


async def reason(setting: dict[str, Any], secrets: list[str], headers: dict[str, str]) -> str | None:
    """Why the request is refused; None if it is not."""
    try:
        await auth_of(setting, secrets).check(received(headers, b"{}"), 0, Effort())
    except NotAdmittedError as error:
        return error.message if error.status == 401 else "not a refusal of its sender"
    return None


def basic(words: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(words.encode()).decode()}


@pytest.mark.parametrize(
    ("setting", "secrets", "headers", "why"),
    [
        (BASIC, ["pass:wörd"], basic("ada:pass:wörd"), None),
        (BASIC, ["old", "new"], basic("ada:new"), None),
        (BASIC, ["p"], {"authorization": basic("ada:p")["Authorization"].replace("Basic", "basic ")}, None),
        (BASIC, ["p"], basic("ada:q"), "The user name or the password is wrong."),
        (BASIC, ["p"], basic("Ada:p"), "The user name or the password is wrong."),
        (BASIC, ["p"], {"Authorization": "Basic !!"}, "The Authorization header has no base64 behind Basic."),
        (BASIC, ["p"], {"Authorization": "Bearer p"}, "The Authorization header does not begin with Basic."),
        (BASIC, ["p"], {}, "No Authorization header."),
        (HEADER, ["k1", "k2"], {"x-api-key": "k2"}, None),
        (HEADER, ["k1"], {"X-Api-Key": "K1"}, "X-Api-Key has another value."),
        (HEADER, ["k1", "k2"], {"X-Api-Key": "k3"}, "X-Api-Key has none of the values."),
        (HEADER, ["k1"], {"X-Api-Key": "k1, k1"}, "X-Api-Key has another value."),
        (HEADER, ["k1"], {"X-Api-Key": "\xe9\u20ac"}, "X-Api-Key has another value."),
        (HEADER, ["k1"], {"Authorization": "k1"}, "No X-Api-Key header."),
        ({"type": "bearer"}, ["t"], {"Authorization": "bearer t"}, None),
        ({"type": "bearer"}, ["t"], {"Authorization": "Bearer  t "}, None),
        ({"type": "bearer"}, ["t"], {"Authorization": "Bearer tt"}, "The bearer token is wrong."),
        ({"type": "bearer"}, ["t"], {"Authorization": "t"}, "The Authorization header does not begin with Bearer."),
    ],
)
async def test_a_password_a_value_and_a_token(
    setting: dict[str, Any], secrets: list[str], headers: dict[str, str], why: str | None
) -> None:
    assert await reason(setting, secrets, headers) == why


def pair(algorithm: str) -> tuple[Any, str]:
    """A key to sign with, and what a receiver has of it."""
    if algorithm.startswith("HS"):
        return SECRET, SECRET
    made: Any = {
        "RS": lambda: rsa.generate_private_key(65537, 2048),
        "ES": lambda: ec.generate_private_key(ec.SECP256R1()),
    }
    private = made.get(algorithm[:2], ed25519.Ed25519PrivateKey.generate)()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), public


def sent(token: str, scheme: str = "Bearer ") -> dict[str, str]:
    return {"Authorization": scheme + token}


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "RS256", "ES256", "EdDSA"])
async def test_a_jwt_of_the_one_algorithm_that_is_named(algorithm: str) -> None:
    private, public = pair(algorithm)
    setting = {"type": "jwt", "algorithm": algorithm}
    token = jwt.encode({"exp": time.time() + 60}, private, algorithm)
    assert await reason(setting, [public], sent(token)) is None
    assert await reason(setting, [public], sent(token, "")) is None
    assert (
        await reason(setting, [pair(algorithm)[1] + ("x" if algorithm[0] == "H" else ""), public], sent(token)) is None
    )
    head, claims, _ = token.split(".")
    forged = jwt.encode({"exp": time.time() + 60}, pair(algorithm)[0] + ("x" if algorithm[0] == "H" else ""), algorithm)
    assert await reason(setting, [public], sent(forged)) == "The JWT's signature does not match the key."
    for unsigned in (f"{head}.{claims}.", jwt.encode({"a": 1}, "", "none")):
        assert await reason(setting, [public], sent(unsigned)) is not None
    assert await reason(setting, [public], sent("no JWT")) == "The Authorization header has no JWT."
    assert "more than" in (await reason(setting, [public], sent("a" * 20_000)) or "")


async def test_a_public_key_is_no_shared_secret() -> None:
    """The classic forgery: an HMAC whose secret is the public key."""
    public = pair("RS256")[1]
    with pytest.raises(ParameterError, match="HS256 needs a shared secret, not a public key"):
        auth_of({"type": "jwt"}, [public])
    with pytest.raises(ParameterError, match="RS256 needs a public key as PEM text") as raised:
        auth_of({"type": "jwt", "algorithm": "RS256"}, [SECRET])
    assert SECRET not in str(raised.value)
    forged = jwt.encode({"a": 1}, SECRET, "HS256")
    why = await reason({"type": "jwt", "algorithm": "RS256"}, [public], sent(forged))
    assert why == "The JWT is not signed with RS256."


@pytest.mark.parametrize(
    ("claims", "setting", "why"),
    [
        ({"exp": -31}, {}, "The JWT has expired."),
        ({"exp": -20}, {}, None),
        ({"exp": -20}, {"tolerance": 0}, "The JWT has expired."),
        ({"nbf": 90}, {}, "The JWT is not valid yet (is this machine's clock right?)."),
        ({"iss": "shop"}, {"issuer": "shop"}, None),
        ({"iss": "shops"}, {"issuer": "shop"}, "The JWT is from another issuer."),
        ({}, {"issuer": "shop"}, "The JWT has no iss."),
        ({"aud": ["a", "b"]}, {"audience": "b"}, None),
        ({"aud": "a"}, {"audience": "b"}, "The JWT is for another audience."),
        ({}, {"audience": "b"}, "The JWT has no aud."),
        ({"aud": "anybody"}, {}, None),
    ],
)
async def test_the_claims_of_a_jwt(claims: dict[str, Any], setting: dict[str, Any], why: str | None) -> None:
    filled = {name: value + int(time.time()) if isinstance(value, int) else value for name, value in claims.items()}
    assert await reason({"type": "jwt", **setting}, [SECRET], sent(jwt.encode(filled, SECRET))) == why


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_private_key_is_refused(algorithm: str) -> None:
    with pytest.raises(ParameterError, match=f"{algorithm} needs a public key as PEM text"):
        auth_of({"type": "jwt", "algorithm": algorithm}, [pair(algorithm)[0]])


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "é.é.é", "e30.e30.e30", "[" * 5000],
)
async def test_what_is_no_jwt_is_only_refused(token: str) -> None:
    nested = base64.urlsafe_b64encode(b'{"alg":"HS256","a":' + b"[" * 8000).decode()
    for sent_ in (token, f"{nested}.e30.e30"):
        assert await reason({"type": "jwt"}, [SECRET], sent(sent_)) is not None
    infinite = jwt.api_jws.PyJWS().encode(b'{"exp": 1e999}', SECRET, "HS256")
    assert await reason({"type": "jwt"}, [SECRET], sent(infinite)) is not None


async def test_a_short_secret_of_a_jwt_is_the_senders_choice() -> None:
    assert await reason({"type": "jwt"}, ["short"], sent(_short())) is None


def _short() -> str:
    head, claims = (base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in (b'{"alg":"HS256"}', b"{}"))
    import hmac

    made = hmac.new(b"short", f"{head}.{claims}".encode(), "sha256").digest()
    return f"{head}.{claims}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    ("setting", "secrets", "said"),
    [
        ({}, ["s"], "auth needs type: one of basic, header, bearer, jwt"),
        ({"type": "basic"}, ["s"], "the type basic needs username"),
        ({"type": "basic", "username": "a:b"}, ["s"], "needs username, without a colon"),
        ({"type": "header"}, ["s"], "the type header needs name"),
        ({"type": "header", "name": "a b"}, ["s"], "needs name, the name of a header such as X-Api-Key"),
        ({"type": "bearer", "name": "x"}, ["s"], "the type bearer takes token, not name"),
        ({"type": "bearer"}, [], "auth.token: give 1 to 10, not 0"),
        ({"type": "bearer"}, ["", "a"], "auth.token is empty"),
        ({"type": "header", "name": "X"}, [" "], "auth.value is empty"),
    ],
)
def test_settings_that_cannot_be_meant_say_what_would_be_right(
    setting: dict[str, Any], secrets: list[str], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        auth_of(setting, secrets)
