"""What a webhook may demand as proof of its sender: the keys of its settings `signature` and `auth`, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from pfnb.language.maps import MapOf

MAX_TOLERANCE = 100 * 365 * 24 * 3600
"""Seconds: for tests with recorded requests, any age may be allowed."""
Texts = str | list[str]
_NUMBERS_ARE_TEXTS = ConfigDict(coerce_numbers_to_str=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureKeys:
    """Of `signature`. A scheme other than `hmac` fixes what it does not take as a key."""

    __pydantic_config__ = _NUMBERS_ARE_TEXTS
    scheme: Annotated[
        Literal["github", "gitlab", "stripe", "slack", "shopify", "standard", "twilio", "discord", "hmac"] | None,
        Field(description="How the sender signs; hmac takes the keys below, the others know them."),
    ] = None
    secret: Annotated[
        Texts | None,
        Field(description="What the sender signs with; several during a rotation. Stored encrypted, never shown."),
    ] = None
    secrets: Annotated[int | None, Field(description="How many secrets are stored, as shown; ignored when given.")] = (
        None
    )
    tolerance: Annotated[
        int | None,
        Field(description="Seconds by which a timestamp may be off, 300 by default.", ge=1, le=MAX_TOLERANCE),
    ] = None
    header: Annotated[Texts | None, Field(description="The header with the signature; of several, any.")] = None
    field: Annotated[
        str | None, Field(description="Where a body has the signature, instead of a header, such as signature.value.")
    ] = None
    item: Annotated[
        str | None, Field(description="The item of the header that is the signature, such as v1 in t=12,v1=ab.")
    ] = None
    separator: Annotated[str | None, Field(description="Between the items; a comma by default.", min_length=1)] = None
    prefix: Annotated[str | None, Field(description="What precedes the signature, such as sha256=.")] = None
    algorithm: Annotated[
        Literal["sha1", "sha256", "sha512", "ed25519"] | None,
        Field(description="sha256 by default; with ed25519 the secret is the sender's public key."),
    ] = None
    encoding: Annotated[Literal["hex", "base64"] | None, Field(description="Of the signature; hex by default.")] = None
    key: Annotated[
        Literal["text", "hex", "base64"] | None, Field(description="How the secret is written; text by default.")
    ] = None
    signed: Annotated[
        str | None,
        Field(
            description="What is signed, {body} by default: a text with {body}, {timestamp}, {url}, {method}, {form}, "
            "{header:NAME} and {field:PATH}."
        ),
    ] = None
    timestamp: Annotated[
        str | None, Field(description="Where the timestamp is: the name of a header, item:NAME or field:PATH.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthKeys:
    """Of `auth`, for senders that do not sign."""

    __pydantic_config__ = _NUMBERS_ARE_TEXTS
    type: Annotated[
        Literal["basic", "header", "bearer", "jwt"] | None,
        Field(description="basic (username, password), header (name, value), bearer (token) or jwt (key, algorithm)."),
    ] = None
    username: Annotated[str | None, Field(description="Of basic.")] = None
    password: Annotated[Texts | None, Field(description="Of basic; several during a rotation.")] = None
    name: Annotated[str | None, Field(description="Of header: the name of the header.")] = None
    value: Annotated[Texts | None, Field(description="Of header: its value; several during a rotation.")] = None
    token: Annotated[Texts | None, Field(description="Of bearer; several during a rotation.")] = None
    key: Annotated[
        Texts | None, Field(description="Of jwt: the shared secret of HS256, else the sender's public key as PEM text.")
    ] = None
    algorithm: Annotated[
        Literal["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"] | None,
        Field(description="Of jwt: the only one accepted; HS256 by default."),
    ] = None
    issuer: Annotated[str | None, Field(description="Of jwt: the only accepted iss.")] = None
    audience: Annotated[str | None, Field(description="Of jwt: what aud must have.")] = None
    tolerance: Annotated[
        int | None, Field(description="Of jwt: seconds by which exp and nbf may be off, 30 by default.", ge=0, le=3600)
    ] = None
    secrets: Annotated[int | None, Field(description="How many secrets are stored, as shown; ignored when given.")] = (
        None
    )


SignatureMap = Annotated[dict[str, Any], MapOf("signature", SignatureKeys)]
AuthMap = Annotated[dict[str, Any], MapOf("auth", AuthKeys)]
