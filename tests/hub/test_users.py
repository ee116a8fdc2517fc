"""Users, their roles and tokens: who may give what to whom, and what of it is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pfnb.exceptions import AccessDeniedError, NameTakenError, NotAuthenticatedError, NotFoundError, ParameterError
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.people.users import Users
from pfnb.language.port import User

WORDS = "correct horse"


@pytest.fixture
async def users(tmp_path: Path) -> AsyncIterator[Users]:
    home = Home(HubOptions(tmp_path / "hub", owner="ada"))
    await home.open()
    yield home.hub.users
    await home.close()


@pytest.fixture
def ada(users: Users) -> User:
    return users.user("ada")


async def test_a_hub_begins_with_its_owner_the_system_and_nobody(users: Users) -> None:
    assert [account.name for account in users.accounts()] == ["ada", "anonymousUser", "systemuser"]
    assert users.user("anonymousUser").roles == frozenset()
    for name in ("ada", "anonymousUser", "systemuser"):
        with pytest.raises(AccessDeniedError, match="cannot be deleted"):
            await users.delete(name)


async def test_roles_stand_for_others_at_any_depth_and_never_for_themselves(users: Users, ada: User) -> None:
    await users.create_role("INNER", ["CAN_PIPE_log"], ada)
    await users.create_role("OUTER", ["INNER"], ada)
    await users.create("grace", ada, password=None, roles=["OUTER"])
    assert users.user("grace").roles == {"OUTER", "INNER", "CAN_PIPE_log"}
    assert [account.name for account in users.members("INNER")] == ["grace"]
    for name in ("INNER", "OUTER"):
        with pytest.raises(ParameterError, match="would contain itself"):
            await users.add_composites("INNER", [name], ada)


async def test_nobody_gives_more_than_they_have(users: Users, ada: User) -> None:
    await users.create("grace", ada, password=None, roles=["CAN_PIPE_iam.%", "CAN_PIPE_webhook.%"])
    grace = users.user("grace")
    await users.create("bob", grace, password=None, roles=["CAN_PIPE_webhook.put"])
    for roles in (["ADMIN"], ["CAN_PIPE_%"], ["CAN_RUN_AS_SOURCE"], ["CAN_RUN_AS_TARGET"]):
        with pytest.raises(AccessDeniedError, match="grace cannot give"):
            await users.add_roles("bob", roles, grace)
    with pytest.raises(AccessDeniedError, match="cannot give"):
        await users.create_role("MINE", ["ADMIN"], grace)


async def test_a_token_takes_the_password_or_the_right_to_do_all_that_the_user_may(users: Users, ada: User) -> None:
    await users.create("grace", ada, password=WORDS, roles=["CAN_PIPE_iam.apitoken"])
    grace = users.user("grace")
    with pytest.raises(AccessDeniedError, match="needs the password"):
        await users.token("ada", None, grace)
    for name, password in (("grace", "wrong horse"), ("nobody", WORDS), ("ada", WORDS)):
        with pytest.raises(NotAuthenticatedError, match="the username or the password is wrong"):
            await users.token(name, password, ada)
    for token in (await users.token("grace", WORDS, grace), await users.token("grace", None, ada)):
        assert users.by_token(token) == grace
    assert users.by_token("pfnb_nobodys") is None
    await users.delete("grace")
    assert users.by_token(token) is None


@pytest.mark.parametrize(
    ("name", "more", "error", "says"),
    [
        ("ada", {}, NameTakenError, "already"),
        ("a b", {}, ParameterError, "is not a valid username"),
        ("../x", {}, ParameterError, "is not a valid username"),
        ("grace", {"password": "short"}, ParameterError, "must have 8 to"),
        ("grace", {"roles": ["ADMIM"]}, NotFoundError, "did you mean ADMIN"),
        ("grace", {"roles": ["NOPE"]}, NotFoundError, "CAN_PIPE_<command>"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_can(
    users: Users, ada: User, name: str, more: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        await users.create(name, ada, **{"password": None, "roles": [], **more})
    assert len(users.accounts()) == 3


async def test_accounts_outlive_the_hub_and_their_secrets_are_not_in_its_files(tmp_path: Path) -> None:
    home = Home(HubOptions(tmp_path, owner="ada"))
    await home.open()
    ada = home.hub.users.user("ada")
    await home.hub.users.create("grace", ada, password=WORDS, roles=["CAN_RUN_AS_TARGET"])
    token = await home.hub.users.token("grace", WORDS, ada)
    await home.close()
    again = Home(HubOptions(tmp_path, owner="ada"))
    await again.open()
    found = again.hub.users.by_token(token)
    await again.close()
    assert found is not None
    assert (found.name, found.roles) == ("grace", {"CAN_RUN_AS_TARGET"})
    with sqlite3.connect(tmp_path / "pfnb.sqlite") as database:
        kept = "".join(database.iterdump())
    database.close()
    assert WORDS not in kept
    assert token not in kept
    assert WORDS not in repr(again.hub.users.account("grace"))
