"""Presets in words: what a sender's webhook checks, answers and takes for a repetition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pfnb.presets.table import names, preset_of
from pfnb.rows.webhook import PresetDetails, PresetRow

if TYPE_CHECKING:
    from pfnb.presets.preset import Preset

_WHEN = {
    "first": "choose or copy the secret first",
    "later": "the sender shows the secret once it has the address",
    "learned": "the sender hands over the secret by itself",
    "none": "there is no secret",
}


def preset_rows() -> list[PresetRow]:
    return [preset_row(name) for name in names()]


def preset_row(name: str) -> PresetRow:
    """ParameterError if there is no such preset."""
    preset = preset_of(name)
    return {
        "preset": name,
        "title": preset.title,
        "checks": checks(preset.settings),
        "secret": _WHEN[preset.known],
        "handshake": ", ".join(one.name for one in preset.handshakes),
        "repeatBy": preset.settings.get("repeatBy", ""),
        "where": preset.where,
        "note": preset.note,
    }


def preset_details(name: str) -> PresetDetails:
    """The same with everything that it sets, and a sample."""
    preset = preset_of(name)
    return {**preset_row(name), "settings": dict(preset.settings), "sample": preset.sample.model_dump()}


def checks(settings: Mapping[str, Any]) -> str:
    """What proves the sender, in a few words."""
    signature, auth = settings.get("signature"), settings.get("auth")
    if auth is not None:
        return f"the header {auth['name']}"
    if signature is None:
        return "nothing"
    if signature["scheme"] != "hmac":
        return f"its signature ({signature['scheme']})"
    header = signature.get("header", signature.get("field", ""))
    names_ = ", ".join([header] if isinstance(header, str) else header)
    return f"{names_} ({signature.get('algorithm', 'sha256')})"


def secret_place(preset: Preset) -> str:
    """The setting that has the sender's secret: `auth.value` or `signature.secret`."""
    return "auth.value" if "auth" in preset.settings else "signature.secret"
