"""Accounts and roles of a hub: values, and how they look in the API."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.rows.account import AccountRow, RoleRow

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,99}")
_ROLE = re.compile(r"[A-Z][A-Z0-9_]*(?:_[A-Za-z0-9.%_]+)?")


@dataclass(frozen=True, slots=True)
class Account:
    """A user. `password` is a hash, None if the user cannot log in; `created` in milliseconds since the epoch."""

    name: str
    uuid: str
    created: int
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    roles: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)

    def to_json(self) -> AccountRow:
        return {
            "username": self.name,
            "uuid": self.uuid,
            "email": self.email,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "roles": list(self.roles),
            "created": self.created,
        }

    def record(self) -> dict[str, Any]:
        """All fields, for the store; `from_record` reads them."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Account:
        return cls(**{**record, "roles": tuple(record["roles"])})


@dataclass(frozen=True, slots=True)
class Role:
    """A created role; it includes all of its `composites`."""

    name: str
    uuid: str
    composites: tuple[str, ...] = ()

    def to_json(self) -> RoleRow:
        return {"name": self.name, "roleUuid": self.uuid, "composites": list(self.composites)}

    def record(self) -> dict[str, Any]:
        """All fields, for the store; `from_record` reads them."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Role:
        return cls(**{**record, "composites": tuple(record["composites"])})


def check_username(name: str) -> str:
    """The name itself; ParameterError for an invalid one."""
    if not _NAME.fullmatch(name):
        raise ParameterError(f"{name[:60]!r} is not a valid username: use at most 100 letters, digits and . _ @ + -")
    return name


def check_role_name(name: str) -> str:
    """The name itself; ParameterError for an invalid one."""
    if not _ROLE.fullmatch(name) or len(name) > 200:
        raise ParameterError(
            f"{name[:60]!r} is not a valid role name: use one such as BILLING_CLERK or CAN_PIPE_<command>"
        )
    return name
