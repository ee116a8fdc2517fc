"""What displays hide, and what they leave alone."""

import random

import pytest

from pfnb.language import masking
from pfnb.language.masking import MASK, Mask, hides, is_secret_header, is_secret_name

UUID = "3fa1c9d2-7b44-4e0a-9c1d-52f0aa6936bd"
OTHER = "11111111-2222-4333-8444-555555555555"
mask = Mask(frozenset({"6936bd"}))


@pytest.mark.parametrize(
    "name",
    [
        "password", "newPassword", "password_confirmation", "passwordHash", "pwd", "smtp_pass", "clientSecret", "secrets",
        "access_token", "refreshToken", "X-Api-Key", "apikey", "API_KEYS", "privateKey", "authorization", "Set-Cookie",
        "x-hub-signature-256", "Stripe-Signature", "x-shopify-hmac-sha256", "aws_credentials", "sessionId",
    ],
)  # fmt: skip
def test_names_of_secrets_are_known_in_every_spelling(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "author",
        "secret_scanning",
        "token_type",
        "max_tokens_used",
        "key",
        "monkey",
        "public_key",
        "compass",
        "sign",
        "",
        "名前",
    ],
)
def test_names_that_only_speak_of_secrets_are_left_alone(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize("name", ["Proxy-Authorization", "Cookie", "token", "X-Secret-Value", "X-Signature-Version"])
def test_headers_are_judged_more_strictly_than_fields(name):
    assert is_secret_header(name)


@pytest.mark.parametrize("value", [None, "", True, False])
def test_what_gives_nothing_away_is_shown_under_any_name(value):
    assert not hides("password", value)


def test_a_count_under_a_plural_is_shown_and_a_number_under_a_singular_is_not():
    assert not hides("total_tokens", 512)
    assert hides("token", 512)


@pytest.mark.parametrize(
    "text",
    [
        UUID,
        UUID.upper(),
        UUID.replace("-", ""),
        UUID.replace("-", "%2D"),
        f"ff{UUID}",
        f"https://h/receive%3Fuuid%3D{UUID}x",
    ],
)
def test_the_uuid_of_the_webhook_is_never_shown(text):
    shown = mask.text(text)
    assert "…6936bd" in shown
    assert "52f0aa6936bd" not in shown.lower()


def test_another_uuid_is_shown_unless_it_calls_a_receiver():
    assert mask.text(f"delivery {OTHER}") == f"delivery {OTHER}"
    assert mask.text(f"https://h/webhook.receive?uuid={OTHER}") == "https://h/webhook.receive?uuid=…555555"
    assert mask.text(f"https://h/pfnb/hook/{OTHER}?a=1") == "https://h/pfnb/hook/…555555?a=1"
    assert mask.text(f"x=%2Fwebhook.receive%2F{OTHER}") == "x=%2Fwebhook.receive%2F…555555"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Cookie: a=1; b=2", f"Cookie: {MASK}"),
        ("host: db\npassword: correct horse battery\nport: 5", f"host: db\npassword: {MASK}\nport: 5"),
        ("password=hunter2&name=Ada", f"password={MASK}&name=Ada"),
        ('{"token": "abc", "n": 1', f'{{"token": "{MASK}", "n": 1'),
        ('{"apiKey": "cut off here', f'{{"apiKey": "{MASK}"'),
        ("<password>x</password><a>1</a>", f"<password>{MASK}</password><a>1</a>"),
        ("https://ada:hunter2@host/x?access_token=abc#y", f"https://ada:{MASK}@host/x?access_token={MASK}"),
        ("url: https://hooks.slack.com/services/T0/B0/xyz", f"url: https://hooks.slack.com/{MASK}"),
        ("https://discord.com/api/webhooks/1/ab-c", f"https://discord.com/api/webhooks/{MASK}"),
        ("https://ada.webhook.office.com/webhookb2/x", f"https://ada.webhook.office.com/{MASK}"),
        ("see Bearer abcdefgh12", f"see Bearer {MASK}"),
        ("wh" + "sec_MfKQ9r8GKYqrTwjU", MASK),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", MASK),
    ],
)
def test_secrets_inside_texts_are_hidden_and_the_rest_stays(text, shown):
    assert mask.text(text) == shown


@pytest.mark.parametrize("text", ["basic functionality", "total_tokens: 512", "token: null", "a=1&b=2", "12:30"])
def test_ordinary_texts_stay_as_they_are(text):
    assert mask.text(text) == text


@pytest.mark.parametrize("before", range(60, 101))
def test_a_uuid_at_the_cut_is_hidden_too(before):
    shown = mask.head("x" * before + " " + UUID + " y" * 1000, 100)
    assert "3fa1c9d2-7b44" not in shown
    assert len(shown) <= 100


def test_a_text_that_masking_shortens_does_not_pull_half_a_secret_into_view():
    text = (UUID + " ") * 40
    for length in range(50, 400, 7):
        assert "9c1d" not in mask.head(text, length)


def test_bytes_keep_their_length():
    data = b"\x00\xff" + UUID.encode() + b"\x80" + OTHER.encode()
    shown = mask.bytes(data)
    assert shown == b"\x00\xff" + b"*" * 36 + b"\x80" + OTHER.encode()


def test_a_log_row_names_its_webhook_by_the_start_of_its_trace_id():
    assert Mask.for_entries([{"traceId": "6936bd:efg35ee"}, {"traceId": None}, {}]) == mask


PIECES = (
    "=", "<", "@", ":", "//", "http", "https", "-----BEGIN PRIVATE KEY-----", "eyJhbGciOiJ9.eyJzdWIiOiJ9", "Bearer ", "basic\t",
    "gho_", "github_pat_", "glpat-", "xoxb-", "sk_live_", "whsec_", "npm_", "AIza", "pfnb_", ".hmac-", "hooks.slack.com/",
    "discord.com/api/webhooks/", "a.webhook.office.com/", UUID, "0191D2AA", "1111", "-", "%2d", "a", "word", " ", "é", "\n",
    "12345", "x" * 50, "abcdefgh", "token", "password",
)  # fmt: skip


def test_a_text_that_needs_no_closer_look_has_no_secret(monkeypatch):
    pieces, everything = random.Random(1), Mask(all_uuids=True)
    texts = ["".join(pieces.choices(PIECES, k=pieces.randint(1, 6))) for _ in range(3_000)]
    quick = [everything.text(text) for text in texts]
    monkeypatch.setattr(masking, "_may_have_secret", lambda _: True)
    assert quick == [everything.text(text) for text in texts]


@pytest.mark.parametrize(
    "secret", ["whsec_a/fYDRHbt52En76vKfOvEeLx0e1X5tEo=", "whsec_TMgzyX4D+wlhgNJ6GrlGUNa8eVziRm=="]
)
def test_all_of_a_secret_in_base64_is_hidden(secret):
    assert mask.text(f"id ep_1 {secret} end") == f"id ep_1 {MASK} end"
