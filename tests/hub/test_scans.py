"""A hub that was told of folders looks through them by itself."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from pfnb.hub import scans, supervision
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.scans import ScanPlan
from tests.hub.conftest import UUID


async def test_what_leaked_fires_no_more_and_the_log_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scans, "FIRST_SECONDS", 0.0)
    (tmp_path / "work").mkdir()
    home = Home(HubOptions(tmp_path / "hub", owner="ada", scan=ScanPlan((tmp_path / "work",), hours=1e-6)))
    with caplog.at_level(logging.WARNING, "pfnb.hub"):
        await home.open()
        try:
            await home.hub.webhooks.put({"uuid": UUID, "eventKey": "a.b"}, "ada")
            (tmp_path / "work" / "a.txt").write_text(UUID)
            async with asyncio.timeout(10):
                while home.hub.webhooks.get(UUID, "ada").active:
                    await asyncio.sleep(0.01)
        finally:
            await home.close()
    assert f"webhook …6936bd is deactivated: its secret was found in {tmp_path / 'work' / 'a.txt'}:1" in caplog.text
    assert UUID not in caplog.text


async def test_a_folder_that_is_gone_is_named_in_the_log_and_scanned_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scans, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(supervision, "RETRY_SECONDS", 0.01)
    home = Home(HubOptions(tmp_path / "hub", owner="ada", scan=ScanPlan((tmp_path / "gone",), hours=1e-6)))
    with caplog.at_level(logging.WARNING, "pfnb.hub"):
        await home.open()
        try:
            async with asyncio.timeout(10):
                await home.hub.webhooks.put({"uuid": UUID, "eventKey": "a.b"}, "ada")
                while str(tmp_path / "gone") not in caplog.text:
                    await asyncio.sleep(0.01)
                (tmp_path / "gone").mkdir()
                (tmp_path / "gone" / "a.txt").write_text(UUID)
                while home.hub.webhooks.get(UUID, "ada").active:
                    await asyncio.sleep(0.01)
        finally:
            await home.close()
