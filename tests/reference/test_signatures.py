"""docs/signatures.md names every scheme, type and key, and what it says of senders is accepted."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from pfnb.commands.webhook_proofs import AuthKeys, SignatureKeys
from pfnb.commands.webhook_settings import checked
from pfnb.hub.receiving.signature import signature_of

PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text()
SENDERS = re.findall(r"^\| ([\w ]+) \| `(\{.*\})` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("sender", "keys"), SENDERS)
def test_the_keys_of_a_sender_are_accepted(sender: str, keys: str) -> None:
    given = checked({"signature": {"scheme": "hmac", **yaml.safe_load(keys)}})["signature"]
    assert signature_of(given, ["azE="])


def test_the_page_names_all_there_is() -> None:
    assert len(SENDERS) > 15
    for keys, choice in ((SignatureKeys, "scheme"), (AuthKeys, "type")):
        hint: Any = get_args(get_type_hints(keys)[choice])[0]
        for name in (*get_args(hint), *(one.name for one in fields(keys))):
            assert re.search(rf"\b{name}\b", PAGE), name
