"""`@hash`: digests as hexadecimal text, of texts, bytes and lists of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, Literal

from pfnb.functions import function
from pfnb.functions.arguments import flat, plain_text
from pfnb.functions.text import concat
from pfnb.language.budget import current


@function("hash.sha256")
def sha256(value: Any) -> str:
    """The SHA-256 digest of a text, of bytes, or of a list of them, one after the other.

    Example:
        @hash.sha256('abc')  # => "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    """
    return _digest("sha256", value)


@function("hash.sha256Concat")
def sha256_concat(separator: str | None, *text: Any) -> str:
    """The SHA-256 digest of texts, or a list of them, with the separator between them.

    Example:
        @hash.sha256Concat('-', 'a', 'b')  # => "d44362d67d921091c7b9674d752e9e23c1f9ec8a4f0b82741bf01364eb97c830"
    """
    return _digest("sha256", concat(separator, *text))


@function("hash.sha512")
def sha512(value: Any) -> str:
    """The SHA-512 digest, as `@hash.sha256`.

    Example:
        @text.length(@hash.sha512('abc'))  # => 128
    """
    return _digest("sha512", value)


@function("hash.sha512Concat")
def sha512_concat(separator: str | None, *text: Any) -> str:
    """The SHA-512 digest, as `@hash.sha256Concat`.

    Example:
        @hash.sha512Concat('-', 'a', 'b') == @hash.sha512('a-b')  # => true
    """
    return _digest("sha512", concat(separator, *text))


@function("hash.md5")
def md5(value: Any) -> str:
    """The MD5 digest, as `@hash.sha256`; suitable for comparing texts, not for secrets.

    Example:
        @hash.md5('abc')  # => "900150983cd24fb0d6963f7d28e17f72"
    """
    return _digest("md5", value)


@function("hash.md5Concat")
def md5_concat(separator: str | None, *text: Any) -> str:
    """The MD5 digest, as `@hash.sha256Concat`.

    Example:
        @hash.md5Concat('-', 'a', 'b') == @hash.md5('a-b')  # => true
    """
    return _digest("md5", concat(separator, *text))


@function("hash.hmacSha256")
def hmac_sha256(value: Any, key: Any, format: Literal["hex", "base64"] = "hex") -> str:  # noqa: A002
    """The HMAC with SHA-256 of a text or bytes by a secret key, which is a text or bytes: what many services sign with.

    Example:
        @hash.hmacSha256('abc', 'key')  # => "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab"
    """
    return _mac("sha256", value, key, format)


@function("hash.hmacSha256Base64")
def hmac_sha256_base64(value: Any, key: Any) -> str:
    """The HMAC with SHA-256 in base64, as `@hash.hmacSha256`.

    Example:
        @hash.hmacSha256Base64('abc', 'key')  # => "nBluMtwBdfhvSxy4konWYZ3mvuaZ5MN45oMJ7Zehpqs="
    """
    return _mac("sha256", value, key, "base64")


@function("hash.hmacSha512")
def hmac_sha512(value: Any, key: Any, format: Literal["hex", "base64"] = "hex") -> str:  # noqa: A002
    """The HMAC with SHA-512, as `@hash.hmacSha256`.

    Example:
        @text.length(@hash.hmacSha512('abc', 'key'))  # => 128
    """
    return _mac("sha512", value, key, format)


@function("hash.hmacSha512Base64")
def hmac_sha512_base64(value: Any, key: Any) -> str:
    """The HMAC with SHA-512 in base64, as `@hash.hmacSha256`.

    Example:
        @hash.hmacSha512Base64('abc', 'key') == @hash.hmacSha512('abc', 'key', 'base64')  # => true
    """
    return _mac("sha512", value, key, "base64")


@function("hash.hmacSha1")
def hmac_sha1(value: Any, key: Any, format: Literal["hex", "base64"] = "hex") -> str:  # noqa: A002
    """The HMAC with SHA-1, as `@hash.hmacSha256`; for services that still sign with it.

    Example:
        @text.length(@hash.hmacSha1('abc', 'key'))  # => 40
    """
    return _mac("sha1", value, key, format)


@function("hash.hmacSha1Base64")
def hmac_sha1_base64(value: Any, key: Any) -> str:
    """The HMAC with SHA-1 in base64, as `@hash.hmacSha1`; for services that still sign with it.

    Example:
        @hash.hmacSha1Base64('abc', 'key')  # => "T9CyFSdu8S8rPkyOysKBFJi2Vvw="
    """
    return _mac("sha1", value, key, "base64")


def _digest(algorithm: str, value: Any) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for part in flat((value,)):
        digest.update(_bytes(part))
    return digest.hexdigest()


def _mac(algorithm: str, value: Any, key: Any, format: str) -> str:  # noqa: A002
    mac = hmac.new(_bytes(key), b"".join(_bytes(part) for part in flat((value,))), algorithm)
    return mac.hexdigest() if format == "hex" else base64.b64encode(mac.digest()).decode()


def _bytes(part: Any) -> bytes:
    data = part if isinstance(part, bytes) else plain_text(part).encode("utf-8", "surrogatepass")
    current().scan(len(data))
    return data
