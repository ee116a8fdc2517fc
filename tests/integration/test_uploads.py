"""Uploads of the largest size cost a real hub next to no memory. `make bench` does the same with many more."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.process import server
from tests.benchmarks.uploads import UPLOAD_BYTES, upload_at_once
from tests.live.environment import own_environment
from tests.live.hub import HubClient

UPLOADS = 6


def test_uploads_of_the_largest_size_stream_to_the_disk(tmp_path: Path) -> None:
    words = (str(Path(sys.executable).with_name("pfnb")), "serve", "--port", "0", "--data-dir", str(tmp_path / "hub"))
    with server(*words, "--token", "t", environment=own_environment(tmp_path), log=tmp_path / "log") as started:
        hub = HubClient(started.url, "t")
        url = hub.receiver(hub.command("webhook.put", eventKey="many.files", payloadType="outbound")["uuid"])
        upload_at_once(started, url, uploads=1, size=1_000_000)
        done = upload_at_once(started, url, uploads=UPLOADS)
        hub.close()
    assert done.statuses == {200: UPLOADS}
    assert done.growth < UPLOAD_BYTES, f"the hub grew by {done.growth:,} bytes"
