"""The content of a request: JSON, text, or files; and its signature according to Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pfnb.exceptions import ParameterError

SECRET_PREFIX = "whsec_"  # noqa: S105


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file of a multipart form. `name` and `field` are metadata, `data` its bytes."""

    name: str
    content_type: str
    data: bytes = field(repr=False)
    field: str = "file"


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes with their type, such as `application/json`."""

    content_type: str
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, value: Any) -> Content:
        """Text as it is, anything else as JSON; empty for None. ParameterError for what JSON cannot express."""
        if value is None:
            return cls("", b"")
        if isinstance(value, str):
            kind = "application/json" if _is_json(value) else "text/plain; charset=utf-8"
            return cls(kind, value.encode("utf-8", "surrogatepass"))
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise ParameterError(f"this message cannot be sent as JSON: {error}") from error
        return cls("application/json", text.encode("utf-8", "surrogatepass"))

    @classmethod
    def form(cls, files: Sequence[FileContent], fields: Mapping[str, str | list[str]]) -> Content:
        """A multipart form of these files and fields."""
        import httpx

        request = httpx.Request(
            "POST",
            "http://form/",
            data=dict(fields),
            files=[(file.field, (file.name, file.data, file.content_type)) for file in files],
        )
        return cls(request.headers["content-type"], request.read())


def _is_json(text: str) -> bool:
    """Whether a text is a JSON object or list: pipelines may write JSON as text."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def signature_headers(content: Content, secrets: Sequence[str], message_id: str, timestamp: int) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`, with a signature (v1, HMAC-SHA256) for each secret.
    ParameterError for one that is not base64, with or without the prefix `whsec_`."""
    before = f"{message_id}.{timestamp}.".encode()
    signatures = []
    for secret in secrets:
        signature = hmac.new(key_of(secret), before, hashlib.sha256)
        signature.update(content.data)
        signatures.append(f"v1,{base64.b64encode(signature.digest()).decode()}")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def key_of(secret: str) -> bytes:
    """The bytes of a secret of Standard Webhooks. Raises ParameterError."""
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ParameterError("the secret is not base64: Standard Webhooks secrets look like whsec_MfKQ…") from None
