"""The audit log says what the hub knows, and a session can neither forge a line nor push one out."""

from __future__ import annotations

import pytest

from pfnb.exceptions import AccessDeniedError
from pfnb.http.session_calls import WorkerCalls
from pfnb.hub.origin import Origin
from tests.http.test_session import call, frame, session
from tests.hub.conftest import RecordingWorker
from tests.security.conftest import People

FORGED = 'x"}\n{"time": 1, "event": "user.created", "user": "ada"}\r\u2028\x00\x1b[2K'


async def test_what_changes_rights_is_in_the_audit_log(people: People) -> None:
    await people.do(people.ada, "iam.role.create", name="KEEPER", composites="CAN_PIPE_webhook.put")
    await people.do(people.ada, "iam.role.add.composites", roleName="KEEPER", composites="CAN_PIPE_log")
    grace = await people.join("grace", "KEEPER, CAN_PIPE_iam.user.create", password="correct horse")
    await people.do(people.ada, "iam.user.add.roles", username="grace", roleNames="CAN_RUN_AS_TARGET")
    assert (await people.try_to(grace, "iam.user.create", username="x", roleNames="ADMIN")).status_code == 403
    (token,) = (await people.do(people.ada, "iam.apitoken.list", username="grace")).json()
    await people.do(people.ada, "iam.apitoken.delete", id=token["id"])
    await people.do(people.ada, "iam.user.delete", username="grace")
    assert (await people.try_to(grace, "iam.authinfo")).status_code == 401
    assert [entry["event"] for entry in people.audit()] == [
        "role.created", "role.changed", "user.created", "token.created", "roles.given", "refused",
        "token.deleted", "user.deleted", "login.failed",
    ]  # fmt: skip
    (refused,) = people.audit("refused")
    assert (refused["user"], refused["via"], refused["token"]) == ("grace", "token", token["id"])
    assert (refused["command"], "ADMIN" in refused["reason"]) == ("iam.user.create", True)
    (made,) = people.audit("user.created")
    assert (made["user"], made["via"], dict(made["fields"])["username"]) == ("ada", "login", "grace")
    assert "horse" not in str(people.audit())
    assert "pfnb_" not in str(people.audit())


async def test_a_session_cannot_name_somebody_else_or_write_lines_of_its_own(people: People) -> None:
    await people.join("grace", "CAN_PIPE_log")
    async with session(people.server, session=FORGED) as connection:
        await frame(connection)
        fields = {
            "username": "grace",
            "command": FORGED,
            "pipeline": "p" * 5_000_000,
            "trace_id": None,
            "missing": FORGED,
        }
        before = len(people.audit())
        await call(connection, "iam", action="refused", fields=fields)
        await call(connection, "iam", action="refused", fields={**fields, "user": "grace", "event": "user.created"})
    (entry,) = people.audit()[before:]
    assert (entry["user"], entry["via"], entry["actingAs"]) == ("ada", "session", "grace")
    assert entry["command"] == FORGED
    assert len(entry["pipeline"]) < 500


async def test_a_flood_of_refusals_pushes_nothing_out(people: People) -> None:
    await people.join("grace", "CAN_PIPE_log")
    fields = {"username": "x", "command": "y" * 10_000, "pipeline": None, "trace_id": None, "missing": "z" * 10_000}
    async with session(people.server) as connection:
        await frame(connection)
        for _ in range(400):
            await call(connection, "iam", action="refused", fields=fields)
    wrong = people.client("pfnb_wrong")
    for _ in range(150):
        assert (await wrong.get("/api/v3/command/iam.authinfo")).status_code == 401
    await people.do(people.ada, "iam.user.delete", username="grace")
    assert people.audit("user.created")
    assert people.audit("user.deleted")
    assert len(people.audit("refused")) == 100
    assert len(people.audit("login.failed")) == 100


async def test_the_hub_checks_roles_itself(people: People) -> None:
    """A kernel that asks the hub directly, past the commands, may do no more for it."""
    await people.join("target", "CAN_RUN_AS_TARGET, CAN_PIPE_log")
    async with session(people.server) as connection:
        await frame(connection)
        for action, fields in [
            ("create_user", {"username": "puppet"}),
            ("list_users", {}),
            ("get_user", {"username": "ada"}),
            ("api_token", {"username": "target"}),
            ("delete_user", {"username": "target"}),
        ]:
            refused = await call(connection, "iam", action=action, fields=fields, as_user="target")
            assert refused["error"]["errorType"] == "AccessDeniedError", action


async def test_a_session_acts_for_nobody_else(people: People) -> None:
    await people.join("grace", "ADMIN")
    async with session(people.server) as connection:
        await frame(connection)
        for name in ("grace", "systemuser", "anonymousUser"):
            refused = await call(connection, "get_webhooks", as_user=name)
            assert refused["error"]["errorType"] == "AccessDeniedError"
        for wrong in (["grace"], {"a": 1}, 1, None, True):
            refused = await call(connection, "get_webhooks", as_user=wrong)
            assert (refused["type"], refused["error"]["statusCode"]) == ("error", 400)
        for wrong in ({"action": "create_user"}, {"action": 1, "fields": {}}, {"action": "x", "fields": []}):
            assert (await call(connection, "iam", **wrong))["error"]["statusCode"] == 400
        refused = await call(connection, "get_webhooks", owner="grace")
        assert refused["error"]["statusCode"] == 400


async def test_the_worker_acts_for_nobody_whose_pipelines_it_does_not_serve(people: People) -> None:
    calls = WorkerCalls(people.server.site, RecordingWorker(), Origin("worker"))
    for arguments in ({"owner": "ada"}, {"owner": "ada", "as_user": "ada"}, {"owner": ["ada"]}, {"owner": ""}, {}):
        with pytest.raises(AccessDeniedError, match="stored pipelines that it serves"):
            await calls.run("get_webhooks", arguments)


async def test_entries_of_one_kind_push_no_others_out(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pfnb.hub.people.audit.MAX_ENTRIES", 5)
    for _ in range(8):
        await people.do(people.ada, "iam.apitoken", username="ada")
    await people.join("bob")
    made = [entry["event"] for entry in people.audit() if entry["user"] == "ada"]
    assert made.count("token.created") == 5
    assert "user.created" in made
    people.server.hub.audit.close()
    assert people.audit()[-1].items() >= {"event": "token.created", "user": "ada", "leftOut": 4}.items()
