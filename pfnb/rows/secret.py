"""Stored secrets of users."""

from typing import Literal, TypedDict

SecretFormat = Literal["secret-text", "bearer", "header", "username-password"]


class SecretRow(TypedDict):
    """What is shown of a secret, never its value. Times are milliseconds since the epoch; `expires` is None for never."""

    name: str
    format: SecretFormat
    created: int
    expires: int | None


class OpenSecret(TypedDict):
    """A secret with its value, for the request that it is sent with."""

    format: SecretFormat
    secret: str
