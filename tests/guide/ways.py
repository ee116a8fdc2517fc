"""The three ways of doing what the guide says: over HTTP, by command line, by magics. Each talks to a hub as its users do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx

from tests.kernel.conftest import LiveKernel


@dataclass(frozen=True)
class Row:
    """A request that a webhook has received: checksums of its files, errors of its deliveries."""

    files: dict[str, str]
    errors: list[str]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Row:
        """From a row of the webhook's log."""
        errors = [one["error"]["statusMessage"] for one in row["deliveries"] if one["error"]]
        return cls({file["filename"]: file["sha256"] for file in row["files"]}, errors)


class Way(Protocol):
    def create(self, key: str) -> tuple[str, str]:
        """A new webhook for this key, with raw payloads: its url and uuid."""

    def limit(self, uuid: str, length: int) -> None:
        """Let it take payloads up to this length."""

    def listed(self, key: str) -> dict[str, bool]:
        """The webhooks of this key: the last characters of each uuid, and whether it is active."""

    def delete(self, uuid: str) -> None: ...

    def store(self, path: str, text: str) -> None:
        """Save a pipeline."""

    def received(self, uuid: str) -> list[Row]:
        """Newest first."""

    def scan(self, folder: Path) -> list[dict[str, Any]]:
        """The leaks below a folder, which are deactivated."""


class OverHttp:
    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)
        self._url = f"{url}/api/v3"

    def create(self, key: str) -> tuple[str, str]:
        made = self.command("webhook.put", {"eventKey": key, "payloadType": "raw"})
        return made["webhookUrl"], made["uuid"]

    def limit(self, uuid: str, length: int) -> None:
        self.command("webhook.put", {"uuid": uuid, "maxPayloadLength": str(length)})

    def listed(self, key: str) -> dict[str, bool]:
        return {one["uuid"][-6:]: one["active"] for one in self.command("webhook.get", {"eventKey": key})}

    def delete(self, uuid: str) -> None:
        self.command("webhook.delete", {"uuid": uuid})

    def store(self, path: str, text: str) -> None:
        answer = self._http.put(f"{self._url}/pipeline:{path}", content=text)
        assert answer.status_code == 200, answer.text

    def received(self, uuid: str) -> list[Row]:
        return [Row.of(row) for row in self.command("webhook.receive.logs", {"token": uuid})]

    def scan(self, folder: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.command("webhook.scan", {"path": str(folder)})["leaks"]
        return found

    def command(self, name: str, parameters: Mapping[str, str]) -> Any:
        answer = self._http.post(f"{self._url}/command/{name}", data=dict(parameters))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def close(self) -> None:
        self._http.close()


class ByCommandLine(OverHttp):
    """Every command is a process of its own; pipelines are files of a workspace."""

    def __init__(self, url: str, token: str, folder: Path) -> None:
        super().__init__(url, token)
        self._environment = {**os.environ, "PFNB_URL": url, "PFNB_TOKEN": token}
        self._folder = folder
        self._run("pfnb.pi.main", "init", ".")

    def command(self, name: str, parameters: Mapping[str, str]) -> Any:
        words = [f"{key}={value}" for key, value in parameters.items()]
        return json.loads(self._run("pfnb.pi.main", "command", name, *words, "--json"))

    def store(self, path: str, text: str) -> None:
        file = self._folder / "src" / f"{path}.pi.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        [row] = json.loads(self._run("pfnb.pi.main", "publish", "src/global/**", "--json"))
        assert row["result"] == "published", row

    def scan(self, folder: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._run("pfnb.cli", "scan", str(folder), "--yes", "--json"))["leaks"]
        return found

    def _run(self, module: str, *words: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


class ByMagics:
    """Cells of a notebook whose kernel has a hub of its own."""

    def __init__(self, kernel: LiveKernel) -> None:
        self._kernel = kernel
        kernel.ok("import json, pfnb")

    def create(self, key: str) -> tuple[str, str]:
        shown = self._kernel.ok(f"hook = %webhook put eventKey={key} payloadType=raw new=true\nhook")
        url, uuid = self._told("[hook.url, hook.uuid]")
        assert uuid[:-6] not in str(shown.messages)
        return url, uuid

    def limit(self, uuid: str, length: int) -> None:
        self._kernel.ok(f"%webhook put uuid={uuid} maxPayloadLength={length}")

    def listed(self, key: str) -> dict[str, bool]:
        self._kernel.ok(f"hooks = %webhook get eventKey={key}")
        return dict(self._told("[[hook.uuid[-6:], hook.fields['active']] for hook in hooks]"))

    def delete(self, uuid: str) -> None:
        self._kernel.ok(f"%webhook delete uuid={uuid}")

    def store(self, path: str, text: str) -> None:
        self._kernel.ok(f"%%pipeline lead --save {path}\n{text}")

    def received(self, uuid: str) -> list[Row]:
        self._kernel.ok(f"rows = %webhook logs uuid={uuid}")
        return [Row.of(row) for row in self._told("list(rows)")]

    def scan(self, folder: Path) -> list[dict[str, Any]]:
        self._kernel.ok(f"leaks = %webhook scan {folder}")
        found: list[dict[str, Any]] = self._told("list(leaks)")
        return found

    def _told(self, expression: str) -> Any:
        return json.loads(self._kernel.ok(f"print(json.dumps({expression}))").stdout)
