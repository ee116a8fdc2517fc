"""A setting of webhooks is declared once: the command, the magic and the hub all have it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from pfnb.commands import load
from pfnb.commands.webhook_settings import SPELLINGS, WebhookSettings, checked, described
from pfnb.commands.webhook_settings import TYPES as SETTINGS
from pfnb.exceptions import ParameterError
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.sql import rows
from pfnb.kernel.magics.webhook_verbs import VERBS
from pfnb.language.editing.schema import parameters_schema
from tests.hub.conftest import HOOK, UUID, sqlite_store


def test_every_setting_is_in_the_command_the_magic_and_what_the_hub_shows() -> None:
    [put] = (verb for verb in VERBS if verb.name == "put")
    words = {parameter.name: parameter.help for parameter in put.parameters}
    schema = parameters_schema(load().get("webhook.put"))["properties"]
    assert set(SPELLINGS) == {field.name for field in fields(WebhookSettings)}
    for name, spelling in SPELLINGS.items():
        assert words[spelling] == schema[spelling]["description"] == described(SETTINGS[name])
        assert HOOK.to_json("", 0)[spelling] == getattr(HOOK, name)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"maxPayloadLength": "2kB", "active": "false"}, {"max_payload_length": 2048, "active": False}),
        ({"eventKey": None, "payloadType": "raw"}, {"payload_type": "raw"}),
    ],
)
def test_settings_are_converted_and_what_is_none_is_left_out(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert checked(given) == expected


@pytest.mark.parametrize("given", [{"eventKey": "a..b"}, {"eventKey": ""}, {"active": "perhaps"}, {"colour": "red"}])
def test_what_is_no_setting_or_no_value_of_one_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        checked(given)


async def test_a_setting_without_a_column_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, slots=True)
    class Described(Webhook):
        note: str = ""

    monkeypatch.setattr(rows, "Webhook", Described)
    monkeypatch.setattr(rows, "_WITHOUT_COLUMN", ("note",))
    hook = Described(UUID, "ada", created=1, updated=1, event_key="a.b", note="for the shop")
    store = sqlite_store(tmp_path)
    await store.open()
    await store.registry.save_webhooks(hook)
    await store.close()
    again = sqlite_store(tmp_path)
    assert (await again.open()).webhooks == (hook,)
    await again.close()
