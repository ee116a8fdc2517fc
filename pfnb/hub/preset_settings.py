"""What a preset fills in when a webhook is put: settings that its owner does not give."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pfnb.commands.repeat_by import SENDERS_OWN
from pfnb.commands.webhook_preset import NO_PRESET, preset_name
from pfnb.commands.webhook_proofs import AuthKeys, SignatureKeys
from pfnb.exceptions import ParameterError
from pfnb.hub.proofs import COUNT
from pfnb.hub.records.webhook import Webhook
from pfnb.language.maps import MapOf
from pfnb.presets.description import secret_place
from pfnb.presets.table import find_preset, preset_of

if TYPE_CHECKING:
    from pfnb.presets.preset import Preset

SECRET = "secret"  # noqa: S105 - the name of a parameter
_MAPS = {"signature": MapOf("signature", SignatureKeys), "auth": MapOf("auth", AuthKeys)}
_WITHOUT: Mapping[str, Any] = {
    "signature": "none",
    "auth": "none",
    "repeatBy": SENDERS_OWN,
    "handshake": NO_PRESET,
}
"""What a webhook has of these where its preset does not say anything. Each preset sets the others."""


def with_preset(given: Mapping[str, Any], existing: Webhook | None) -> dict[str, Any]:
    """The fields of `webhook.put` with those that its preset fills in, and with `secret` where it belongs. ParameterError if
    there is no such preset, or if it needs a secret."""
    fields = dict(given)
    secret = fields.pop(SECRET, None)
    name = None if fields.get("preset") is None else preset_name(str(fields["preset"]))
    known = name or (NO_PRESET if existing is None else existing.preset)
    if secret is not None:
        if known == NO_PRESET:
            raise ParameterError("secret is short for a preset's secret: give preset, or signature.secret")
        _place(fields, preset_of(known), known, secret, existing if name is None else None)
    if name is None:
        return fields
    if name == NO_PRESET:
        return {"handshake": NO_PRESET, **fields}
    preset = preset_of(name)
    before = existing if existing is not None and existing.preset == name else None
    filled: dict[str, Any] = {} if before is not None or existing is None else dict(_WITHOUT)
    filled |= preset.settings
    if preset.handshakes or preset.answers_401:
        filled["handshake"] = name
    for kind in _MAPS:
        if kind in preset.settings:
            filled[kind] = _proof(kind, preset, name, fields.get(kind), before)
            fields.pop(kind, None)
    return {**filled, **fields}


def _place(fields: dict[str, Any], preset: Preset, name: str, secret: Any, existing: Webhook | None) -> None:
    """Set the key that has the sender's secret, in what is given, else in what the webhook has, else in the preset's map."""
    if preset.known == "none":
        raise ParameterError(f"the preset {name} has no secret: {preset.note}")
    kind, _, key = secret_place(preset).partition(".")
    own = _MAPS[kind].read(fields[kind]) if kind in fields else {}
    base = getattr(existing, kind, None) or preset.settings[kind]
    fields[kind] = {**base, **own, key: secret}


def _proof(kind: str, preset: Preset, name: str, given: Any, before: Webhook | None) -> Any:
    """The preset's map of this kind, with what is given. Where a sender shows its secret later, the map may do without it."""
    own = {} if given is None else _MAPS[kind].read(given)
    if given is not None and not own:
        return given  # none
    merged = {**preset.settings[kind], **own}
    place = secret_place(preset)
    had = None if before is None else getattr(before, kind)
    if place.partition(".")[2] in own or (had is not None and had[COUNT]):
        return merged
    if preset.known == "first":
        raise ParameterError(
            f"{preset.title} needs a secret: give secret=…, short for {place} (preset {name}). {preset.where}"
        )
    return {**merged, COUNT: 0}


def verify_token(webhook: Webhook, secret: bytes) -> str:
    """What a sender must send along when it asks for a webhook; `secret` is the hub's."""
    return hmac.new(secret, f"verify token of {webhook.uuid}".encode(), hashlib.sha256).hexdigest()[:32]


def hint_for(webhook: Webhook, secret: bytes) -> str:
    """What to do at the sender, for the webhook's owner; empty without a preset. `secret` is the hub's."""
    preset = find_preset(webhook.preset)
    if preset is None:
        return ""
    said = [f"{preset.title}: {preset.where}"]
    if preset.needs_verify_token:
        said.append(f"The verify token is {verify_token(webhook, secret)}.")
    if preset.note:
        said.append(preset.note)
    return " ".join(said)


def missing_secret(webhook: Webhook) -> str | None:
    """What the owner should know of a webhook that waits for its secret."""
    preset = find_preset(webhook.preset)
    if preset is None or all((getattr(webhook, kind) or {}).get(COUNT) != 0 for kind in _MAPS):
        return None
    if preset.known == "learned":
        return f"it takes nothing until {preset.title} has handed over its secret"
    return (
        f"it takes nothing until it has the secret that {preset.title} shows once it has the address: `webhook.put` with "
        "uuid and secret sets it"
    )
