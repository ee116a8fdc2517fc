"""Pipelines as PIPEFORCE's published example apps have them: forms store properties, pipelines listen to `property.created`.

They load and run as far as there are their commands, and an error names those that there are not.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pfnb import functions
from pfnb.commands import load
from pfnb.exceptions import UnknownCommandError
from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.records.query import EventQuery
from pfnb.language import Runner, User, parse_pipeline
from pfnb.language.command import CommandRegistry
from pfnb.language.payload import event_body
from pfnb.language.roles import EVERYTHING
from pfnb.language.run import RunResult
from tests.commands.test_mail import Mailbox, mailbox
from tests.outbound.conftest import Partner, partner

__all__ = ["mailbox", "partner"]

APPS = Path(__file__).parent / "apps"
ADA = User("ada", EVERYTHING)
MISSING = {
    "application": ["property.send.delivery"],
    "label": ["barcode.create"],
    "visit": [],
    "counted": [],
    "shipment": [],
    "roles": [],
    "migrate": [],
}

Run = Callable[..., Awaitable[RunResult]]


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    made = Home(HubOptions(owner="ada"))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def access(home: Home) -> HubAccess:
    return HubAccess(home.hub, ADA, "http://127.0.0.1:8899/pfnb")


@pytest.fixture
def called() -> list[tuple[str, dict[str, Any]]]:
    """What the commands that are missing here were called with."""
    return []


@pytest.fixture
def registry(called: list[tuple[str, dict[str, Any]]]) -> CommandRegistry:
    """All commands, and somebody's own in the place of the missing."""
    registry = load().copy()

    def made_by_somebody(name: str) -> None:
        @registry.command(name)
        def own(**given: Any) -> None:
            called.append((name, given))

    for name in (name for names in MISSING.values() for name in names):
        made_by_somebody(name)
    return registry


@pytest.fixture
def submitted(home: Home, access: HubAccess, registry: CommandRegistry) -> Run:
    """Stores a form as a property, and runs an app's pipeline with the event of that."""

    async def submit(app: str, path: str, form: dict[str, Any]) -> RunResult:
        await access.put_property(path, {"value": form, "type": "application/json"})
        [event] = (await home.hub.store.events.find(EventQuery("ada"), None, 1)).events
        assert event.event_key == "property.created"
        pipeline = parse_pipeline(text(app), registry)
        seen = event_body(await home.hub.history.object(event))
        return await Runner(registry, functions.registry).run(pipeline, user=ADA, owner=ADA, hub=access, event=seen)

    return submit


def text(app: str) -> str:
    return (APPS / f"{app}.pi.yaml").read_text()


def test_there_is_a_test_for_every_app() -> None:
    assert {file.name.removesuffix(".pi.yaml") for file in APPS.iterdir()} == MISSING.keys()


@pytest.mark.parametrize(("app", "missing"), MISSING.items())
def test_an_app_loads_or_its_missing_commands_are_named_with_their_lines(app: str, missing: list[str]) -> None:
    if not missing:
        assert parse_pipeline(text(app), load()).steps
        return
    with pytest.raises(UnknownCommandError) as raised:
        parse_pipeline(text(app), load())
    for name in missing:
        assert f'there is no command "{name}"' in str(raised.value)
    line = next(number for number, line in enumerate(text(app).splitlines(), 1) if missing[0] in line)
    assert raised.value.line == line


async def test_a_form_is_delivered(submitted: Run, access: HubAccess, called: list[Any]) -> None:
    await access.put_property("global/app/jobs/config/app", {"value": {"recipient": "hr@example.org"}})
    path = "global/app/jobs/object/application/v1/instance/1"
    await submitted("application", path, {"name": "Grace"})
    [(name, given)] = called
    assert (name, given["recipients"]) == ("property.send.delivery", ["hr@example.org"])
    assert given["key"] == f"/pipeforce/default/{path}"


async def test_another_forms_property_is_passed_over(submitted: Run, called: list[Any]) -> None:
    result = await submitted("application", "global/app/other/object/x", {"name": "Grace"})
    assert (result.skipped, called) == (True, [])


async def test_fields_of_a_form_are_at_hand(submitted: Run, access: HubAccess, called: list[Any]) -> None:
    form = {"format": "EAN_13", "text": "4006381333931", "name": "pencil"}
    await submitted("label", "global/app/labels/object/label/v1/instance/1", form)
    assert called == [("barcode.create", {"format": "EAN_13", "text": "4006381333931"})]
    assert [file["name"] for file in await access.list_files("")] == ["pencil.png"]


async def test_a_form_is_completed_and_told_of(submitted: Run, access: HubAccess, mailbox: Mailbox) -> None:
    await access.put_property("global/app/archive/config/app", {"value": {"emails": ["keeper@example.org"]}})
    path = "global/app/archive/object/visit/v1/instance/1"
    await submitted("visit", path, {"action": "entered"})
    value = json.loads((await access.get_property(path))["value"])
    assert value == {"action": "entered", "employee": "ada", "time": {"year": 2026}}
    mail = mailbox.mail()
    assert (mail["To"], mail["Subject"]) == ("keeper@example.org", "The archive was entered by ada")


async def test_somebody_elses_api_is_called(
    submitted: Run, access: HubAccess, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1")
    partner.answers = [(200, {}, b""), (200, {"Content-Type": "application/json"}, b'{"result": [{"id": 1}]}')]
    config = {"config": {"api": partner.url, "token": "t0p", "article": "A7"}}
    await access.put_property("global/app/stock/config/app", {"value": config})
    form = {"action": "shipment", "serial": "S1"}
    result = await submitted("shipment", "global/app/stock/object/action/v1/instance/1", form)
    assert result.steps[-1].input == {"key": "shipped", "value": 1}
    assert [(got.method, got.path, got.headers["AuthenticationToken"]) for got in partner.got] == [
        ("POST", "/movements", "t0p"),
        ("GET", "/shipments", "t0p"),
    ]
    assert partner.got[0].body.strip() == b'{"articleId": "A7", "serialNumbers": ["S1"]}'


async def test_roles_are_set_up_and_what_fails_of_it_is_passed_over(home: Home, access: HubAccess) -> None:
    registry = load()
    await Runner(registry, functions.registry).run(
        parse_pipeline(text("roles"), registry), user=ADA, owner=ADA, hub=access
    )
    role = await access.iam("create_user", username="grace", roles=["CAN_APP_JOBS"])
    assert role["roles"] == ["CAN_APP_JOBS"]
    assert "CAN_PIPE_property.move" in home.hub.users.user("grace").roles
