"""The displays of webhooks: what people need to compare them, and never the whole uuid."""

from __future__ import annotations

from collections.abc import Sequence

from pfnb.display.block import NOTHING, Budget, block, code, element, headline, pairs, status, table, words
from pfnb.display.entry import short
from pfnb.display.plain import WIDTH, rest, text_table
from pfnb.display.units import human_count, utc_time
from pfnb.display.visible import Html, clip_columns, columns, markup, visible
from pfnb.language.masking import MASK, Mask, hides
from pfnb.language.sizes import size_text
from pfnb.rows.webhook import WebhookRow
from pfnb.uuid_tail import masked_uuid

ROWS = 100
WARNINGS = 3
_SIZE = 150_000
_KNOWN = (
    "eventKey", "uuid", "webhookUrl", "pathUrl", "payloadType", "maxPayloadLength", "active", "expires", "created", "updated",
    "lastReceived", "received", "refused", "warning", "hint", "lastHandshake", "deleted", "signature", "auth",
)  # fmt: skip
_USUAL: tuple[object, ...] = (None, "", False, [], "default", "envelope")
"""What settings have unless somebody sets them: such a line would say nothing."""


def webhook_bundle(webhook: WebhookRow) -> dict[str, str]:
    """The mime bundle of one webhook object, with its `warning` if it has one."""
    mask = _mask([webhook])
    rows = _facts(webhook, mask)
    warning, hint = (short(webhook.get(name, ""), mask, 600) for name in ("warning", "hint"))
    key, state = short(webhook["eventKey"], mask), _state(webhook)
    cells = ((markup(title, one_line=True), code(value)) for title, value in rows)
    html = block(
        headline(code(key), _status(webhook)),
        element("div", pairs(cells, total=len(rows), budget=Budget(_SIZE)), names="pfnb-full"),
        element("div", markup(warning), names="pfnb-warning") if warning else NOTHING,
        element("div", markup(hint), names="pfnb-full") if hint else NOTHING,
    )
    width = max(columns(title) for title, _ in rows)
    lines = [f"{title:<{width}}  {value}" for title, value in rows]
    text = [
        f"{key}  ({state})",
        *lines,
        *([f"Warning: {warning}"] if warning else []),
        *([f"Next: {hint}"] if hint else []),
    ]
    return {
        "text/plain": "\n".join(clip_columns(visible(line, one_line=True), 2 * WIDTH) for line in text),
        "text/html": html,
    }


def webhooks_bundle(webhooks: Sequence[WebhookRow]) -> dict[str, str]:
    """The mime bundle of a list of webhook objects, at most 100 of them."""
    mask = _mask(webhooks)
    shown = webhooks[:ROWS]
    count = human_count(len(webhooks), "webhook")
    heads = ("Event key", "uuid", "Payload", "Received", "Last received (UTC)", "State")
    rows = [_cells(webhook, mask) for webhook in shown]
    cells = (
        (code(key), code(uuid), code(kind), words(number), words(time), _status(webhook))
        for webhook, (key, uuid, kind, number, time, _) in zip(shown, rows, strict=True)
    )
    drawn = table(heads, cells, total=len(webhooks), budget=Budget(_SIZE), ends=(3,)) if shown else NOTHING
    warned = [one for one in shown if "warning" in one]
    warnings = [short(f"{one['eventKey']}: {one['warning']}", mask, 600) for one in warned[:WARNINGS]]
    if len(warned) > WARNINGS:
        warnings.append(f"{len(warned) - WARNINGS} more have warnings")
    html = block(
        headline(words("Webhooks"), words(count)),
        element("div", drawn, names="pfnb-full"),
        *(element("div", markup(warning), names="pfnb-warning") for warning in warnings),
    )
    lines = ["", *text_table(heads, rows, ends=(3,)), *rest(len(webhooks) - ROWS)] if shown else []
    lines += [clip_columns(visible(f"Warning: {warning}", one_line=True), 2 * WIDTH) for warning in warnings]
    return {"text/plain": "\n".join([count, *lines]), "text/html": html}


def _mask(webhooks: Sequence[WebhookRow]) -> Mask:
    return Mask.for_uuids(webhook["uuid"] for webhook in webhooks)


def _cells(webhook: WebhookRow, mask: Mask) -> tuple[str, ...]:
    return (
        short(webhook["eventKey"], mask),
        masked_uuid(webhook["uuid"]),
        short(webhook["payloadType"], mask),
        f"{webhook['received']:,}" + (f", {webhook['refused']:,} refused" if webhook["refused"] else ""),
        utc_time(webhook["lastReceived"]),
        _state(webhook),
    )


def _facts(webhook: WebhookRow, mask: Mask) -> list[tuple[str, str]]:
    most = size_text(webhook["maxPayloadLength"])
    rows = [
        ("URL", short(webhook["webhookUrl"], mask, 400)),
        *_whole(webhook, mask),
        ("uuid", masked_uuid(webhook["uuid"])),
        ("Payload", f"{short(webhook['payloadType'], mask)}, at most {most}"),
        ("Received", f"{webhook['received']:,}, last {utc_time(webhook['lastReceived'])}"),
        *_refused(webhook),
        *_proofs(webhook, mask),
        *_handshake(webhook, mask),
        ("Created", utc_time(webhook["created"], exact=True)),
        ("Updated", utc_time(webhook["updated"], exact=True)),
    ]
    others = [(name, value) for name, value in webhook.items() if name not in _KNOWN and value not in _USUAL]
    return rows + [
        (short(name, mask, 60), MASK if hides(name, value) else short(_joined(value), mask, 300))
        for name, value in others[:ROWS]
    ]


def _joined(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _whole(webhook: WebhookRow, mask: Mask) -> list[tuple[str, str]]:
    """How to see the whole address, which is to be entered at the sender and must not be in a saved notebook."""
    known = not webhook.get("deleted")
    return [("Whole URL", f"%webhook url eventKey={short(webhook['eventKey'], mask)} --show")] if known else []


def _refused(webhook: WebhookRow) -> list[tuple[str, str]]:
    count = webhook["refused"]
    return [("Refused", f"{count:,}: %webhook logs uuid={masked_uuid(webhook['uuid'])} says why")] if count else []


def _proofs(webhook: WebhookRow, mask: Mask) -> list[tuple[str, str]]:
    """What its senders must prove. Secrets are not in these settings, only their number."""
    signature, auth = webhook.get("signature"), webhook.get("auth")
    found = [("Signature", signature, "scheme")] if signature else []
    found += [("Auth", auth, "type")] if auth else []
    return [
        (title, f"{short(setting.get(kind, ''), mask, 60)}, {human_count(setting.get('secrets', 0), 'secret')}")
        for title, setting, kind in found
    ]


def _handshake(webhook: WebhookRow, mask: Mask) -> list[tuple[str, str]]:
    last = webhook.get("lastHandshake")
    return [] if last is None else [("Handshake", f"{short(last['what'], mask, 200)}, {utc_time(last['created'])}")]


def _state(webhook: WebhookRow) -> str:
    if webhook.get("deleted"):
        return "deleted"
    if not webhook["active"]:
        return "deactivated"
    return f"until {utc_time(webhook['expires'])}" if webhook["expires"] else "active"


def _status(webhook: WebhookRow) -> Html:
    return status(_state(webhook), "succeeded" if webhook["active"] else "none")
