"""The hub's users: their accounts, roles and tokens, kept in memory and written through to the store."""

from __future__ import annotations

import asyncio
import uuid as uuids
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from pfnb.exceptions import AccessDeniedError, NameTakenError, NotAuthenticatedError, NotFoundError, ParameterError
from pfnb.hub.accounts import Account, Role, check_role_name, check_username
from pfnb.hub.passwords import hashed, is_password, new_token, token_digest
from pfnb.hub.stores.store import Store
from pfnb.language.port import ANONYMOUS_NAME, SYSTEM_NAME, User
from pfnb.language.roles import ADMIN, EVERYTHING, RUN, RUN_AS_SOURCE, RUN_AS_TARGET, includes

MIN_PASSWORD = 8

_Record = tuple[str, str, dict[str, Any]]


class Users:
    """`owner` is whose hub this is: an account that needs no creating and may do everything, as `systemuser` may."""

    def __init__(self, store: Store, owner: str, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._built_in = {
            owner: Account(owner, _fixed_uuid(owner), 0, roles=(ADMIN,)),
            SYSTEM_NAME: Account(SYSTEM_NAME, _fixed_uuid(SYSTEM_NAME), 0, roles=(ADMIN,)),
            ANONYMOUS_NAME: Account(ANONYMOUS_NAME, _fixed_uuid(ANONYMOUS_NAME), 0),
        }
        self._accounts: dict[str, Account] = dict(self._built_in)
        self._roles: dict[str, Role] = {}
        self._tokens: dict[str, str] = {}

    def load(self, records: Iterable[_Record]) -> None:
        for kind, name, record in records:
            if kind == "account":
                self._accounts.setdefault(name, Account.from_record(record))
            elif kind == "role":
                self._roles[name] = Role.from_record(record)
            else:
                self._tokens[name] = record["user"]

    def user(self, name: str) -> User:
        """Whom a run acts as, with all roles that its own stand for. NotFoundError if there is no such user."""
        return User(name, self._effective(self.account(name).roles))

    def account(self, name: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            near = get_close_matches(name, self._accounts, n=1)
            raise NotFoundError(f"there is no user {name}" + (f": did you mean {near[0]}?" if near else ""))
        return account

    def accounts(self) -> list[Account]:
        return sorted(self._accounts.values(), key=lambda account: account.name)

    def by_token(self, token: str | None) -> User | None:
        """Whose API token this is; None if nobody's."""
        name = None if token is None else self._tokens.get(token_digest(token))
        return self.user(name) if name in self._accounts else None

    async def create(
        self, name: str, creator: User, *, password: str | None, roles: Sequence[str], **more: str
    ) -> Account:
        """A new account. NameTakenError if there is one of that name; AccessDeniedError for roles beyond the creator's."""
        check_username(name)
        if name in self._accounts:
            raise NameTakenError(f"there is a user {name} already")
        if password is not None and len(password) < MIN_PASSWORD:
            raise ParameterError(f"a password has at least {MIN_PASSWORD} characters")
        self._check_grant(creator, roles)
        kept = None if password is None else await asyncio.to_thread(hashed, password)
        account = Account(name, str(uuids.uuid4()), self._now(), roles=tuple(roles), password=kept, **more)
        await self._save_account(account)
        return account

    async def delete(self, name: str) -> Account:
        """Remove an account and its tokens; what it created stays. AccessDeniedError for those that a hub always has."""
        account = self.account(name)
        if name in self._built_in:
            raise AccessDeniedError(f"{name} belongs to the hub and cannot be deleted")
        tokens = [digest for digest, user in self._tokens.items() if user == name]
        await self._store.save_identities([("account", name, None), *(("token", digest, None) for digest in tokens)])
        del self._accounts[name]
        for digest in tokens:
            del self._tokens[digest]
        return account

    async def add_roles(self, name: str, roles: Sequence[str], giver: User) -> Account:
        """AccessDeniedError for roles that go beyond the giver's own, and for accounts that a hub always has."""
        account = self.account(name)
        if name in self._built_in:
            raise AccessDeniedError(f"the roles of {name} cannot be changed")
        self._check_grant(giver, roles)
        account = replace(account, roles=tuple(dict.fromkeys((*account.roles, *roles))))
        await self._save_account(account)
        return account

    async def create_role(self, name: str, composites: Sequence[str], creator: User) -> Role:
        check_role_name(name)
        if self._is_role(name):
            raise NameTakenError(f"there is a role {name} already")
        self._check_grant(creator, composites)
        role = Role(name, str(uuids.uuid4()), tuple(composites))
        await self._save_role(role)
        return role

    async def add_composites(self, name: str, composites: Sequence[str], giver: User) -> Role:
        """ParameterError for a role that would contain itself."""
        role = self._roles.get(name)
        if role is None:
            raise self._no_role(name)
        self._check_grant(giver, composites)
        if name in self._closure(composites):
            raise ParameterError(f"the role {name} would contain itself")
        role = replace(role, composites=tuple(dict.fromkeys((*role.composites, *composites))))
        await self._save_role(role)
        return role

    def members(self, role: str) -> list[Account]:
        """Accounts that have this role, themselves or by another role."""
        if not self._is_role(role):
            raise self._no_role(role)
        return [account for account in self.accounts() if role in self._closure(account.roles)]

    async def token(self, name: str, password: str | None, asker: User) -> str:
        """A new API token for this user: by the user's password, or for an asker who may do everything that the user may.

        NotAuthenticatedError for a wrong password, whether there is such a user or not.
        """
        account = self._accounts.get(name)
        if password is not None:
            known = await asyncio.to_thread(is_password, password, account.password if account is not None else None)
            if account is None or not known:
                raise NotAuthenticatedError("this username and password do not belong together")
        elif not includes(_reach(asker), self._permissions(self.account(name).roles)):
            raise AccessDeniedError(f"{name} may do more than {asker.name}: a token for {name} takes the password")
        token = new_token()
        await self._store.save_identities([("token", token_digest(token), {"user": name})])
        self._tokens[token_digest(token)] = name
        return token

    async def _save_account(self, account: Account) -> None:
        await self._store.save_identities([("account", account.name, account.record())])
        self._accounts[account.name] = account

    async def _save_role(self, role: Role) -> None:
        await self._store.save_identities([("role", role.name, role.record())])
        self._roles[role.name] = role

    def _check_grant(self, giver: User, roles: Iterable[str]) -> None:
        """Nobody hands out more than they have, or what there is not."""
        for role in roles:
            if not self._is_role(role):
                raise self._no_role(role)
            if not includes(_reach(giver), self._permissions((role,))):
                raise AccessDeniedError(
                    f"{giver.name} cannot give the role {role}: it may do more than {giver.name} may"
                )

    def _is_role(self, name: str) -> bool:
        return name in (ADMIN, RUN_AS_SOURCE, RUN_AS_TARGET) or name in self._roles or name.startswith(RUN)

    def _no_role(self, name: str) -> NotFoundError:
        known = [ADMIN, RUN_AS_SOURCE, RUN_AS_TARGET, *self._roles]
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}, and CAN_PIPE_<command>"
        return NotFoundError(f"there is no role {name}: {hint}")

    def _closure(self, roles: Iterable[str]) -> set[str]:
        seen: set[str] = set()
        waiting = list(roles)
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(self._roles[name].composites if name in self._roles else ())
        return seen

    def _permissions(self, roles: Iterable[str]) -> frozenset[str]:
        """What the roles come to in the end: names of one's own permit nothing by themselves."""
        return self._effective(roles) - self._roles.keys()

    def _effective(self, roles: Iterable[str]) -> frozenset[str]:
        """The roles that count, with those they stand for."""
        closure = self._closure(roles)
        return frozenset(closure) | (EVERYTHING if ADMIN in closure else frozenset())


def _reach(user: User) -> frozenset[str]:
    """What this user may hand out: their own roles; who may do everything, all."""
    return user.roles | {RUN_AS_TARGET} if ADMIN in user.roles else user.roles


def _fixed_uuid(name: str) -> str:
    return str(uuids.uuid5(uuids.NAMESPACE_OID, name))
