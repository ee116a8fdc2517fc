"""Nobody gives, takes or deletes above themselves, whatever words they use for it."""

from __future__ import annotations

import time

import pytest

from pfnb.hub.records.accounts import Role
from pfnb.language.roles import grants
from tests.security.conftest import People

HELPDESK = "CAN_PIPE_iam.%, CAN_PIPE_log"
EVERY_COMMAND = "CAN_PIPE_webhook.put"


@pytest.mark.parametrize(
    "name", ["CAN_%", "CAN_PIPE_%", "C_%", "A_%", "ADMIN", "Admin_", "CAN_RUN_AS_SOURCE", "X_%.put"]
)
async def test_the_name_of_a_role_is_no_way_to_what_others_may(people: People, name: str) -> None:
    eve = await people.join("eve", HELPDESK)
    await people.try_to(eve, "iam.role.create", name=name)
    await people.try_to(eve, "iam.user.add.roles", username="eve", roleNames=name)
    await people.try_to(eve, "iam.user.create", username="puppet", roleNames=name, password="correct horse")
    for who in ("eve", "puppet"):
        if who in {account.name for account in people.server.hub.users.accounts()}:
            assert not grants(await people.roles_of(who), EVERY_COMMAND)
            assert "ADMIN" not in await people.roles_of(who)


@pytest.mark.parametrize("name", ["CAN_%", "%", "CAN_RUN%", "ADMI%"])
async def test_a_role_with_wildcards_that_an_older_hub_has_kept_grants_nothing(people: People, name: str) -> None:
    people.server.hub.users.roles.keep(Role(name, "1"))
    await people.do(people.ada, "iam.user.create", username="eve", roleNames=name)
    roles = await people.roles_of("eve")
    for wanted in (EVERY_COMMAND, "ADMIN", "CAN_RUN_AS_SOURCE", "CAN_RUN_AS_TARGET"):
        assert not grants(roles, wanted)


async def test_a_role_is_given_by_those_only_who_have_it(people: People) -> None:
    """Also one that permits no command: pipelines may ask for it by `@user.hasPermission`."""
    await people.do(people.ada, "iam.role.create", name="BILLING_CLERK")
    eve = await people.join("eve", HELPDESK)
    for command, parameters in [
        ("iam.user.add.roles", {"username": "eve", "roleNames": "BILLING_CLERK"}),
        ("iam.user.create", {"username": "puppet", "roleNames": "BILLING_CLERK"}),
        ("iam.role.create", {"name": "MINE", "composites": "BILLING_CLERK"}),
        ("iam.role.add.composites", {"roleName": "BILLING_CLERK", "composites": "CAN_PIPE_log"}),
    ]:
        refused = await people.try_to(eve, command, **parameters)
        assert (refused.status_code, "BILLING_CLERK" in refused.text) == (403, True)
    bob = await people.join("bob", f"{HELPDESK}, BILLING_CLERK")
    await people.do(bob, "iam.user.add.roles", username="eve", roleNames="BILLING_CLERK")
    assert "BILLING_CLERK" in await people.roles_of("eve")


async def test_a_role_that_others_hold_is_not_made_to_mean_more_than_its_changer_may(people: People) -> None:
    await people.do(people.ada, "iam.role.create", name="INNER", composites="CAN_PIPE_log")
    await people.do(people.ada, "iam.role.create", name="OUTER", composites="INNER")
    await people.join("grace", "OUTER")
    eve = await people.join("eve", f"{HELPDESK}, INNER")
    for composites in ("CAN_PIPE_event.send", "CAN_PIPE_%", "ADMIN", "CAN_RUN_AS_TARGET", "OUTER"):
        assert (await people.try_to(eve, "iam.role.add.composites", roleName="INNER", composites=composites)).is_error
    await people.do(eve, "iam.role.add.composites", roleName="INNER", composites="CAN_PIPE_iam.user.get")
    assert await people.roles_of("grace") == {"OUTER", "INNER", "CAN_PIPE_log", "CAN_PIPE_iam.user.get"}


async def test_nobody_deletes_or_changes_a_user_who_may_do_more(people: People) -> None:
    for name, roles in [("root", "ADMIN"), ("grace", "CAN_PIPE_webhook.%"), ("target", "CAN_RUN_AS_TARGET")]:
        await people.join(name, roles)
    eve = await people.join("eve", HELPDESK)
    for name in ("root", "grace", "target", "ada", "systemuser", "anonymousUser"):
        for command, more in [("iam.user.delete", {}), ("iam.user.add.roles", {"roleNames": "CAN_PIPE_log"})]:
            assert (await people.try_to(eve, command, username=name, **more)).status_code == 403
        assert people.server.hub.users.account(name)
    await people.join("equal", "CAN_PIPE_log")
    await people.do(eve, "iam.user.delete", username="equal")


async def test_a_role_that_somebody_names_already_cannot_be_created(people: People) -> None:
    """It would grant by surprise: here an account of an older hub names a role that is none."""
    users = people.server.hub.users
    grace = await people.join("grace", "CAN_PIPE_log")
    users._accounts["grace"] = type(users.account("grace"))("grace", "1", 0, roles=("LATER", "CAN_PIPE_log"))
    assert await people.roles_of("grace") == {"CAN_PIPE_log"}
    refused = await people.try_to(people.ada, "iam.role.create", name="LATER", composites="ADMIN")
    assert (refused.status_code, "already has the role name" in refused.text) == (409, True)
    assert (await grace.get("/api/v3/command/iam.authinfo")).json()["effectiveRoles"] == ["CAN_PIPE_log"]


async def test_roles_that_were_taken_away_are_gone_at_once(people: People) -> None:
    """A run that began before with more rights cannot hand them out any more."""
    hub = people.server.hub
    eve = await people.join("eve", f"{HELPDESK}, CAN_PIPE_webhook.%")
    access = people.server.site.access(hub.users.user("eve"))
    assert (await eve.get("/api/v3/command/iam.authinfo")).status_code == 200
    await people.do(people.ada, "iam.user.delete", username="eve", data="remove")
    await people.do(people.ada, "iam.user.create", username="eve", roleNames="ADMIN")
    for call in (access.iam("create_user", username="puppet"), access.get_webhooks(), access.list_properties("**")):
        with pytest.raises(Exception, match="was deleted"):
            await call


@pytest.mark.parametrize("size", [30, 90])
def test_a_role_of_many_wildcards_is_compared_in_no_time(size: int) -> None:
    began = time.perf_counter()
    for number in range(100):
        assert not grants({"CAN_PIPE_" + "%a" * size + f"%b{number}"}, "CAN_PIPE_" + "a" * 200)
    assert time.perf_counter() - began < 1
