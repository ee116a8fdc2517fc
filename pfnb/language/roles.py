"""Roles: what a user may do, as names such as `CAN_PIPE_webhook.put`, in which `%` stands for any part."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from pfnb.exceptions import AccessDeniedError

if TYPE_CHECKING:
    from pfnb.language.port import User

RUN = "CAN_PIPE_"
"""Followed by a command's name: may run it."""
RUN_AS_SOURCE = "CAN_RUN_AS_SOURCE"
"""May own pipelines that run as somebody else."""
RUN_AS_TARGET = "CAN_RUN_AS_TARGET"
"""Somebody else's pipelines may run as this user."""
ADMIN = "ADMIN"
"""The one role that is always there: it may do everything."""
EVERYTHING = frozenset({ADMIN, f"{RUN}%", RUN_AS_SOURCE})
"""What whoever owns a hub may do. Being somebody whom other people's pipelines run as is for each to allow."""


def grants(roles: Iterable[str], wanted: str) -> bool:
    """Whether one of the roles is the wanted one, or stands for it."""
    return any(role == wanted or ("%" in role and _pattern(role).fullmatch(wanted) is not None) for role in roles)


def includes(roles: Collection[str], others: Iterable[str]) -> bool:
    """Whether everything that the others grant is granted by these, too."""
    return all(grants(roles, other) for other in others)


def check_run_as(owner: User, target: User) -> None:
    """AccessDeniedError unless pipelines of the owner may run as the target."""
    for user, role in ((owner, RUN_AS_SOURCE), (target, RUN_AS_TARGET)):
        if not grants(user.roles, role):
            raise AccessDeniedError(
                f"pipelines of {owner.name} may not run as {target.name}: that takes the role {RUN_AS_SOURCE} for "
                f"{owner.name} and {RUN_AS_TARGET} for {target.name}, and {user.name} has not {role}"
            )


@lru_cache(maxsize=1024)
def _pattern(role: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in role.split("%")), re.DOTALL)
