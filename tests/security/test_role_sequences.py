"""Whatever a few users with little to say do to each other: together they never have more than the strongest of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pfnb.exceptions import PfnbError
from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.people.users import Users
from pfnb.language.roles import includes

START = {
    "eve": ("CAN_PIPE_iam.%", "CAN_PIPE_log"),
    "mallory": ("CAN_PIPE_iam.%", "MANAGER"),
    "trent": ("CAN_PIPE_iam.user.delete", "CAN_PIPE_iam.user.create"),
    "root": ("ADMIN",),
    "peggy": ("SECRET_CLERK", "CAN_PIPE_property.%"),
}
ROLES = {"MANAGER": ("CAN_PIPE_webhook.%",), "SECRET_CLERK": (), "OUTER": ("MANAGER",)}
NAMES = st.sampled_from([*START, "new", "NEW", "ada", "systemuser", "anonymousUser"])
ROLE = st.sampled_from(
    [*ROLES, "ADMIN", "CAN_%", "CAN_PIPE_%", "CAN_PIPE_log", "CAN_PIPE_iam.%", "CAN_RUN_AS_SOURCE", "X", "Y", "X_%"]
)
LOW = ("eve", "mallory", "trent", "new")
SOME = st.lists(ROLE, max_size=3)
ACTIONS = st.one_of(
    st.tuples(st.just("create_user"), st.fixed_dictionaries({"username": NAMES, "roles": SOME})),
    st.tuples(
        st.just("delete_user"),
        st.fixed_dictionaries({"username": NAMES}, optional={"data": st.sampled_from(["remove", "keep"])}),
    ),
    st.tuples(st.just("add_roles"), st.fixed_dictionaries({"username": NAMES, "roles": SOME})),
    st.tuples(st.just("create_role"), st.fixed_dictionaries({"name": ROLE, "composites": SOME})),
    st.tuples(st.just("add_composites"), st.fixed_dictionaries({"name": ROLE, "composites": SOME})),
    st.tuples(st.just("api_token"), st.fixed_dictionaries({"username": NAMES}, optional={"scope": SOME})),
)
Step = tuple[str, tuple[str, dict[str, Any]]]


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(st.tuples(st.sampled_from(LOW), ACTIONS), max_size=14))
def test_no_sequence_of_commands_raises_anybody_above_the_strongest_of_those_who_act(steps: list[Step]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[Step]) -> None:
    home = Home(HubOptions(owner="ada"))
    await home.open()
    try:
        users = home.hub.users
        ada = users.user("ada")
        for name, composites in ROLES.items():
            await users.create_role(name, composites, ada)
        for name, roles in START.items():
            await users.create(name, ada, password=None, roles=roles)
        before = _held(users)
        ceiling = frozenset[str]().union(*(before[name] for name in LOW if name in before))
        for actor, (action, fields) in steps:
            with suppress(PfnbError):
                made = await HubAccess(home.hub, users.user(actor), "http://127.0.0.1").iam(action, **fields)
                if action == "api_token":
                    found = users.by_token(made)
                    assert found is not None
                    assert includes(ceiling, found.roles)
            after = _held(users)
            assert {"root", "peggy", "ada"} <= after.keys()
            for name, roles in after.items():
                gained = roles - before.get(name, frozenset())
                assert includes(ceiling, gained), (actor, action, fields, name, gained)
    finally:
        await home.close()


def _held(users: Users) -> dict[str, frozenset[str]]:
    return {account.name: users.user(account.name).roles for account in users.accounts()}
