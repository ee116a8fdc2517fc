"""`pfnb doctor` without a proxy: what it finds of this machine and of a hub. `tests/integration` has it behind proxies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pfnb.pi.doctor.machine import LITTLE, TOO_LITTLE, disk
from pfnb.pi.doctor.outside import certificate, clock, senders
from pfnb.pi.doctor.probe import Answer
from pfnb.rows.webhook import RefusedRow
from tests.live.environment import own_environment
from tests.live.served import TOKEN, Served, served


class Diagnosis(NamedTuple):
    status: int
    found: dict[str, dict[str, str]]

    def problems(self) -> set[str]:
        return {name for name, one in self.found.items() if one["level"] == "problem"}


def diagnosed(folder: Path, *words: str, **environment: str) -> Diagnosis:
    done = doctor(folder, "--json", *words, **environment)
    assert done.stderr == ""
    return Diagnosis(done.returncode, {one["name"]: one for one in json.loads(done.stdout)})


def doctor(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    there = {**own_environment(folder), "XDG_DATA_HOME": str(folder), **environment}
    command = [sys.executable, "-m", "pfnb.cli", "doctor", *words]
    return subprocess.run(command, env=there, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as started:
        (started.data_dir / "token").write_text(TOKEN)
        (started.data_dir / "token").chmod(0o600)
        yield started


def test_without_a_hub_it_says_how_to_start_one(tmp_path: Path) -> None:
    status, found = diagnosed(tmp_path)
    assert status == 1
    assert "start JupyterLab" in found["hub"]["what"]
    assert diagnosed(tmp_path, "--data-dir", str(tmp_path)).found["hub"]["what"] == (
        f"no hub runs with the data directory {tmp_path}"
    )


def test_a_hub_without_a_public_address_is_told_how_to_get_one(tmp_path: Path, hub: Served) -> None:
    seen = diagnosed(tmp_path, "--data-dir", str(hub.data_dir))
    assert (seen.status, seen.problems()) == (1, {"address"})
    assert "pfnb serve --tunnel cloudflared" in seen.found["address"]["mend"]
    assert seen.found["data"]["level"] == "ok"


def test_it_prints_a_line_for_each_finding_and_one_for_what_to_do(tmp_path: Path, hub: Served) -> None:
    said = doctor(tmp_path, "--data-dir", str(hub.data_dir)).stdout.splitlines()
    (at,) = (number for number, line in enumerate(said) if line.startswith("problem  address "))
    assert said[at + 1].split()[0] == "→"
    assert any(line.startswith(f"ok       hub          {hub.url} answers") for line in said)


def test_a_public_address_that_is_not_https_and_not_in_the_dns_is_two_problems(tmp_path: Path) -> None:
    with served(tmp_path, "--public-url", "http://hooks.invalid/pfnb") as hub:
        seen = diagnosed(tmp_path, "--url", hub.url, "--token", TOKEN)
    assert seen.problems() == {"https", "dns"}
    assert "no internet" in seen.found["dns"]["mend"]


def test_a_hub_that_answers_at_its_own_public_address_is_well(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        port = str(first.address[1])
    url = f"http://127.0.0.1:{port}/pfnb"
    with served(tmp_path, "--port", port, "--public-url", url) as hub, closing(hub.client()) as owner:
        owner.command("webhook.put", eventKey="order.placed")
        seen = diagnosed(tmp_path, "--url", url, "--token", TOKEN)
        assert (seen.status, seen.found["outside"]["level"], seen.found["size"]["level"]) == (0, "ok", "ok")
        assert "1 of 1 active webhooks" in seen.found["signatures"]["what"]
        assert [one["eventKey"] for one in owner.command("webhook.get")] == ["order.placed"]
        assert owner.command("webhook.get")[0]["received"] == 0


def test_files_of_the_hub_that_others_can_read_are_a_problem(tmp_path: Path, hub: Served) -> None:
    (hub.data_dir / "audit.log").touch()
    (hub.data_dir / "audit.log").chmod(0o644)
    seen = diagnosed(tmp_path, "--data-dir", str(hub.data_dir))
    assert "audit.log" in seen.found["data"]["what"]
    subprocess.run(seen.found["data"]["mend"], shell=True, check=True)
    assert diagnosed(tmp_path, "--data-dir", str(hub.data_dir)).found["data"]["level"] == "ok"


def test_jupyter_servers_that_do_not_load_pfnb_are_a_warning(tmp_path: Path, hub: Served) -> None:
    there = own_environment(tmp_path)
    words = ("--data-dir", str(hub.data_dir))
    assert diagnosed(tmp_path, *words).found["jupyter"]["level"] == "ok"
    config = Path(there["JUPYTER_CONFIG_DIR"]) / "jupyter_server_config.d"
    config.mkdir()
    (config / "pfnb.json").write_text('{"ServerApp": {"jpserver_extensions": {"pfnb": false}}}')
    disabled = diagnosed(tmp_path, *words, JUPYTER_PREFER_ENV_PATH="0").found["jupyter"]
    assert disabled["mend"].startswith("jupyter server extension enable pfnb")


@pytest.mark.parametrize(("free", "level"), [(LITTLE, "ok"), (LITTLE - 1, "warning"), (TOO_LITTLE - 1, "problem")])
def test_little_disk_space_is_said(free: int, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(free * 2, free, free))
    assert disk(tmp_path).level == level


def answer(**more: Any) -> Answer:
    return Answer(200, more.pop("headers", {}), b"", time.time(), **more)


@pytest.mark.parametrize(("seconds", "level"), [(0, "ok"), (-60, "warning"), (400, "problem")])
def test_a_clock_that_is_wrong_is_said_before_signatures_fail(seconds: float, level: str) -> None:
    (found,) = clock(answer(headers={"date": formatdate(time.time() + seconds, usegmt=True)}))
    assert found.level == level


def test_an_answer_without_a_date_says_nothing_of_the_clock() -> None:
    assert list(clock(answer(headers={"date": "soon"}))) == list(clock(answer())) == []


@pytest.mark.parametrize(("days", "level"), [(80, "ok"), (7, "warning")])
def test_a_certificate_that_ends_soon_is_a_warning(days: int, level: str) -> None:
    (found,) = certificate(answer(not_after=time.time() + days * 86400))
    assert (found.level, f"{days} more days" in found.what) == (level, True)


@pytest.mark.parametrize(("address", "level"), [("127.0.0.1", "warning"), ("203.0.113.7", "ok")])
def test_senders_that_all_have_the_proxys_address_are_a_warning(address: str, level: str) -> None:
    reason = f"The address was {address}, which is not among those that may call (allow)."
    row: RefusedRow = {"created": 1, "statusCode": 403, "reason": reason, "size": 2, "limit": None, "count": 1}
    (found,) = senders(row)
    assert found.level == level


def test_a_data_directory_of_somebody_else_is_said_without_a_traceback(tmp_path: Path, hub: Served) -> None:
    (hub.data_dir / "token").unlink()
    done = doctor(tmp_path, "--data-dir", str(hub.data_dir))
    assert done.returncode == 1
    assert "the token of the hub in" in done.stdout
    assert done.stderr == ""
