"""Setup pipelines of apps run when they are saved and when the hub starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.live.hub import HubClient
from tests.live.served import served

COUNTING = (
    "pipeline:\n"
    "  - set: {value: \"#{@property.value('global/app/demo/NAME')}\", output: vars.before}\n"
    '  - property.put: {path: global/app/demo/NAME, value: "#{(vars.before ?: 0) + 1}", type: application/json}\n'
)
LISTENING = (
    "pipeline:\n  - event.listen: {key: KEY}\n  - iam.run.as: OWNER\n"
    '  - property.put: {path: global/app/demo/seen/NAME, value: "#{body.payload}", type: application/json}\n'
)


def save(hub: HubClient, path: str, text: str) -> None:
    hub.command("property.put", path=path, value=text, type="application/yaml;type=pipeline")


def value(hub: HubClient, path: str) -> Any:
    found = hub.command("property.list", pattern=path)
    return found[0]["value"] if found else None


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_they_run_when_saved_and_at_each_start(tmp_path: Path) -> None:
    with served(tmp_path) as started, closing(started.client()) as hub:
        owner = hub.command("iam.authinfo")["username"]
        for key, name in (("setup.finished", "finished"), ("hub.context.started", "started")):
            text = LISTENING.replace("KEY", key).replace("NAME", name).replace("OWNER", owner)
            save(hub, f"global/app/demo/pipeline/{name}", text)
        save(hub, "global/app/demo/setup/00-count", COUNTING.replace("NAME", "count"))
        wait_for(lambda: value(hub, "global/app/demo/count") == "1")
        save(hub, "global/app/demo/setup/01-wrong", "pipeline:\n  - error: no such role\n")
        wait_for(lambda: any("01-wrong failed: no such role" in one for one in hub.command("hub.status")["problems"]))
        save(hub, "global/app/demo/other/00-count", COUNTING.replace("NAME", "never"))
    with served(tmp_path) as started, closing(started.client()) as hub:
        wait_for(lambda: value(hub, "global/app/demo/count") == "2")
        wait_for(lambda: value(hub, "global/app/demo/seen/finished") == '{"pipelines": 2, "failed": 1}')
        wait_for(lambda: value(hub, "global/app/demo/seen/started") is not None)
        assert value(hub, "global/app/demo/never") is None
        hub.command("property.delete", path="global/app/demo/setup/01-wrong")
        assert hub.command("hub.status")["problems"] == []
