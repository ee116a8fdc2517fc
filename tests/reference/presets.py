"""The page of presets: what each sender's webhook checks, answers and repeats, and where the address goes."""

from __future__ import annotations

from collections.abc import Iterator

from pfnb.presets.description import preset_rows
from tests.reference.markdown import code, page, table


def presets_page() -> str:
    return page(_lines())


def _lines() -> Iterator[str]:
    rows = preset_rows()
    yield "# Presets"
    yield ""
    yield "`webhook.put preset=NAME` sets up a webhook for a well-known sender: the signature that it checks, the methods that"
    yield "it takes, its handshake, and what identifies a repetition. A setting that you give wins. A handshake is answered at"
    yield "the door, needs no pipeline and is no event; `webhook.get` shows the newest as `lastHandshake`."
    yield ""
    yield "```"
    yield "%webhook put eventKey=code.pushed preset=github secret=…"
    yield "```"
    yield ""
    yield "* `secret` is short for the setting that has the sender's secret: `signature.secret`, or `auth.value`."
    yield "* Some senders show their secret only once they have the address. Put the webhook without it, enter the address there,"
    yield "  then put it again with the secret. Until then it takes nothing. `%webhook put` finds it by its event key; elsewhere"
    yield "  give its `uuid`, too, since `webhook.put` without one makes another webhook."
    yield "* Where the sender asks for a verify token, enter the one in the `hint` of `webhook.put`; `webhook.handshake` has it."
    yield "* The handshake comes before the checks of method and signature, unless the sender signs it. `allow` counts always."
    yield "* `webhook.presets preset=NAME` shows all that a preset sets, and a sample of a request."
    yield "* `handshake=NAME` alone answers the handshake of a sender whose preset does not fit; `handshake=none` answers none."
    yield "* A package can bring more presets: an entry point of the group `pfnb.presets` names a package with a file for each,"
    yield "  such as `acme.toml`. `pfnb/presets/senders/` has the built-in ones, `pfnb/presets/preset.py` describes the keys."
    yield ""
    yield "Where the repetition is empty, what the sender calls a delivery counts, together with the content."
    yield ""
    heads = ["preset", "sender", "checks", "handshake", "repetition"]
    yield from table(
        heads,
        ([code(row["preset"]), row["title"], row["checks"], row["handshake"], code(row["repeatBy"])] for row in rows),
    )
    yield "## Where the address and the secret go"
    yield ""
    for row in rows:
        note = f" {row['note']}" if row["note"] else ""
        secret = f" {row['secret'][0].upper()}{row['secret'][1:]}." if row["checks"] != "nothing" else ""
        yield f"* **{row['preset']}**: {row['where']}{secret}{note}"
