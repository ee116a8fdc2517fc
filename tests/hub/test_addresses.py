"""Owners learn that the address of their webhooks has changed, while it matters."""

from __future__ import annotations

from pathlib import Path

from pfnb.hub.addresses import DAYS, arrive
from pfnb.hub.records.webhook import Webhook

DAY = 24 * 3600 * 1000


def webhook(created: int, last_received: int | None = None, *, active: bool = True) -> Webhook:
    return Webhook("", "ada", created, created, last_received=last_received, event_key="a", active=active)


def test_a_changed_address_is_said_until_all_webhooks_from_before_were_called(tmp_path: Path) -> None:
    assert arrive(tmp_path, "http://a", 10).moved([webhook(1)], 10) is None
    address = arrive(tmp_path, "http://b", 100)
    assert arrive(tmp_path, "http://b", 200) == address
    assert "from http://a to http://b, and 1 webhook has" in str(address.moved([webhook(50)], 100))
    assert "2 webhooks have" in str(address.moved([webhook(50, 60), webhook(50)], 100))
    for silent in ([], [webhook(150)], [webhook(50, 150)], [webhook(50, active=False)]):
        assert address.moved(silent, 200) is None
    assert address.moved([webhook(50)], 100 + DAYS * DAY + 1) is None


def test_each_webhook_is_compared_with_the_address_that_its_callers_know(tmp_path: Path) -> None:
    for url, when in (("http://a", 10), ("http://b", 100), ("http://c", 200)):
        here = arrive(tmp_path, url, when)
    assert [here.before(one, 250) for one in (webhook(50), webhook(150), webhook(50, 150), webhook(210))] == [
        "http://a",
        "http://b",
        "http://b",
        None,
    ]
    assert "from http://a and http://b to http://c, and 2 webhooks have" in str(
        here.moved([webhook(50), webhook(150)], 250)
    )
    back = arrive(tmp_path, "http://a", 300)
    assert (back.before(webhook(50), 310), back.before(webhook(150), 310)) == (None, "http://b")


def test_what_was_written_at_first_is_understood(tmp_path: Path) -> None:
    (tmp_path / "address.json").write_text('{"url": "http://b", "before": "http://a", "changed": 100}')
    here = arrive(tmp_path, "http://c", 200)
    assert [here.before(webhook(created), 300) for created in (50, 150, 250)] == ["http://a", "http://b", None]


def test_a_file_that_cannot_be_read_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "address.json").write_text("{")
    assert arrive(tmp_path, "http://a", 10).former == ()
    assert (tmp_path / "address.json").stat().st_mode & 0o777 == 0o600
