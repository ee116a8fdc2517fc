"""How senders sign, written from their documentation and apart from the hub's own schemes: what the tests of presets send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pfnb.presets.preset import Preset

DISCORD = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@dataclass(frozen=True)
class Request:
    """What a sender sends to `url`."""

    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"

    def having(self, **headers: str) -> Request:
        return replace(
            self, headers={**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        )


Sign = Callable[[Request, str], Request]
"""The same request, signed with a secret."""


def sample_of(preset: Preset, url: str) -> Request:
    sample = preset.sample
    return Request(url, sample.body.encode(), dict(sample.headers), sample.method)


def now() -> str:
    return str(int(time.time()))


def mac(secret: str | bytes, signed: bytes, algorithm: str = "sha256") -> hmac.HMAC:
    return hmac.new(secret.encode() if isinstance(secret, str) else secret, signed, algorithm)


def b64(one: hmac.HMAC | bytes) -> str:
    return base64.b64encode(one if isinstance(one, bytes) else one.digest()).decode()


def hexed(header: str, prefix: str = "", algorithm: str = "sha256") -> Sign:
    """The body's HMAC in hex."""
    return lambda one, secret: replace(
        one, headers={**one.headers, header: prefix + mac(secret, one.body, algorithm).hexdigest()}
    )


def based(header: str, prefix: str = "", algorithm: str = "sha256") -> Sign:
    """The body's HMAC in base64."""
    return lambda one, secret: replace(
        one, headers={**one.headers, header: prefix + b64(mac(secret, one.body, algorithm))}
    )


def plain(header: str) -> Sign:
    """The secret as it is."""
    return lambda one, secret: replace(one, headers={**one.headers, header: secret})


def stripe(one: Request, secret: str) -> Request:
    at = now()
    return one.having(Stripe_Signature=f"t={at},v1={mac(secret, at.encode() + b'.' + one.body).hexdigest()}")


def calendly(one: Request, secret: str) -> Request:
    at = now()
    return one.having(Calendly_Webhook_Signature=f"t={at},v1={mac(secret, f'{at}.'.encode() + one.body).hexdigest()}")


def paddle(one: Request, secret: str) -> Request:
    at = now()
    return one.having(Paddle_Signature=f"ts={at};h1={mac(secret, f'{at}:'.encode() + one.body).hexdigest()}")


def slack(one: Request, secret: str) -> Request:
    at = now()
    signature = mac(secret, f"v0:{at}:".encode() + one.body).hexdigest()
    return one.having(X_Slack_Request_Timestamp=at, X_Slack_Signature=f"v0={signature}")


def zoom(one: Request, secret: str) -> Request:
    at = now()
    signature = mac(secret, f"v0:{at}:".encode() + one.body).hexdigest()
    return one.having(x_zm_request_timestamp=at, x_zm_signature=f"v0={signature}")


def standard(name: str) -> Sign:
    def sign(one: Request, secret: str) -> Request:
        key, at, message = base64.b64decode(secret.removeprefix("whsec_")), now(), one.headers[f"{name}-id"]
        signature = b64(mac(key, f"{message}.{at}.".encode() + one.body))
        return replace(
            one, headers={**one.headers, f"{name}-timestamp": at, f"{name}-signature": f"v1,AAAA v1,{signature}"}
        )

    return sign


def trello(one: Request, secret: str) -> Request:
    return one.having(X_Trello_Webhook=b64(mac(secret, one.body + one.url.encode(), "sha1")))


def twilio(one: Request, secret: str) -> Request:
    fields = "".join(name + value for name, value in sorted(parse_qsl(one.body.decode(), keep_blank_values=True)))
    return one.having(X_Twilio_Signature=b64(mac(secret, (one.url + fields).encode(), "sha1")))


def square(one: Request, secret: str) -> Request:
    return one.having(x_square_hmacsha256_signature=b64(mac(secret, one.url.encode() + one.body)))


def hubspot(one: Request, secret: str) -> Request:
    at = str(time.time_ns() // 1_000_000)
    signed = one.method.encode() + one.url.encode() + one.body + at.encode()
    return one.having(X_HubSpot_Request_Timestamp=at, X_HubSpot_Signature_v3=b64(mac(secret, signed)))


def mailgun(one: Request, secret: str) -> Request:
    body, at = json.loads(one.body), now()
    token = body["signature"]["token"]
    body["signature"] = {"timestamp": at, "token": token, "signature": mac(secret, (at + token).encode()).hexdigest()}
    return replace(one, body=json.dumps(body).encode())


def twitch(one: Request, secret: str) -> Request:
    at = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime())
    signature = mac(secret, one.headers["Twitch-Eventsub-Message-Id"].encode() + at.encode() + one.body).hexdigest()
    return one.having(Twitch_Eventsub_Message_Timestamp=at, Twitch_Eventsub_Message_Signature=f"sha256={signature}")


def zendesk(one: Request, secret: str) -> Request:
    at = one.headers["X-Zendesk-Webhook-Signature-Timestamp"]
    return one.having(X_Zendesk_Webhook_Signature=b64(mac(secret, at.encode() + one.body)))


def box(one: Request, secret: str) -> Request:
    at = time.strftime("%Y-%m-%dT%H:%M:%S-00:00", time.gmtime())
    signature = b64(mac(secret, one.body + at.encode()))
    older = b64(mac("an older key", one.body + at.encode()))
    return one.having(BOX_DELIVERY_TIMESTAMP=at, BOX_SIGNATURE_PRIMARY=older, BOX_SIGNATURE_SECONDARY=signature)


def teams(one: Request, secret: str) -> Request:
    return one.having(Authorization=f"HMAC {b64(mac(base64.b64decode(secret), one.body))}")


def discord(one: Request, secret: str) -> Request:
    """The secret is only the public key: another one means that somebody else signs."""
    private = DISCORD if secret == PUBLIC_KEY else Ed25519PrivateKey.generate()
    at = now()
    signature = private.sign(at.encode() + one.body).hex()
    return one.having(X_Signature_Timestamp=at, X_Signature_Ed25519=signature)


PUBLIC_KEY = DISCORD.public_key().public_bytes_raw().hex()
SIGN: dict[str, Sign] = {
    "asana": hexed("X-Hook-Signature"),
    "bitbucket": hexed("X-Hub-Signature", "sha256="),
    "box": box,
    "calendly": calendly,
    "circleci": hexed("circleci-signature", "v1="),
    "clerk": standard("svix"),
    "clickup": hexed("X-Signature"),
    "cloudflare": plain("cf-webhook-auth"),
    "discord": discord,
    "docusign": based("X-DocuSign-Signature-1"),
    "dropbox": hexed("X-Dropbox-Signature"),
    "gitea": hexed("X-Gitea-Signature"),
    "github": hexed("X-Hub-Signature-256", "sha256="),
    "gitlab": plain("X-Gitlab-Token"),
    "hubspot": hubspot,
    "intercom": hexed("X-Hub-Signature", "sha1=", "sha1"),
    "jira": hexed("X-Hub-Signature", "sha256="),
    "lemonsqueezy": hexed("X-Signature"),
    "line": based("x-line-signature"),
    "linear": hexed("Linear-Signature"),
    "mailgun": mailgun,
    "meta": hexed("X-Hub-Signature-256", "sha256="),
    "notion": hexed("X-Notion-Signature", "sha256="),
    "nylas": hexed("X-Nylas-Signature"),
    "okta": plain("Authorization"),
    "paddle": paddle,
    "pagerduty": hexed("X-PagerDuty-Signature", "v1="),
    "paystack": hexed("x-paystack-signature", "", "sha512"),
    "razorpay": hexed("X-Razorpay-Signature"),
    "resend": standard("svix"),
    "sentry": hexed("Sentry-Hook-Signature"),
    "shopify": based("X-Shopify-Hmac-Sha256"),
    "slack": slack,
    "square": square,
    "standard": standard("webhook"),
    "stripe": stripe,
    "svix": standard("svix"),
    "teams": teams,
    "telegram": plain("X-Telegram-Bot-Api-Secret-Token"),
    "trello": trello,
    "twilio": twilio,
    "twitch": twitch,
    "typeform": based("Typeform-Signature", "sha256="),
    "vercel": hexed("x-vercel-signature", "", "sha1"),
    "webex": hexed("X-Spark-Signature", "", "sha1"),
    "websub": hexed("X-Hub-Signature", "sha1=", "sha1"),
    "whatsapp": hexed("X-Hub-Signature-256", "sha256="),
    "woocommerce": based("X-WC-Webhook-Signature"),
    "x": based("x-twitter-webhooks-signature", "sha256="),
    "zendesk": zendesk,
    "zoom": zoom,
}
SECRETS = {
    "standard": "whsec_" + b64(hashlib.sha256(b"standard").digest()),
    "svix": "whsec_" + b64(hashlib.sha256(b"svix").digest()),
    "clerk": "whsec_" + b64(hashlib.sha256(b"clerk").digest()),
    "resend": "whsec_" + b64(hashlib.sha256(b"resend").digest()),
    "teams": b64(hashlib.sha256(b"teams").digest()),
    "discord": PUBLIC_KEY,
}
OTHERS = {
    "teams": b64(hashlib.sha256(b"another").digest()),
    **{name: "whsec_" + b64(hashlib.sha256(b"another").digest()) for name in ("standard", "svix", "clerk", "resend")},
}


def secret_of(preset: str) -> str:
    return SECRETS.get(preset, f"the secret of {preset}")


def other_secret(preset: str) -> str:
    return OTHERS.get(preset, "another secret, as long as this")


def json_request(url: str, body: Any, **headers: str) -> Request:
    return Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"}).having(**headers)


def get(url: str, **headers: str) -> Request:
    return Request(url, b"", {}, "GET").having(**headers)
