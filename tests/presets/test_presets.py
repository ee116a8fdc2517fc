"""Each preset takes what its sender signs, refuses what it does not, and stores a repeated delivery once."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from pfnb.commands.webhook_settings import checked
from pfnb.presets.table import names, preset_of
from tests.presets.conftest import Owner
from tests.presets.senders import SIGN, other_secret, sample_of, secret_of

SIGNED = [name for name in names() if name in SIGN]
UNSIGNED = [name for name in names() if name not in SIGN]
BODY_UNSIGNED = ("cloudflare", "gitlab", "mailgun", "okta", "telegram")
NAMED_TWICE = [name for name in SIGNED if "repeatBy" in preset_of(name).settings]


def is_signed(name: str) -> bool:
    return not {"signature", "auth"}.isdisjoint(preset_of(name).settings)


def test_each_preset_that_checks_something_is_tested_with_a_signature() -> None:
    assert [name for name in names() if is_signed(name)] == SIGNED


@pytest.mark.parametrize("name", names())
def test_a_preset_has_valid_settings_a_hint_and_a_sample(name: str) -> None:
    preset = preset_of(name)
    settings = checked(preset.settings)
    assert settings["payload_type"] == "raw"
    assert settings["methods"]
    assert len(preset.where) < 250
    assert preset.where.endswith(".")
    assert (preset.known == "none") is not is_signed(name)
    assert preset.known != "none" or preset.note
    kind = preset.sample.headers["Content-Type"]
    assert "json" not in kind or json.loads(preset.sample.body)
    assert not any("ignature" in header for header in preset.sample.headers if not header.endswith("Timestamp"))


async def ready(owner: Owner, name: str) -> dict[str, Any]:
    """A webhook of this preset, with its secret, however that came."""
    preset = preset_of(name)
    if preset.known == "first":
        return await owner.put(name, secret=secret_of(name))
    hook = await owner.put(name)
    if preset.known == "none":
        return hook
    assert "it takes nothing until" in hook["warning"]
    return await owner.command("webhook.put", uuid=hook["uuid"], secret=secret_of(name))


@pytest.mark.parametrize("name", SIGNED)
async def test_what_the_sender_signs_is_stored_and_what_others_sign_is_refused(owner: Owner, name: str) -> None:
    hook = await ready(owner, name)
    sample = sample_of(preset_of(name), hook["webhookUrl"])
    signed = SIGN[name](sample, secret_of(name))
    right = await owner.send(signed)
    assert (right.status_code, right.json()["status"]) == (200, "running")
    (row,) = await owner.stored(hook)
    assert base64.b64decode(row["body"]) == signed.body
    wrongs = [sample, SIGN[name](sample, other_secret(name))]
    if name not in BODY_UNSIGNED:
        wrongs.append(replace(signed, body=signed.body.replace(b"a", b"b")))
    for wrong in wrongs:
        assert (await owner.send(wrong)).status_code == (401 if preset_of(name).answers_401 else 200)
    assert len(await owner.stored(hook)) == 1
    assert [one["statusCode"] for one in await owner.refused(hook)] == [401] * len(wrongs)
    assert secret_of(name) not in json.dumps(await owner.webhook(hook))
    assert hook["signature" if hook["signature"] else "auth"]["secrets"] == 1


@pytest.mark.parametrize("name", NAMED_TWICE)
async def test_what_the_sender_repeats_is_stored_once(owner: Owner, name: str) -> None:
    hook = await ready(owner, name)
    sample = sample_of(preset_of(name), hook["webhookUrl"])
    spaced = replace(sample, body=sample.body + b"\n")
    for again in (sample, sample, spaced):
        assert (await owner.send(SIGN[name](again, secret_of(name)))).status_code == 200
    assert len(await owner.stored(hook)) == 1
    assert "warning" not in await owner.webhook(hook)


@pytest.mark.parametrize("name", UNSIGNED)
async def test_what_an_unsigned_sender_sends_is_stored(owner: Owner, name: str) -> None:
    hook = await ready(owner, name)
    await owner.send(sample_of(preset_of(name), hook["webhookUrl"]))
    assert len(await owner.stored(hook)) == 1
    assert "note" not in hook
    assert preset_of(name).note in hook["hint"]


@pytest.mark.parametrize("name", [name for name in names() if preset_of(name).known == "first"])
async def test_a_preset_says_which_secret_it_misses(owner: Owner, name: str) -> None:
    said = await owner.refusal(preset=name)
    assert "give secret=…" in said
    assert preset_of(name).title in said


@pytest.mark.parametrize("name", [name for name in names() if preset_of(name).known == "later"])
async def test_nothing_is_taken_until_the_secret_is_there(owner: Owner, name: str) -> None:
    hook = await owner.put(name)
    sample = sample_of(preset_of(name), hook["webhookUrl"])
    await owner.send(sample)
    await owner.send(SIGN[name](sample, secret_of(name)))
    assert await owner.stored(hook) == []
    assert "no secret yet" in (await owner.refused(hook))[0]["reason"]
    again = await owner.put(name, uuid=hook["uuid"], secret=secret_of(name))
    assert "warning" not in again
    await owner.send(SIGN[name](sample, secret_of(name)))
    assert len(await owner.stored(hook)) == 1
    kept = await owner.put(name, uuid=hook["uuid"])
    assert "warning" not in kept
    await owner.send(SIGN[name](replace(sample, body=sample.body + b" "), secret_of(name)))
    assert (await owner.refused(hook))[0]["count"] == 2


async def test_what_is_given_wins(owner: Owner) -> None:
    given = {"methods": "PUT", "repeatBy": "X-Mine", "payloadType": "base64", "handshake": "zoom"}
    hook = await owner.put("slack", secret="s", **given)
    assert {name: hook[name] for name in given} == {**given, "methods": ["PUT"]}
    own = '{"scheme": "hmac", "header": "X-Mine", "secret": "t"}'
    hook = await owner.put("slack", signature=own)
    assert hook["signature"] == {"scheme": "hmac", "header": "X-Mine", "secrets": 1}
    assert (await owner.put("github", signature="none"))["signature"] is None


async def test_another_preset_leaves_nothing_of_the_one_before(owner: Owner) -> None:
    hook = await owner.put("slack", secret="s", maxPayloadLength="1MB")
    for name in ("telegram", "graph"):
        hook = await owner.put(name, uuid=hook["uuid"], **({} if name == "graph" else {"secret": "t"}))
    fresh = await owner.put("graph", maxPayloadLength="1MB")
    volatile = {"uuid", "webhookUrl", "pathUrl", "created", "updated"}
    assert {name: value for name, value in hook.items() if name not in volatile} == {
        name: value for name, value in fresh.items() if name not in volatile
    }


async def test_without_a_preset_secret_says_what_to_give(owner: Owner) -> None:
    assert "signature.secret" in await owner.refusal(secret="s")
    assert "did you mean github?" in await owner.refusal(preset="githup")
    assert "Mailchimp does not sign" in await owner.refusal(preset="mailchimp", secret="s")
    hook = await owner.put("github", secret="s")
    assert (await owner.put("none", uuid=hook["uuid"]))["preset"] == ""


async def test_presets_are_listed_with_their_samples(owner: Owner) -> None:
    rows = await owner.command("webhook.presets")
    assert [row["preset"] for row in rows] == names()
    details = await owner.command("webhook.presets", preset="zoom")
    assert details["settings"]["signature"]["header"] == "x-zm-signature"
    assert json.loads(details["sample"]["body"])["event"] == "meeting.started"
