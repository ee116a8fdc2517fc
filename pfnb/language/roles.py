"""Roles: names such as `CAN_PIPE_webhook.put` for what a user may do; `%` matches any part."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from pfnb.exceptions import AccessDeniedError

if TYPE_CHECKING:
    from pfnb.language.port import User

RUN = "CAN_PIPE_"
"""Prefix of a command's name: may run it."""
RUN_AS_SOURCE = "CAN_RUN_AS_SOURCE"
"""May own pipelines that run as other users."""
RUN_AS_TARGET = "CAN_RUN_AS_TARGET"
"""Other users' pipelines may run as this user."""
ADMIN = "ADMIN"
"""The only built-in role: may do everything."""
EVERYTHING = frozenset({ADMIN, f"{RUN}%", RUN_AS_SOURCE})
"""The roles of a hub's owner. Impersonation is opt-in per user, so RUN_AS_TARGET is excluded."""


def grants(roles: Iterable[str], wanted: str) -> bool:
    """Whether one of the roles is or matches the wanted one. Only roles for commands have wildcards."""
    return any(role == wanted or (role.startswith(RUN) and "%" in role and _matches(role, wanted)) for role in roles)


def includes(roles: Collection[str], others: Iterable[str]) -> bool:
    """Whether these roles grant everything that the others grant. An `ADMIN` has every role."""
    return ADMIN in roles or all(grants(roles, other) for other in others)


def common(roles: Collection[str], others: Collection[str]) -> frozenset[str]:
    """The roles granted by both."""
    return frozenset(role for role in roles if includes(others, (role,))) | frozenset(
        role for role in others if includes(roles, (role,))
    )


def check_run_as(owner: User, target: User) -> None:
    """Raise AccessDeniedError unless the owner's pipelines may run as the target."""
    for user, role in ((owner, RUN_AS_SOURCE), (target, RUN_AS_TARGET)):
        if not grants(user.roles, role):
            raise AccessDeniedError(
                f"pipelines of {owner.name} may not run as {target.name}: this needs the role {RUN_AS_SOURCE} for "
                f"{owner.name} and {RUN_AS_TARGET} for {target.name}, and {user.name} does not have {role}"
            )


@lru_cache(maxsize=4096)
def _matches(role: str, wanted: str) -> bool:
    """In linear time for any role, since users write roles."""
    first, *middle, last = role.split("%")
    at, end = len(first), len(wanted) - len(last)
    if at > end or not wanted.startswith(first) or not wanted.endswith(last):
        return False
    for part in middle:
        found = wanted.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
