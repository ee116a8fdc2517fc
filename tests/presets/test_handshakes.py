"""Senders that ask first get their answer at the door, without a pipeline, and what they asked is no event."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from pfnb.hub import handshakes
from pfnb.outbound import Answer
from pfnb.presets.table import names, preset_of
from tests.presets.conftest import Owner
from tests.presets.senders import SIGN, Request, b64, get, json_request, mac, other_secret, sample_of, secret_of

CHALLENGE = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
MARKUP = "<script>alert(1)</script>"


@dataclass(frozen=True)
class Asked:
    """A documented handshake: what is sent to the webhook's address, and what is expected, as text or as JSON. `signed` ones are
    sent with a signature."""

    preset: str
    request: Callable[[str, str], Request]
    expected: Any
    signed: bool = False


def event_grid(url: str, _: str) -> Request:
    event = {
        "id": "1",
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": CHALLENGE, "validationUrl": "https://example.org/"},
    }
    return json_request(url, [event], aeg_event_type="SubscriptionValidation")


ASKED = [
    Asked(
        "slack",
        lambda u, _: json_request(u, {"token": "x", "challenge": CHALLENGE, "type": "url_verification"}),
        CHALLENGE,
        True,
    ),
    Asked(
        "zoom",
        lambda u, _: json_request(u, {"event": "endpoint.url_validation", "payload": {"plainToken": CHALLENGE}}),
        {"plainToken": CHALLENGE, "encryptedToken": mac(secret_of("zoom"), CHALLENGE.encode()).hexdigest()},
        True,
    ),
    Asked("discord", lambda u, _: json_request(u, {"type": 1, "id": "1", "token": "x"}), {"type": 1}, True),
    Asked(
        "twitch",
        lambda u, _: json_request(
            u,
            {"challenge": CHALLENGE, "subscription": {"status": "webhook_callback_verification_pending"}},
            Twitch_Eventsub_Message_Type="webhook_callback_verification",
            Twitch_Eventsub_Message_Id="1",
        ),
        CHALLENGE,
        True,
    ),
    *(
        Asked(
            name,
            lambda u, t: get(f"{u}&hub.mode=subscribe&hub.verify_token={t}&hub.challenge=1158201444"),
            "1158201444",
        )
        for name in ("meta", "whatsapp")
    ),
    Asked(
        "strava",
        lambda u, t: get(f"{u}&hub.verify_token={t}&hub.challenge=15f7d1a9&hub.mode=subscribe"),
        {"hub.challenge": "15f7d1a9"},
    ),
    Asked(
        "x",
        lambda u, _: get(f"{u}&crc_token={CHALLENGE}&nonce=1"),
        {"response_token": "sha256=" + b64(mac(secret_of("x"), CHALLENGE.encode()))},
    ),
    Asked("dropbox", lambda u, _: get(f"{u}&challenge={CHALLENGE}"), CHALLENGE),
    Asked("nylas", lambda u, _: get(f"{u}&challenge={CHALLENGE}"), CHALLENGE),
    Asked(
        "graph",
        lambda u, _: Request(f"{u}&validationToken=Validation%3a+Testing+client", b"", {"Content-Type": "text/plain"}),
        "Validation: Testing client",
    ),
    Asked("eventgrid", event_grid, {"validationResponse": CHALLENGE}),
    Asked("monday", lambda u, _: json_request(u, {"challenge": CHALLENGE}), {"challenge": CHALLENGE}),
    Asked("okta", lambda u, _: get(u, X_Okta_Verification_Challenge=CHALLENGE), {"verification": CHALLENGE}),
    Asked("mailchimp", lambda u, _: get(u), ""),
    Asked("asana", lambda u, _: Request(u, b"", {"X-Hook-Secret": CHALLENGE}), ""),
    Asked("notion", lambda u, _: json_request(u, {"verification_token": CHALLENGE}), ""),
    Asked(
        "websub",
        lambda u, _: get(f"{u}&hub.mode=subscribe&hub.topic=https%3A%2F%2Fexample.org&hub.challenge={CHALLENGE}"),
        CHALLENGE,
    ),
]


async def put(owner: Owner, name: str) -> dict[str, Any]:
    return await owner.put(name, **({"secret": secret_of(name)} if preset_of(name).known == "first" else {}))


async def token(owner: Owner, hook: dict[str, Any]) -> str:
    return (await owner.command("webhook.handshake", uuid=hook["uuid"]))["verifyToken"]


def shown(answer: httpx.Response) -> Any:
    return answer.json() if answer.headers["content-type"] == "application/json" else answer.text


def test_each_preset_with_a_handshake_is_tested_with_its_documented_one() -> None:
    assert {one.preset for one in ASKED} | {"sns"} == {name for name in names() if preset_of(name).handshakes}


@pytest.mark.parametrize("asked", ASKED, ids=lambda one: one.preset)
async def test_a_handshake_is_answered_at_the_door_and_shown_to_the_owner(owner: Owner, asked: Asked) -> None:
    hook = await put(owner, asked.preset)
    request = asked.request(hook["webhookUrl"], await token(owner, hook))
    if asked.signed:
        request = SIGN[asked.preset](request, secret_of(asked.preset))
    for url in (request.url, request.url + "&wait=true"):
        answer = await owner.send(Request(url, request.body, request.headers, request.method))
        assert answer.status_code == 200
        assert shown(answer) == asked.expected
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "html" not in answer.headers["content-type"]
        assert "sandbox" in answer.headers["content-security-policy"]
    assert await owner.stored(hook) == []
    assert "answered" in (last := await owner.last_handshake(hook)) or "secret is kept" in last


@pytest.mark.parametrize("asked", [one for one in ASKED if one.signed], ids=lambda one: one.preset)
async def test_a_handshake_that_must_be_signed_is_not_answered_without_a_signature(owner: Owner, asked: Asked) -> None:
    hook = await put(owner, asked.preset)
    request = asked.request(hook["webhookUrl"], "")
    for wrong in (request, SIGN[asked.preset](request, other_secret(asked.preset))):
        answer = await owner.send(wrong)
        assert CHALLENGE not in answer.text
        assert answer.status_code == (401 if asked.preset == "discord" else 200)
    assert "lastHandshake" not in await owner.webhook(hook)
    assert (await owner.refused(hook))[0]["count"] == 2


@pytest.mark.parametrize("name", ["meta", "whatsapp", "strava"])
async def test_another_verify_token_is_refused_and_shown_to_the_owner(owner: Owner, name: str) -> None:
    hook = await put(owner, name)
    assert (await token(owner, hook)) in hook["hint"]
    for given in ("hub.verify_token=guessed&", ""):
        answer = await owner.send(get(f"{hook['webhookUrl']}&hub.mode=subscribe&{given}hub.challenge={CHALLENGE}"))
        assert CHALLENGE not in answer.text
        assert answer.json()["status"] == "running"
    (newest, _) = await owner.refused(hook)
    assert (newest["statusCode"], newest["count"]) == (403, 2)


@pytest.mark.parametrize("name", ["slack", "x", "dropbox", "graph"])
async def test_an_unknown_or_deactivated_webhook_answers_no_handshake(owner: Owner, name: str) -> None:
    hook = await put(owner, name)
    asked = next(one for one in ASKED if one.preset == name)
    await owner.command("webhook.put", uuid=hook["uuid"], active="false")
    request = asked.request(hook["webhookUrl"], "")
    answer = await owner.send(SIGN[name](request, secret_of(name)) if asked.signed else request)
    assert answer.json()["status"] == "running"


async def test_a_challenge_is_inert_and_bounded(owner: Owner) -> None:
    hook = await put(owner, "graph")
    answer = await owner.send(Request(f"{hook['webhookUrl']}&validationToken={MARKUP}", b""))
    assert answer.text == MARKUP
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    answer = await owner.send(Request(f"{hook['webhookUrl']}&validationToken={'x' * 5000}", b""))
    assert answer.json()["status"] == "running"
    twice = await owner.send(Request(f"{hook['webhookUrl']}&validationToken=a&validationToken=b", b""))
    assert twice.json()["status"] == "running"
    okta = await put(owner, "okta")
    header = await owner.send(get(okta["webhookUrl"], X_Okta_Verification_Challenge="a" * 5000))
    assert header.json()["status"] == "running"


async def test_what_looks_like_an_expression_in_a_challenge_is_answered_as_it_came(owner: Owner) -> None:
    hook = await put(owner, "graph")
    answer = await owner.send(Request(f"{hook['webhookUrl']}&validationToken=%23%7B1%2B1%7D", b""))
    assert answer.text == "#{1+1}"


async def test_events_that_only_resemble_a_handshake_are_events(owner: Owner) -> None:
    hook = await put(owner, "slack")
    for body in (
        {"type": "event_callback", "event_id": "1", "event": {"text": "url_verification", "challenge": "c"}},
        {"type": "url_verification", "event_id": "2"},
        {"type": "url_verification", "challenge": 5, "event_id": "3"},
        {"type": "url_verification", "challenge": "c", "event_id": "4", "more": "x" * 20_000},
    ):
        await owner.send(SIGN["slack"](json_request(hook["webhookUrl"], body), secret_of("slack")))
    assert len(await owner.stored(hook)) == 4


@pytest.mark.parametrize("name", ["asana", "notion"])
async def test_a_secret_that_the_sender_hands_over_is_kept_once_and_checked_from_then_on(
    owner: Owner, name: str
) -> None:
    hook = await owner.put(name)
    sample = sample_of(preset_of(name), hook["webhookUrl"])
    assert "it takes nothing until" in hook["warning"]
    await owner.send(SIGN[name](sample, CHALLENGE))
    assert await owner.stored(hook) == []
    asked = next(one for one in ASKED if one.preset == name)
    answer = await owner.send(asked.request(hook["webhookUrl"], ""))
    if name == "asana":
        assert answer.headers["x-hook-secret"] == CHALLENGE
    shown_ = await owner.command("webhook.handshake", uuid=hook["uuid"])
    assert shown_["secret"] == CHALLENGE
    assert CHALLENGE not in json.dumps(await owner.webhook(hook))
    later = Request(hook["webhookUrl"], b"", {"X-Hook-Secret": "a stranger's"})
    if name == "notion":
        later = json_request(hook["webhookUrl"], {"verification_token": "a stranger's"})
    await owner.send(later)
    assert (await owner.command("webhook.handshake", uuid=hook["uuid"]))["secret"] == CHALLENGE
    assert "was not kept" in await owner.last_handshake(hook)
    await owner.send(SIGN[name](sample, "a stranger's"))
    assert await owner.stored(hook) == []
    await owner.send(SIGN[name](sample, CHALLENGE))
    assert len(await owner.stored(hook)) == 1


def subscription(url: str, to: str) -> Request:
    body = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "1",
        "Token": "t",
        "SubscribeURL": to,
        "Message": "Visit it",
    }
    headers = {"x-amz-sns-message-type": "SubscriptionConfirmation", "Content-Type": "text/plain; charset=UTF-8"}
    return Request(url, json.dumps(body).encode(), headers)


async def test_a_subscription_to_sns_is_confirmed_by_a_call_after_the_answer(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, str]] = []

    async def send(_targets: Any, url: str, _content: Any, *, method: str, **_: Any) -> Answer:
        called.append((method, url))
        return Answer(200, {}, b"")

    monkeypatch.setattr(handshakes, "send", send)  # no test calls Amazon
    hook = await owner.put("sns")
    url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    assert (await owner.send(subscription(hook["webhookUrl"], url))).text == ""
    await owner.server.hub.tasks.close()
    assert called == [("GET", url)]
    assert await owner.last_handshake(hook) == "SubscriptionConfirmation was confirmed (200)"
    assert await owner.stored(hook) == []


@pytest.mark.parametrize(
    "to",
    [
        "http://sns.eu-central-1.amazonaws.com/?x",
        "https://sns.eu-central-1.amazonaws.com.example.org/?x",
        "https://sns.eu-central-1.amazonaws.com@example.org/?x",
        "https://sns.eu-central-1.amazonaws.com:8443/?x",
        "https://example.org/sns.eu-central-1.amazonaws.com",
        "https://sns.eu/central.amazonaws.com/",
        "https://sns.a.b.amazonaws.com/",
        "https://sns.eu-central-1.amazonaws.com\\@127.0.0.1/",
        "file:///etc/passwd",
        "https://[",
    ],
)
async def test_a_subscription_that_names_another_address_is_refused(
    owner: Owner, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send(*_: Any, **__: Any) -> Answer:
        raise AssertionError("nobody may be called")

    monkeypatch.setattr(handshakes, "send", send)
    hook = await owner.put("sns")
    answer = await owner.send(subscription(hook["webhookUrl"], to))
    assert answer.json()["status"] == "running"
    (row,) = await owner.refused(hook)
    assert "does not belong to its sender" in row["reason"]


async def test_a_call_that_fails_is_shown_to_the_owner(owner: Owner) -> None:
    hook = await owner.put("sns")
    # This name resolves nowhere.
    await owner.send(subscription(hook["webhookUrl"], "https://sns.no-such-region.amazonaws.com/"))
    await owner.server.hub.tasks.close()
    assert "could not be confirmed" in await owner.last_handshake(hook)


async def test_the_newest_handshake_survives_a_restart_of_the_hub(owner: Owner) -> None:
    hook = await put(owner, "dropbox")
    await owner.send(get(f"{hook['webhookUrl']}&challenge=c"))
    hub = owner.server.hub
    await hub.refusals.save()
    hub.refusals.load((await hub.store.open()).refusals)
    assert await owner.last_handshake(hook) == "challenge was answered"
