"""The hub's roles: built-in ones, those that users create, and what a set of roles includes in the end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from uuid import NAMESPACE_OID, uuid5

from pfnb.exceptions import AccessDeniedError, NameTakenError, NotFoundError, ParameterError
from pfnb.hub.records.accounts import Role, check_role_name
from pfnb.language.roles import ADMIN, EVERYTHING, RUN, RUN_AS_SOURCE, RUN_AS_TARGET, includes

FIXED = (ADMIN, RUN_AS_SOURCE, RUN_AS_TARGET)
OF_APPS = ("ROLE_ADMIN", "ROLE_DEVELOPER", "ROLE_EMPLOYEE", "ROLE_SUPPORT")
"""Roles that each hub has for apps, which include their own roles in them. At first they include none."""
_FOR_COMMANDS = re.compile(rf"{RUN}[^\s,\x00-\x1f\x7f]{{1,200}}")


class Roles:
    """Created roles by name, and those of apps. A name without a role grants nothing, whoever holds it."""

    def __init__(self) -> None:
        self._created = {name: Role(name, str(uuid5(NAMESPACE_OID, name))) for name in OF_APPS}

    def keep(self, role: Role) -> None:
        """Add it, or replace the one of that name."""
        self._created[role.name] = role

    def get(self, name: str) -> Role:
        """A created role. NotFoundError if there is none of that name."""
        role = self._created.get(name)
        if role is None:
            raise self._missing(name)
        return role

    def exists(self, name: str) -> bool:
        return name in FIXED or name in self._created or _FOR_COMMANDS.fullmatch(name) is not None

    def check(self, names: Iterable[str]) -> None:
        """NotFoundError for a name that is not a role."""
        for name in names:
            if not self.exists(name):
                raise self._missing(name)

    def check_new(self, name: str, held: Iterable[str]) -> None:
        """Check that a role can be created under this name; `held` are the role names that accounts have, existing or not."""
        check_role_name(name)
        taken = {one.casefold() for one in (*FIXED, *self._created)}
        if self.exists(name) or name.casefold() in taken:
            raise NameTakenError(f"the role {name} already exists")
        if "%" in name:
            raise ParameterError(
                f"the name of a new role may not have a %, as {name} does: only {RUN}<command> has wildcards"
            )
        inner = (composite for role in self._created.values() for composite in role.composites)
        if name in {*held, *inner}:
            raise NameTakenError(f"a user already has the role name {name}: choose another name")

    def closure(self, names: Iterable[str]) -> set[str]:
        """These roles and all that they include, at any depth; names that are not roles are left out."""
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in seen and self.exists(name):
                seen.add(name)
                role = self._created.get(name)
                waiting.extend(role.composites if role is not None else ())
        return seen

    def effective(self, names: Iterable[str]) -> frozenset[str]:
        """All effective roles of an account with these roles."""
        closure = self.closure(names)
        return frozenset(closure) | (EVERYTHING if ADMIN in closure else frozenset())

    def check_within(self, reach: frozenset[str], names: Iterable[str], what: str) -> None:
        """AccessDeniedError, whose message begins with `what`, unless everything these roles include is within `reach`."""
        beyond = sorted(one for one in self.effective(names) if not includes(reach, (one,)))
        if beyond:
            raise AccessDeniedError(f"{what}: this needs the role {beyond[0]}, or {ADMIN}")

    def _missing(self, name: str) -> NotFoundError:
        known = [*FIXED, *self._created]
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use {', '.join(known)}, or {RUN}<command>"
        return NotFoundError(f"there is no role {name[:200]}: {hint}")
