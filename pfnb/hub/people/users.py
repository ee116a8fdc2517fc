"""The hub's users, and who may change whose rights. Kept in memory and written through to the store."""

from __future__ import annotations

import asyncio
import time
import uuid as uuids
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Literal

from pfnb.exceptions import (
    AccessDeniedError,
    BusyError,
    NameTakenError,
    NotAuthenticatedError,
    NotFoundError,
    ParameterError,
)
from pfnb.hub.origin import Origin
from pfnb.hub.people.belongings import Belongings
from pfnb.hub.people.logins import Logins
from pfnb.hub.people.passwords import is_scrypt
from pfnb.hub.people.roles import Roles
from pfnb.hub.people.tokens import Token, Tokens, expiry
from pfnb.hub.records.accounts import Account, Role, check_username
from pfnb.hub.stores.store import Store
from pfnb.language.port import ANONYMOUS_NAME, SYSTEM_NAME, User
from pfnb.language.roles import ADMIN, EVERYTHING, common

Data = Literal["keep", "handover", "remove"]
"""What happens to the data of a deleted user."""

_Record = tuple[str, str, dict[str, Any] | None]
_NOWHERE = Origin()


class Users:
    """`owner` is the hub's owner: a built-in account that may do everything, as `systemuser` may.

    Nobody grants, takes or deletes more than they have: to change an account or a role, a user needs every role that it includes,
    before and after. Rights are looked up at each request: removed roles are gone at once.
    """

    def __init__(self, store: Store, owner: str, now: Callable[[], int], belongings: Belongings) -> None:
        self._store = store
        self._now = now
        self._belongings = belongings
        self._built_in = {
            owner: Account(owner, _fixed_uuid(owner), 0, roles=(ADMIN,)),
            SYSTEM_NAME: Account(SYSTEM_NAME, _fixed_uuid(SYSTEM_NAME), 0, roles=(ADMIN,)),
            ANONYMOUS_NAME: Account(ANONYMOUS_NAME, _fixed_uuid(ANONYMOUS_NAME), 0),
        }
        self._accounts: dict[str, Account] = dict(self._built_in)
        self._gone: dict[str, str] = {}
        self._logins = Logins(time.monotonic)
        self._turn = asyncio.Lock()
        self.roles = Roles()
        self.tokens = Tokens(store, now)

    def load(self, records: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
        for kind, name, record in records:
            if kind == "account":
                self._accounts.setdefault(name, Account.from_record(record))
            elif kind == "role":
                self.roles.keep(Role.from_record(record))
            elif kind == "gone":
                self._gone[name.casefold()] = name
            else:
                self.tokens.load(Token.from_record(name, record))

    def user(self, name: str) -> User:
        """The user that a run acts as, with all effective roles. NotFoundError if there is no such user."""
        return User(name, self.roles.effective(self.account(name).roles))

    def account(self, name: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            raise self._missing(name)
        return account

    def accounts(self) -> list[Account]:
        return sorted(self._accounts.values(), key=lambda account: account.name)

    def uuid_of(self, name: str) -> str | None:
        """Distinguishes a user from a later one of the same name; None if there is no such user."""
        account = self._accounts.get(name)
        return account.uuid if account is not None else None

    def name_of(self, uuid: str) -> str | None:
        """The inverse."""
        return next((one.name for one in self._accounts.values() if one.uuid == uuid), None)

    def by_token(self, secret: str | None) -> User | None:
        """The user of this API token, with the token's roles; None if it is nobody's."""
        return found[0] if (found := self.token_of(secret)) is not None else None

    def token_of(self, secret: str | None) -> tuple[User, Token] | None:
        token = None if secret is None else self.tokens.find(secret)
        if token is None or token.user not in self._accounts:
            return None
        user = self.user(token.user)
        if token.scope is not None:
            user = User(user.name, common(self.roles.effective(token.scope), user.roles))
        return user, token

    def reach(self, actor: User) -> frozenset[str]:
        """The roles that an actor can grant: those of the run that its user still has."""
        return common(actor.roles, self.user(actor.name).roles)

    async def create(
        self, name: str, creator: User, *, password: str | None, roles: Sequence[str], **more: str
    ) -> Account:
        """A new account. NameTakenError if the name is in use, or was and its data is neither handed over nor removed;
        AccessDeniedError for roles beyond the creator's."""
        check_username(name)
        self.roles.check(roles)
        kept = None if password is None else await self._logins.hashed(password)
        async with self._turn:
            self._check_free(name)
            self.roles.check_within(self.reach(creator), roles, f"{creator.name} cannot give all of these roles")
            if await self._belongings.any(name):
                raise _left_behind(name)
            account = Account(name, str(uuids.uuid4()), self._now(), roles=tuple(roles), password=kept, **more)
            await self._save_account(account)
        return account

    async def delete(
        self, name: str, deleter: User | None = None, *, data: Data = "keep", to: str | None = None
    ) -> Account | None:
        """Remove an account and its tokens; None if it was deleted before. Its data is kept, handed over or removed: the last two
        need ADMIN, and free the name. AccessDeniedError for built-in accounts, and for those that may do more than the deleter;
        without a deleter, the hub itself deletes."""
        async with self._turn:
            account = self._accounts.get(name)
            if account is None and (data == "keep" or not await self._has_left(name)):
                raise self._missing(name)
            if name in self._built_in:
                raise AccessDeniedError(f"{name} belongs to the hub and cannot be deleted")
            reach = EVERYTHING if deleter is None else self.reach(deleter)
            who, theirs = (
                deleter.name if deleter is not None else "the hub",
                account.roles if account is not None else (),
            )
            self.roles.check_within(reach, theirs, f"{who} cannot delete {name}")
            self._check_data(name, reach, data, to)
            if account is not None:
                await self._bury(account)
            if data == "handover" and to is not None:
                await self._belongings.hand_over(name, to)
            elif data == "remove":
                await self._belongings.remove(name)
            if data != "keep":
                await self._store.registry.save_identities([("gone", name, None)])
                self._gone.pop(name.casefold(), None)
        return account

    async def add_roles(self, name: str, roles: Sequence[str], giver: User) -> Account:
        """AccessDeniedError for an account or roles that go beyond the giver's own, and for built-in accounts."""
        self.roles.check(roles)
        async with self._turn:
            account = self.account(name)
            if name in self._built_in:
                raise AccessDeniedError(f"the roles of {name} cannot be changed")
            account = replace(account, roles=tuple(dict.fromkeys((*account.roles, *roles))))
            self.roles.check_within(self.reach(giver), account.roles, f"{giver.name} cannot give roles to {name}")
            await self._save_account(account)
        return account

    async def create_role(self, name: str, composites: Sequence[str], creator: User) -> Role:
        async with self._turn:
            held = (role for account in self._accounts.values() for role in account.roles)
            self.roles.check_new(name, held)
            self.roles.check(composites)
            self.roles.check_within(
                self.reach(creator), composites, f"{creator.name} cannot give these roles to {name}"
            )
            role = Role(name, str(uuids.uuid4()), tuple(composites))
            await self._save_role(role)
        return role

    async def add_composites(self, name: str, composites: Sequence[str], giver: User) -> Role:
        """ParameterError for a role that would include itself."""
        async with self._turn:
            role = self.roles.get(name)
            self.roles.check(composites)
            everything = (name, *role.composites, *composites)
            self.roles.check_within(self.reach(giver), everything, f"{giver.name} cannot give roles to {name}")
            if name in self.roles.closure(composites):
                raise ParameterError(f"the role {name} would contain itself")
            role = replace(role, composites=tuple(dict.fromkeys(everything[1:])))
            await self._save_role(role)
        return role

    def members(self, role: str) -> list[Account]:
        """Accounts that have this role, directly or through another role."""
        self.roles.check((role,))
        return [account for account in self.accounts() if role in self.roles.closure(account.roles)]

    async def token(
        self,
        name: str,
        password: str | None,
        asker: User,
        *,
        origin: Origin = _NOWHERE,
        days: float | None = None,
        scope: Sequence[str] | None = None,
    ) -> str:
        """A new API token for this user. It takes the user's password, or the user or an ADMIN as `asker`. See `expiry` for its
        default and longest lifetime.

        NotAuthenticatedError for a wrong password, whether or not there is such a user.
        """
        if password is not None:
            await self._check_password(name, password, asker.name, origin)
        elif name != asker.name and ADMIN not in self.reach(asker):
            raise AccessDeniedError(f"an API token for {name} needs the password of {name}, or the role {ADMIN}")
        async with self._turn:
            self.tokens.check(origin)  # again: the wait for the password or the turn may have been long
            account = self.account(name)
            self.roles.check(scope or ())
            reach = self.reach(asker) if password is None else self.user(name).roles
            self.roles.check_within(
                reach, account.roles if scope is None else scope, f"{asker.name} cannot make such a token for {name}"
            )
            expires = expiry(days, origin, self._now(), has_password=password is not None)
            return await self.tokens.add(name, asker.name, None if scope is None else tuple(scope), expires)

    def tokens_of(self, name: str, asker: User) -> list[Token]:
        """AccessDeniedError for tokens of others, unless an ADMIN asks."""
        self._check_own(name, asker)
        return self.tokens.of(self.account(name).name)

    async def end_token(self, token_id: str, asker: User) -> Token:
        """AccessDeniedError as in `tokens_of`. NotFoundError if there is none of this id."""
        token = self.tokens.get(token_id)
        self._check_own(token.user, asker)
        await self.tokens.end(token)
        return token

    async def login(self, name: str, password: str, origin: Origin) -> User:
        """The user of this name and password. NotAuthenticatedError if either is wrong, TooManyAttemptsError while the address
        has to pause."""
        await self._check_password(name, password, "", origin)
        return self.user(name)

    async def _check_password(self, name: str, password: str, asker: str, origin: Origin) -> None:
        account = self._accounts.get(name)
        kept = account.password if account is not None else None
        has_old = any(one.password is not None and is_scrypt(one.password) for one in self._accounts.values())
        right = await self._logins.check(
            password, kept, username=name, asker=asker, address=origin.address, beside_old=has_old
        )
        if not right or account is None or self.uuid_of(name) != account.uuid:
            raise NotAuthenticatedError("the username or the password is wrong")
        await self._upgrade_password(account, password)

    async def _upgrade_password(self, account: Account, password: str) -> None:
        """Keep today's hash of a right password in the place of an outdated one. A hub that is busy does it another time."""
        with suppress(BusyError):
            better = await self._logins.hashed_again(password, account.password)
            if better is not None:
                async with self._turn:
                    current = self._accounts.get(account.name)
                    if current is not None and (current.uuid, current.password) == (account.uuid, account.password):
                        await self._save_account(replace(current, password=better))

    def _check_own(self, name: str, asker: User) -> None:
        if name != asker.name and ADMIN not in self.reach(asker):
            raise AccessDeniedError(f"only {name} or an {ADMIN} may see and delete the API tokens of {name}")

    def _missing(self, name: str) -> NotFoundError:
        near = get_close_matches(name, self._accounts, n=1)
        return NotFoundError(f"there is no user {name[:100]}" + (f": did you mean {near[0]}?" if near else ""))

    async def _has_left(self, name: str) -> bool:
        """Whether there once was a user of this name."""
        return self._gone.get(name.casefold()) == name or await self._belongings.any(name)

    def _check_free(self, name: str) -> None:
        folded = name.casefold()
        if any(one.casefold() == folded for one in self._accounts):
            raise NameTakenError(f"the user {name} already exists")
        if folded in self._gone:
            raise _left_behind(self._gone[folded])

    def _check_data(self, name: str, reach: frozenset[str], data: Data, to: str | None) -> None:
        if (data == "handover") != (to is not None):
            raise ParameterError("`to` names the user who gets the data: give it only and always with data: handover")
        if data != "keep" and ADMIN not in reach:
            raise AccessDeniedError(f"only an {ADMIN} may hand over or remove the data of {name}")
        if to is not None and self.account(to).name in (name, ANONYMOUS_NAME, SYSTEM_NAME):
            raise ParameterError(f"the data of {name} cannot be handed over to {to}")

    async def _bury(self, account: Account) -> None:
        """The account and its tokens are gone; the name stays taken."""
        tokens = [one for one in self.tokens.all() if one.user == account.name]
        gone: _Record = ("gone", account.name, {"uuid": account.uuid, "deleted": self._now()})
        records: list[_Record] = [("account", account.name, None), gone]
        records += [("token", token.digest, None) for token in tokens]
        await self._store.registry.save_identities(records)
        del self._accounts[account.name]
        self._gone[account.name.casefold()] = account.name
        for token in tokens:
            self.tokens.forget(token)

    async def _save_account(self, account: Account) -> None:
        await self._store.registry.save_identities([("account", account.name, account.record())])
        self._accounts[account.name] = account

    async def _save_role(self, role: Role) -> None:
        await self._store.registry.save_identities([("role", role.name, role.record())])
        self.roles.keep(role)


def _left_behind(name: str) -> NameTakenError:
    return NameTakenError(
        f"{name} was the name of a deleted user, whose data may still be here: an {ADMIN} can hand it over "
        f"(iam.user.delete: {{username: {name}, data: handover, to: NAME}}) or remove it (data: remove), which frees the name"
    )


def _fixed_uuid(name: str) -> str:
    return str(uuids.uuid5(uuids.NAMESPACE_OID, name))
