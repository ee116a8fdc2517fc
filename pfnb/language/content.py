"""Content references: what stands in JSON for bytes that are kept elsewhere."""

from __future__ import annotations

from typing import Any

_SCHEME = "$uri:attachment:"


def content_reference(
    content_id: str, *, name: str, content_type: str, size: int, sha256: str, field: str | None = None
) -> dict[str, Any]:
    """`sha256` is the hexadecimal digest of the bytes, `field` the form field they came in."""
    return {
        "name": name,
        "field": field,
        "contentType": content_type,
        "contentLength": size,
        "contentEncoding": None,
        "checksum": f"sha-256={sha256}",
        "content": f"{_SCHEME}{content_id}",
    }


def content_id_of(value: Any) -> str | None:
    """The id behind a content reference; None for any other value."""
    content = value.get("content") if isinstance(value, dict) else None
    return content.removeprefix(_SCHEME) if isinstance(content, str) and content.startswith(_SCHEME) else None
