"""How a user came to the hub: their rights and the audit log's entries depend on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["login", "token", "session", "worker"]
"""The hub's own token or Jupyter's login; an API token; a kernel; the process in which stored pipelines run."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The default is the kind with the fewest rights. `token` is the id of an API token, `expires` when that token expires,
    and `scoped` whether it has fewer roles than its user. `notebook` is the name of a kernel's notebook."""

    kind: Kind = "session"
    session: str = ""
    address: str = ""
    token: str = ""
    expires: int | None = None
    scoped: bool = False
    notebook: str = ""

    def to_json(self) -> dict[str, Any]:
        """The known fields, for the audit log."""
        known = {"via": self.kind, "session": self.session, "token": self.token, "address": self.address}
        return {name: value for name, value in known.items() if value}
