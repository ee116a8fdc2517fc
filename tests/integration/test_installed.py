"""The hub as docs/systemd.md, docs/container.md and the Dockerfile install it, as far as that runs without systemd and Docker."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.live.jupyterhub import free_ports
from tests.reference.pages import DOCS

ROOT = DOCS.parent
PFNB = Path(sys.executable).with_name("pfnb")
SYSTEMD = (DOCS / "systemd.md").read_text()
CONTAINER = (DOCS / "container.md").read_text()
EXPOSURE = 4.5
"""What `systemd-analyze security` calls OK is below 5; a service without any restriction has 9.6."""


def block(page: str, language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return str(found)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each with the rest of its line."""
    lines = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    words = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in words]


def last(name: str) -> str:
    return [rest for given, rest in instructions() if given == name][-1]


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[str]:
    """The address of a hub that this command starts with nothing else in its environment."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, umask=0o077)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("pfnb hub ready at ")
        yield line.split()[-1]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        if process.stdout is not None:
            process.stdout.close()


def with_test_places(words: list[str], folder: Path, port: int, receive_port: int) -> list[str]:
    """The words of a documented command, with the test's folder and ports."""
    places = {
        "/opt/pfnb/bin/pfnb": str(PFNB),
        "pfnb": str(PFNB),
        "/var/lib/pfnb": str(folder),
        "8900": str(receive_port),
    }
    return [*(places.get(word, word) for word in words), "--port", str(port)]


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    file = tmp_path / "pfnb.service"
    file.write_text(block(SYSTEMD, "ini").replace("/opt/pfnb/bin/pfnb", str(PFNB)))
    return file


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    seen = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=30)
    assert [line for line in seen.stderr.splitlines() if "pfnb" in line] == []
    assert seen.returncode == 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_calls_the_unit_well_restricted(unit: Path) -> None:
    seen = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    (exposure,) = re.findall(r"Overall exposure level for \S+ (\d+\.\d)", seen.stdout.replace(":", "")) or ["none"]
    assert float(exposure) < EXPOSURE, seen.stdout + seen.stderr


def test_the_command_of_the_unit_starts_a_hub_that_keeps_its_files_to_itself(tmp_path: Path) -> None:
    text = block(SYSTEMD, "ini")
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    environment = dict(line.split("=", 1) for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE))
    words = with_test_places(shlex.split(command), tmp_path / "data", *free_ports(2))
    with started(words, environment):
        doctor = [str(PFNB), "doctor", "--json", "--data-dir", str(tmp_path / "data")]
        seen = subprocess.run(doctor, env={}, capture_output=True, text=True, timeout=60)
    found = {one["name"]: one for one in json.loads(seen.stdout)}
    assert (found["hub"]["level"], found["data"]["level"]) == ("ok", "ok")
    assert "https://hooks.example.org/pfnb" in found["https"]["what"]


def test_the_image_has_all_that_pfnb_needs_to_be_built(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    kept = [
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    for name, rest in instructions():
        *sources, _ = rest.split()
        if name == "COPY" and not rest.startswith("--from"):
            for source in sources:
                assert source in kept, "it is left out by .dockerignore"
                copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
                copy(ROOT / source, context / source)
    build = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        str(tmp_path / "there"),
        str(context),
    ]
    subprocess.run([*build, "--disable-pip-version-check", "--root-user-action=ignore"], check=True, timeout=110)
    assert (tmp_path / "there" / "pfnb" / "kernel" / "widgets" / "static").is_dir()
    assert (tmp_path / "there" / "etc/jupyter/jupyter_server_config.d/pfnb.json").is_file()


def test_the_images_command_starts_a_hub_that_its_health_check_finds(tmp_path: Path) -> None:
    port, receive_port = free_ports(2)
    words = with_test_places(json.loads(last("ENTRYPOINT")), tmp_path / "data", port, receive_port)
    python, *check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    check = [sys.executable, *(word.replace(":8899", f":{port}") for word in check)]
    assert python == "python"
    assert subprocess.run(check, capture_output=True, timeout=30).returncode != 0
    with started(words, {}):
        assert subprocess.run(check, capture_output=True, timeout=30).returncode == 0


def test_the_image_does_not_run_as_root() -> None:
    users = [rest for name, rest in instructions() if name in ("FROM", "USER")]
    assert users[-1] == "pfnb"


def test_the_services_of_the_page_have_arguments_that_pfnb_takes(tmp_path: Path) -> None:
    services = yaml.safe_load(block(CONTAINER, "yaml"))["services"]
    more, environment = services["pfnb"]["command"], services["pfnb"]["environment"]
    port, receive_port = free_ports(2)
    words = with_test_places([*json.loads(last("ENTRYPOINT")), *more], tmp_path / "data", port, receive_port)
    with started(words, environment):
        asked = [sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {receive_port}))"]
        assert subprocess.run(asked, timeout=30).returncode == 0
    assert all(str(each).startswith("127.0.0.1:") for each in services["pfnb"]["ports"])
    assert services["caddy"]["command"][-1] == f"pfnb:{more[-1]}"
    assert environment["PFNB_TRUSTED_PROXIES"] == "172.30.0.0/24"


def test_the_documented_commands_of_the_command_line_exist() -> None:
    pages = SYSTEMD + CONTAINER + (DOCS / "reverse-proxy.md").read_text() + (DOCS / "tunnels.md").read_text()
    used = set(
        re.findall(r"(--[a-z][a-z-]+)", "\n".join(re.findall(r"^.*pfnb (?:serve|doctor).*$", pages, re.MULTILINE)))
    )
    known = "".join(
        subprocess.run([str(PFNB), name, "--help"], capture_output=True, text=True, timeout=30).stdout
        for name in ("serve", "doctor")
    )
    assert used
    assert [flag for flag in used if flag not in known] == []
