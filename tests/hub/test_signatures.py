"""Signatures of senders: their documented examples, what their libraries sign, and everything that must not pass."""

from __future__ import annotations

import base64
import hmac
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Library

from pfnb.exceptions import NotAdmittedError, ParameterError
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.proof import Effort
from pfnb.hub.receiving.request import Limits, Received, RequestHead
from pfnb.hub.receiving.signature import signature_of
from pfnb.hub.stores.bodies import discard_body

NOW = 1_700_000_000
FORM = "application/x-www-form-urlencoded"


def received(
    headers: dict[str, str],
    body: bytes = b"",
    *,
    method: str = "POST",
    address: str = "",
    query: str = "",
    spool: Path = Path("unused"),
    limits: Limits | None = None,
) -> Received:
    addresses = (address,) if address else ()
    head = RequestHead(method, query, tuple(headers.items()), addresses=addresses)
    ingest = Ingest(head, limits or Limits(), spool)
    ingest.feed(body)
    return ingest.finish()


async def reason(setting: dict[str, Any], secret: str | list[str], request: Received, now: float = NOW) -> str | None:
    """Why the request is refused; None if it is not."""
    proof = signature_of(setting, [secret] if isinstance(secret, str) else secret)
    try:
        await proof.check(request, round(now * 1000), Effort())
    except NotAdmittedError as error:
        return error.message if error.status == 401 else "not a refusal of its sender"
    return None


def mac(key: bytes, message: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(key, message, algorithm).digest()


GITHUB = {"scheme": "github"}
GITHUBS = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
"""Of `Hello, World!` with the secret `It's a Secret to Everybody`: GitHub's documentation, "Validating webhook deliveries"."""


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ({"X-Hub-Signature-256": GITHUBS}, b"Hello, World!", None),
        ({"x-HUB-signature-256": GITHUBS}, b"Hello, World!", None),
        ({"X-Hub-Signature-256": f"  {GITHUBS}\t"}, b"Hello, World!", None),
        ({"X-Hub-Signature-256": GITHUBS}, b"Hello, World! ", "The signature does not match the secret."),
        ({"X-Hub-Signature-256": GITHUBS}, b"", "The signature does not match the secret."),
        (
            {"X-Hub-Signature-256": GITHUBS.upper()},
            b"Hello, World!",
            "X-Hub-Signature-256 does not begin with sha256=.",
        ),
        ({"X-Hub-Signature-256": GITHUBS[7:]}, b"Hello, World!", "X-Hub-Signature-256 does not begin with sha256=."),
        ({"X-Hub-Signature-256": GITHUBS[:-1]}, b"Hello, World!", "The signature does not match the secret."),
        ({"X-Hub-Signature-256": "sha256="}, b"Hello, World!", "The signature does not match the secret."),
        ({"X-Hub-Signature-256": "sha256=\xff\u20ac"}, b"Hello, World!", "The signature does not match the secret."),
        ({"X-Hub-Signature": GITHUBS}, b"Hello, World!", "No X-Hub-Signature-256 header."),
        ({}, b"Hello, World!", "No X-Hub-Signature-256 header."),
    ],
)
async def test_githubs_documented_example_and_what_differs_from_it(
    headers: dict[str, str], body: bytes, why: str | None
) -> None:
    assert await reason(GITHUB, "It's a Secret to Everybody", received(headers, body)) == why


@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe", "Grüße €".encode(), b"{}\r\n", b"a" * 100_000])
async def test_the_bytes_count_as_they_came(body: bytes) -> None:
    signed = {"X-Hub-Signature-256": f"sha256={mac(b'k', body).hex()}"}
    request = received(signed, body, limits=Limits(memory=200_000))
    assert await reason(GITHUB, "k", request) is None
    assert await reason(GITHUB, "K", request) == "The signature does not match the secret."


async def test_sha1_counts_only_where_it_is_asked_for() -> None:
    headers = {"X-Hub-Signature": f"sha1={mac(b'k', b'x', 'sha1').hex()}"}
    assert await reason(GITHUB, "k", received(headers, b"x")) == "No X-Hub-Signature-256 header."
    assert await reason({**GITHUB, "algorithm": "sha1"}, "k", received(headers, b"x")) is None
    both = {**headers, "X-Hub-Signature-256": f"sha256={mac(b'k', b'x').hex()}"}
    assert await reason({**GITHUB, "algorithm": "sha256"}, "k", received(both, b"x")) is None


async def test_a_body_in_a_file_is_hashed_where_it_lies(tmp_path: Path) -> None:
    body = secrets.token_bytes(3 * 1024 * 1024 + 17)
    headers = {"X-Hub-Signature-256": f"sha256={mac(b'two', body).hex()}"}
    request = received(headers, body, spool=tmp_path)
    assert request.body.path is not None
    assert await reason(GITHUB, ["one", "two"], request) is None
    assert await reason(GITHUB, ["one", "three"], request) == "None of the 2 secrets matches the signature."
    await discard_body(request.body)


async def test_during_a_rotation_either_secret_holds() -> None:
    for key, why in ((b"old", None), (b"new", None), (b"gone", "None of the 2 secrets matches the signature.")):
        headers = {"X-Hub-Signature-256": f"sha256={mac(key, b'x').hex()}"}
        assert await reason(GITHUB, ["old", "new"], received(headers, b"x")) == why


SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F"
    b"commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    b"803a0bc887a14d10d2c447fce8b6703c"
)
SLACKS = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
"""Slack's documentation, "Verifying requests from Slack"."""


@pytest.mark.parametrize(
    ("stamp", "signature", "now", "why"),
    [
        ("1531420618", SLACKS, 1531420618, None),
        ("1531420618", SLACKS, 1531420918, None),
        ("1531420618", SLACKS, 1531420318, None),
        ("1531420618", SLACKS, 1531421030, "The timestamp is 412 s old: at most 300 are allowed."),
        (
            "1531420618",
            SLACKS,
            1531420000,
            "The timestamp is 618 s in the future: at most 300 are allowed (is this machine's clock right?).",
        ),
        ("1531420619", SLACKS, 1531420618, "The signature does not match the secret."),
        ("soon", SLACKS, 1531420618, "The timestamp is not a time."),
        ("", SLACKS, 1531420618, "The timestamp is not a time."),
        ("-1531420618", SLACKS, 1531420618, "The timestamp is not a time."),
        ("1" * 5000, SLACKS, 1531420618, "The timestamp is not a time."),
        ("1531420618", SLACKS.replace("v0=", "v1="), 1531420618, "X-Slack-Signature does not begin with v0=."),
        (None, SLACKS, 1531420618, "No timestamp: x-slack-request-timestamp header is missing."),
    ],
)
async def test_slacks_documented_example_and_what_differs_from_it(
    stamp: str | None, signature: str, now: int, why: str | None
) -> None:
    headers = {"X-Slack-Signature": signature, "Content-Type": FORM}
    headers |= {} if stamp is None else {"X-Slack-Request-Timestamp": stamp}
    request = received(headers, SLACK_BODY)
    assert await reason({"scheme": "slack"}, "8f742231b10e8888abcd99yyyzzz85a5", request, now) == why


async def test_the_tolerance_is_the_webhooks_own() -> None:
    headers = {"X-Slack-Signature": SLACKS, "X-Slack-Request-Timestamp": "1531420618"}
    setting = {"scheme": "slack", "tolerance": 600}
    assert await reason(setting, "8f742231b10e8888abcd99yyyzzz85a5", received(headers, SLACK_BODY), 1531421030) is None


PING = b'{"event_type":"ping","data":{"success":true}}'
STANDARDS = {
    "webhook-id": "msg_loFOjxBNrRLzqYUf",
    "webhook-timestamp": "1731705121",
    "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
}
"""The example of Svix's documentation, "Verifying webhooks manually", whose secret is STANDARD_SECRET."""
STANDARD_SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
WRONG = "v1," + "A" * 43 + "="


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"webhook-signature": f"{WRONG} {STANDARDS['webhook-signature']}"}, None),
        ({"webhook-signature": f"v2,x v1a,y {STANDARDS['webhook-signature']}  "}, None),
        ({"webhook-signature": STANDARDS["webhook-signature"].replace(" ", ",")}, None),
        (
            {"webhook-signature": STANDARDS["webhook-signature"][3:]},
            "Webhook-signature or svix-signature has no v1 signature.",
        ),
        (
            {"webhook-signature": STANDARDS["webhook-signature"][1:]},
            "Webhook-signature or svix-signature has no v1 signature.",
        ),
        ({"webhook-signature": STANDARDS["webhook-signature"][:-1]}, "The signature does not match the secret."),
        ({"webhook-signature": WRONG}, "The signature does not match the secret."),
        ({"webhook-signature": "v1,"}, "The signature does not match the secret."),
        ({"webhook-signature": ""}, "Webhook-signature or svix-signature has no v1 signature."),
        ({"webhook-id": "msg_other"}, "The signature does not match the secret."),
        ({"webhook-timestamp": "1731705122"}, "The signature does not match the secret."),
        ({"webhook-timestamp": "hello"}, "The timestamp is not a time."),
    ],
)
@pytest.mark.parametrize("family", ["webhook", "svix"])
async def test_the_documented_example_of_standard_webhooks(
    family: str, change: dict[str, str], why: str | None
) -> None:
    headers = {name.replace("webhook", family): value for name, value in {**STANDARDS, **change}.items()}
    assert await reason({"scheme": "standard"}, STANDARD_SECRET, received(headers, PING), 1731705121) == why
    for secret in (STANDARD_SECRET[6:], f"v1,{STANDARD_SECRET}", f" {STANDARD_SECRET}\n"):
        assert await reason({"scheme": "standard"}, secret, received(headers, PING), 1731705121) == why


@pytest.mark.parametrize("missing", list(STANDARDS))
async def test_each_header_of_standard_webhooks_is_needed(missing: str) -> None:
    headers = {name: value for name, value in STANDARDS.items() if name != missing}
    why = await reason({"scheme": "standard"}, STANDARD_SECRET, received(headers, PING), 1731705121)
    assert missing in (why or "")


async def test_what_the_library_of_standard_webhooks_signs_is_accepted_and_the_other_way_round() -> None:
    for body in ("", "{}", "Grüße", "x" * 5000):
        key = base64.b64encode(secrets.token_bytes(24)).decode()
        signature = Library(f"whsec_{key}").sign("msg_1", datetime.fromtimestamp(NOW, UTC), body)
        headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW), "webhook-signature": signature}
        assert await reason({"scheme": "standard"}, key, received(headers, body.encode())) is None
        other = base64.b64encode(secrets.token_bytes(24)).decode()
        assert await reason({"scheme": "standard"}, other, received(headers, body.encode())) is not None


async def test_a_public_key_of_standard_webhooks_checks_v1a() -> None:
    private = Ed25519PrivateKey.generate()
    key = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    signed = base64.b64encode(private.sign(b"msg_1.1700000000.{}")).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW), "webhook-signature": f"v1a,{signed}"}
    assert await reason({"scheme": "standard"}, key, received(headers, b"{}")) is None
    assert await reason({"scheme": "standard"}, [STANDARD_SECRET, key], received(headers, b"{}")) is None
    assert (
        await reason({"scheme": "standard"}, key, received(headers, b"{ }"))
        == "The signature does not match the secret."
    )
    as_v1 = {**headers, "webhook-signature": f"v1,{signed}"}
    assert await reason({"scheme": "standard"}, key, received(as_v1, b"{}")) is not None


def stripes(body: bytes, key: bytes = b"whsec_test", stamp: int = NOW) -> str:
    return mac(key, b"%d.%s" % (stamp, body)).hex()


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("t={t},v1={ok}", None),
        ("v1={ok},t={t}", None),
        (" t={t} , v1={ok} ", None),
        ("t={t},v1={bad},v1={ok}", None),
        ("t={t},v1={ok},v1={bad},v0={bad}", None),
        ("t={t},v0={ok}", "Stripe-Signature has no v1 signature."),
        ("t={t},v1=", "The signature does not match the secret."),
        ("t={t},v1={bad}", "The signature does not match the secret."),
        ("t={t},v1=sha256={ok}", "The signature does not match the secret."),
        ("v1={ok}", "No timestamp: t item is missing."),
        ("t=abc,v1={ok}", "The timestamp is not a time."),
        ("t=,v1={ok}", "The timestamp is not a time."),
        ("t={late},v1={ok}", "The timestamp is 301 s old: at most 300 are allowed."),
        ("{ok}", "Stripe-Signature has no v1 signature."),
        ("t={t};v1={ok}", "Stripe-Signature has no v1 signature."),
    ],
)
async def test_stripes_items_in_any_order_and_number(header: str, why: str | None) -> None:
    body = '{\n  "id": "evt_1", "note": "Grüße"\n}'.encode()
    filled = header.format(t=NOW, late=NOW - 301, ok=stripes(body), bad="0" * 64)
    assert await reason({"scheme": "stripe"}, "whsec_test", received({"Stripe-Signature": filled}, body)) == why


async def test_stripe_signs_with_the_secret_as_it_is_written_and_one_header_has_few_candidates() -> None:
    header = f"t={NOW}" + ",v1=00" * 50 + f",v1={stripes(b'{}')}"
    assert await reason({"scheme": "stripe"}, "whsec_test", received({"Stripe-Signature": header}, b"{}")) is not None


async def test_shopify_signs_in_base64() -> None:
    headers = {"X-Shopify-Hmac-Sha256": base64.b64encode(mac(b"hush", b'{"id":1}')).decode()}
    assert await reason({"scheme": "shopify"}, "hush", received(headers, b'{"id":1}')) is None
    assert await reason({"scheme": "shopify"}, "hush", received(headers, b'{"id": 1}')) is not None
    in_hex = {"X-Shopify-Hmac-Sha256": mac(b"hush", b'{"id":1}').hex()}
    assert await reason({"scheme": "shopify"}, "hush", received(in_hex, b'{"id":1}')) is not None


async def test_gitlab_sends_its_token_or_signs_with_a_signing_token() -> None:
    setting, both = {"scheme": "gitlab"}, ["plain token", STANDARD_SECRET]
    assert await reason(setting, both, received({"X-Gitlab-Token": "plain token"}, b"{}")) is None
    assert await reason(setting, both, received(STANDARDS, PING), 1731705121) is None
    assert await reason(setting, "plain token", received({"X-Gitlab-Token": "Plain token"})) == (
        "X-Gitlab-Token has another value."
    )
    assert await reason(setting, both, received({}, b"{}")) == (
        "No webhook-signature or svix-signature header. No X-Gitlab-Token header."
    )
    assert signature_of(setting, both).hidden == {"x-gitlab-token"}


TWILIO, ADDRESS = {"scheme": "twilio"}, "https://mycompany.com/myapp.php"
CALL = b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
TWILIOS = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
TWILIOS_JSON = "a9nBmqA0ju/hNViExpshrM61xv4="
HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
"""Twilio's documentation, "Webhooks security", and the tests of its Python library."""


@pytest.mark.parametrize(
    ("signature", "body", "kind", "address", "query", "why"),
    [
        (TWILIOS, CALL, FORM, ADDRESS, "foo=1&bar=2", None),
        (TWILIOS, CALL + b"&More=1", FORM, ADDRESS, "foo=1&bar=2", "The signature does not match the secret."),
        (TWILIOS, CALL, FORM, ADDRESS, "foo=1&bar=3", "The signature does not match the secret."),
        (TWILIOS, CALL, FORM, ADDRESS + "/", "foo=1&bar=2", "The signature does not match the secret."),
        (TWILIOS, CALL, FORM, "", "foo=1&bar=2", "The address of the request is not known."),
        (
            TWILIOS, CALL, "text/plain", ADDRESS, "foo=1&bar=2",
            "The body is no form, and the address has no bodySHA256: nothing proves who sent it.",
        ),
        (
            TWILIOS_JSON, b'{"property": "value", "boolean": true}', "application/json", ADDRESS,
            f"foo=1&bar=2&bodySHA256={HASH}", None,
        ),
        (
            TWILIOS_JSON, b'{"property": "value", "boolean": false}', "application/json", ADDRESS,
            f"foo=1&bar=2&bodySHA256={HASH}", "The body's hash is not the bodySHA256 of the address.",
        ),
    ],
)  # fmt: skip
async def test_twilios_documented_examples(
    signature: str, body: bytes, kind: str, address: str, query: str, why: str | None
) -> None:
    request = received({"X-Twilio-Signature": signature, "Content-Type": kind}, body, address=address, query=query)
    assert await reason(TWILIO, "12345", request) == why


async def test_discord_signs_with_a_private_key() -> None:
    private = Ed25519PrivateKey.generate()
    key, body = private.public_key().public_bytes_raw().hex(), b'{"type":1}'
    signed = private.sign(str(NOW).encode() + body).hex()
    headers = {"X-Signature-Ed25519": signed, "X-Signature-Timestamp": str(NOW)}
    assert await reason({"scheme": "discord"}, key, received(headers, body)) is None
    for change in (
        {"X-Signature-Ed25519": "00" * 64},
        {"X-Signature-Ed25519": "xyz"},
        {"X-Signature-Timestamp": str(NOW + 1)},
    ):
        why = await reason({"scheme": "discord"}, key, received({**headers, **change}, body))
        assert why == "The signature does not match the secret."


ANYWHERE = "https://hub.example/pfnb/hook/1"


def signed_by(message: str, key: bytes = b"k", algorithm: str = "sha256", encoding: str = "hex") -> str:
    digest = mac(key, message.encode(), algorithm)
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


STAMPED = f'{{"signature":{{"timestamp":"{NOW}","token":"t0k","signature":"{signed_by(f"{NOW}t0k")}"}}}}'
OTHER_SENDERS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "zoom": (
        {"header": "X-Zm-Signature", "prefix": "v0=", "signed": "v0:{timestamp}:{body}", "timestamp": "X-Zm-Request-Timestamp"},
        {"X-Zm-Signature": f"v0={signed_by(f'v0:{NOW}:x')}", "X-Zm-Request-Timestamp": str(NOW)},
        "x",
    ),
    "trello": (
        {"header": "X-Trello-Webhook", "algorithm": "sha1", "encoding": "base64", "signed": "{body}{url}"},
        {"X-Trello-Webhook": signed_by(f"x{ANYWHERE}?a=1", algorithm="sha1", encoding="base64")},
        "x",
    ),
    "dropbox": ({"header": "X-Dropbox-Signature"}, {"X-Dropbox-Signature": signed_by("x")}, "x"),
    "square": (
        {"header": "X-Square-Hmacsha256-Signature", "encoding": "base64", "signed": "{url}{body}"},
        {"X-Square-Hmacsha256-Signature": signed_by(f"{ANYWHERE}?a=1x", encoding="base64")},
        "x",
    ),
    "typeform": (
        {"header": "Typeform-Signature", "prefix": "sha256=", "encoding": "base64"},
        {"Typeform-Signature": "sha256=" + signed_by("x", encoding="base64")},
        "x",
    ),
    "intercom": (
        {"header": "X-Hub-Signature", "prefix": "sha1=", "algorithm": "sha1"},
        {"X-Hub-Signature": "sha1=" + signed_by("x", algorithm="sha1")},
        "x",
    ),
    "paddle": (
        {"header": "Paddle-Signature", "item": "h1", "separator": ";", "signed": "{timestamp}:{body}", "timestamp": "item:ts"},
        {"Paddle-Signature": f"ts={NOW};h1={signed_by(f'{NOW}:x')}"},
        "x",
    ),
    "mailgun": (
        {
            "field": "signature.signature",
            "signed": "{field:signature.timestamp}{field:signature.token}",
            "timestamp": "field:signature.timestamp",
        },
        {"Content-Type": "application/json"},
        STAMPED,
    ),
    "mailgun's forms": (
        {"field": "signature", "signed": "{timestamp}{field:token}", "timestamp": "field:timestamp"},
        {"Content-Type": FORM},
        f"timestamp={NOW}&token=t0k&signature={signed_by(f'{NOW}t0k')}",
    ),
    "hubspot": (
        {
            "header": "X-HubSpot-Signature-v3",
            "encoding": "base64",
            "signed": "{method}{url}{body}{timestamp}",
            "timestamp": "X-HubSpot-Request-Timestamp",
        },
        {
            "X-HubSpot-Signature-v3": signed_by(f"POST{ANYWHERE}?a=1x{NOW}123", encoding="base64"),
            "X-HubSpot-Request-Timestamp": f"{NOW}123",
        },
        "x",
    ),
    "linear": (
        {"header": "Linear-Signature", "timestamp": "field:webhookTimestamp"},
        {"Linear-Signature": signed_by(f'{{"webhookTimestamp":{NOW}000}}')},
        f'{{"webhookTimestamp":{NOW}000}}',
    ),
    "box": (
        {
            "header": ["BOX-SIGNATURE-PRIMARY", "BOX-SIGNATURE-SECONDARY"],
            "encoding": "base64",
            "signed": "{body}{timestamp}",
            "timestamp": "BOX-DELIVERY-TIMESTAMP",
        },
        {
            "BOX-SIGNATURE-PRIMARY": "AAAA",
            "BOX-SIGNATURE-SECONDARY": signed_by("x2023-11-14T15:13:20-07:00", encoding="base64"),
            "BOX-DELIVERY-TIMESTAMP": "2023-11-14T15:13:20-07:00",
        },
        "x",
    ),
    "twitch": (
        {
            "header": "Twitch-Eventsub-Message-Signature",
            "prefix": "sha256=",
            "signed": "{header:Twitch-Eventsub-Message-Id}{timestamp}{body}",
            "timestamp": "Twitch-Eventsub-Message-Timestamp",
        },
        {
            "Twitch-Eventsub-Message-Signature": "sha256=" + signed_by("id12023-11-14T22:13:20.123456789Zx"),
            "Twitch-Eventsub-Message-Id": "id1",
            "Twitch-Eventsub-Message-Timestamp": "2023-11-14T22:13:20.123456789Z",
        },
        "x",
    ),
    "pagerduty": (
        {"header": "X-PagerDuty-Signature", "item": "v1"},
        {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={signed_by('x')}"},
        "x",
    ),
    "paystack": (
        {"header": "X-Paystack-Signature", "algorithm": "sha512"},
        {"X-Paystack-Signature": signed_by("x", algorithm="sha512")},
        "x",
    ),
}  # fmt: skip


@pytest.mark.parametrize("sender", OTHER_SENDERS)
async def test_other_senders_are_described_by_the_keys_of_hmac(sender: str) -> None:
    keys, headers, body = OTHER_SENDERS[sender]
    request = received(headers, body.encode(), address=ANYWHERE, query="a=1")
    setting = {"scheme": "hmac", **keys}
    assert await reason(setting, "k", request) is None
    assert await reason(setting, "other", request) == "The signature does not match the secret."
    changed = received(
        headers, body.replace("x", "y").replace("t0k", "t1k").encode() + b" ", address=ANYWHERE, query="a=2"
    )
    assert await reason(setting, "k", changed) is not None
    if "timestamp" in keys:
        assert "s old" in (await reason(setting, "k", request, NOW + 400) or "")


async def test_a_secret_may_be_written_in_hex_or_base64() -> None:
    key = bytes(range(32))
    headers = {"X-Sig": mac(key, b"x").hex()}
    for written, secret in (("hex", key.hex()), ("base64", base64.b64encode(key).decode())):
        setting = {"scheme": "hmac", "header": "X-Sig", "key": written}
        assert await reason(setting, secret, received(headers, b"x")) is None
        with pytest.raises(ParameterError, match=f"secret is written in {written}"):
            signature_of(setting, ["no such thing!"])


@pytest.mark.parametrize(
    ("setting", "secret", "said"),
    [
        ({}, "s", "signature needs scheme: one of gitlab, github, stripe"),
        (GITHUB, "", "a secret is empty"),
        ({"scheme": "gitlab"}, " ", "a secret is empty"),
        ({"scheme": "standard"}, "whsec_", "secret is written in base64"),
        ({"scheme": "hmac", "header": "X", "key": "hex"}, " \n0", "secret is written in hex"),
        ({"scheme": "hmac", "header": "X", "tolerance": 5}, "s", "it is for a timestamp: give timestamp, too"),
        ({"scheme": "hmac", "header": "X", "timestamp": "X-Time"}, "s", "not signed, so anybody could change it"),
        (GITHUB, [], "give 1 to 10 secrets, not 0"),
        (GITHUB, ["s"] * 11, "give 1 to 10 secrets, not 11"),
        ({**GITHUB, "algorithm": "sha512"}, "s", "the scheme github has sha256 and sha1"),
        ({**GITHUB, "tolerance": 5}, "s", "not tolerance \\(it has no timestamp\\)"),
        ({"scheme": "stripe", "header": "X"}, "s", "takes secret and tolerance, not header \\(scheme=hmac takes it\\)"),
        ({"scheme": "gitlab", "prefix": "x"}, "s", "the scheme gitlab takes secret and tolerance, not prefix"),
        ({"scheme": "standard"}, "whsec_not base64!", "secret is written in base64: copy it whole"),
        ({"scheme": "standard"}, "whpk_AAAA", "a public key of Ed25519 has 32 bytes, not 3"),
        ({"scheme": "discord"}, "xyz", "secret is written in hex"),
        ({"scheme": "hmac"}, "s", "needs either header, .* or field"),
        ({"scheme": "hmac", "header": "X", "field": "a"}, "s", "needs either header, .* or field"),
        ({"scheme": "hmac", "header": "X Y"}, "s", "'X Y' cannot be a header's name"),
        (
            {"scheme": "hmac", "header": "X", "signed": "{timestamp}.{body}"},
            "s",
            "give timestamp, the name of its header",
        ),
        (
            {"scheme": "hmac", "header": "X", "signed": "{boody}"},
            "s",
            "{boody} is unknown; there are {body}, {timestamp}",
        ),
        ({"scheme": "hmac", "header": "X", "signed": "{body"}, "s", "write braces only around placeholders"),
        ({"scheme": "hmac", "header": "X", "signed": ""}, "s", "say what is signed"),
        (
            {"scheme": "hmac", "header": "X", "timestamp": "a b"},
            "s",
            "'a b' is neither the name of a header, nor item:NAME",
        ),
        (
            {"scheme": "hmac", "field": "a", "timestamp": "item:t"},
            "s",
            "item of the header with the signature: give header",
        ),
    ],
)
def test_settings_that_cannot_be_meant_say_what_would_be_right(setting: dict[str, Any], secret: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        signature_of(setting, [secret] if isinstance(secret, str) else secret)


async def test_a_header_of_many_items_costs_little() -> None:
    header = ",".join(["v1=" + "0" * 64] * 2000)
    assert await reason({"scheme": "stripe"}, "s", received({"Stripe-Signature": header}, b"{}")) is not None


ANY = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40)
PIECES = st.sampled_from(
    ["t=", "v1=", "v1,", "sha256=", ",", ";", " ", "=", str(NOW), "9" * 30, "-1", "0" * 64, "v1a,", "é", "1e9"]
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
EVERY: list[tuple[dict[str, Any], str]] = [
    *(({"scheme": scheme}, "s") for scheme in ("github", "gitlab", "stripe", "slack", "shopify", "twilio")),
    *(({"scheme": "standard"}, secret) for secret in (STANDARD_SECRET, "whpk_" + base64.b64encode(KEY).decode())),
    ({"scheme": "discord"}, KEY.hex()),
    *(({"scheme": "hmac", **keys}, "k") for keys, _, _ in OTHER_SENDERS.values()),
]


@given(
    st.sampled_from(EVERY),
    st.one_of(ANY, st.lists(PIECES, max_size=8).map("".join)),
    st.one_of(ANY, PIECES),
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b'{"signature":[]}', b"[" * 5000, b'{"signature":{"timestamp":1e999}}']),
    ),
    st.sampled_from(["application/json", FORM, "", "é"]),
    ANY,
)
@settings(max_examples=300, deadline=None)
async def test_nothing_that_strangers_send_is_more_than_refused(
    setting: tuple[dict[str, Any], str], proof: str, stamp: str, body: bytes, kind: str, query: str
) -> None:
    keys, secret = setting
    names = {"Stripe-Signature", "X-Hub-Signature-256", "X-Gitlab-Token", "Webhook-Signature", "X-Slack-Signature"}
    names |= {
        "X-Shopify-Hmac-Sha256",
        "X-Twilio-Signature",
        "X-Signature-Ed25519",
        "X-Zm-Signature",
        "Paddle-Signature",
    }
    stamps = {
        "Webhook-Timestamp",
        "X-Slack-Request-Timestamp",
        "X-Signature-Timestamp",
        "X-Zm-Request-Timestamp",
        "Webhook-Id",
    }
    for one, _, _ in OTHER_SENDERS.values():
        header = one.get("header", [])
        names |= {header} if isinstance(header, str) else set(header)
        if ":" not in one.get("timestamp", ":"):
            stamps.add(one["timestamp"])
    headers = {**dict.fromkeys(names, proof), **dict.fromkeys(stamps, stamp), "Content-Type": kind}
    request = received(headers, body, address=ANYWHERE, query=f"bodySHA256={query}&a=1")
    assert await reason(keys, secret, request) is not None


def test_a_hub_without_signatures_imports_no_cryptography() -> None:
    code = "import sys, pfnb.hub.home; print([one for one in ('cryptography', 'jwt', 'keyring') if one in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
