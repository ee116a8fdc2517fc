"""The codes by which the hub recognizes content references that it made itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

_MARK = ".hmac-"


class ReferenceCodes:
    """A code belongs to one content and one owner. `secret` never leaves the hub."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def signed(self, content_id: str, owner: str) -> str:
        """The id as written in references to a content of this owner."""
        return f"{content_id}{_MARK}{self._code(content_id, owner)}"

    def owner_of(self, signed: str, owners: Iterable[str]) -> tuple[str, str] | None:
        """The content's id, and the one of these owners for whom the reference was made; None if for none of them."""
        content_id, mark, code = signed.rpartition(_MARK)
        if not mark or not code.isascii():
            return None
        for owner in owners:
            if hmac.compare_digest(self._code(content_id, owner), code):
                return content_id, owner
        return None

    def _code(self, content_id: str, owner: str) -> str:
        key = hmac.digest(
            self._secret, f"content reference of {owner}".encode("utf-8", "surrogatepass"), hashlib.sha256
        )
        code = hmac.digest(key, content_id.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return base64.urlsafe_b64encode(code).decode().rstrip("=")
