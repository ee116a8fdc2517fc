"""An environment without Jupyter: a hub of its own, its worker and `pi` need none of it."""

from __future__ import annotations

import os
import re
import subprocess
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from tests.live.hub import HubClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {
    "anywidget", "ipykernel", "ipython", "ipywidgets", "jupyter-client", "jupyter-core", "jupyter-server", "nbclient",
    "nbformat", "nest-asyncio2", "traitlets",
}  # fmt: skip
"""The dependencies that are for notebooks, and for the extension of a Jupyter Server."""
PIPELINE = "pipeline:\n- event.listen: {key: webhook.lead}\n- body.set: 'Hello #{body.payload.name}'\n"


def needed(name: str, extras: frozenset[str], found: dict[str, Distribution]) -> None:
    """The distribution and all that it needs, as its metadata says."""
    normal = re.sub(r"[-_.]+", "-", name).lower()
    if normal in NOTEBOOKS or normal in found:
        return
    found[normal] = distribution(name)
    for text in found[normal].requires or []:
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            needed(one.name, frozenset(one.extras), found)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with what pfnb declares and no Jupyter in it; its folder of programs."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    found: dict[str, Distribution] = {}
    needed("pfnb", frozenset(), found)
    (packages / "pfnb").symlink_to(ROOT / "pfnb")
    for one in found.values():
        for top in {file.parts[0] for file in one.files or [] if file.parts[0] not in {"..", "__pycache__", "bin"}}:
            target = Path(str(one.locate_file(top)))
            if target.exists() and not (packages / top).exists() and target.suffix != ".pth":
                (packages / top).symlink_to(target)
    return folder / "bin"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PFNB_", "PYTHON", "JUPYTER"))}
    return {**clean, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}


def run(bare: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [bare / "python", "-W", "error", "-m", *words]
    return subprocess.run(
        command, env=environment, cwd=environment["HOME"], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def hub(bare: Path, environment: dict[str, str]) -> Iterator[HubClient]:
    """`pfnb serve`, started there."""
    command = [bare / "python", "-m", "pfnb.cli", "serve", "--port", "0", "--token", "of-the-test"]
    with subprocess.Popen(
        command, env=environment, cwd=environment["HOME"], stdout=subprocess.PIPE, text=True
    ) as serve:
        try:
            ready = re.search(r"ready at (\S+)", serve.stdout.readline())
            assert ready is not None
            client = HubClient(ready[1], "of-the-test")
            yield client
            client.close()
        finally:
            serve.terminate()
    assert serve.returncode == 0


def test_there_is_no_jupyter_in_it(bare: Path, environment: dict[str, str]) -> None:
    for module in ("jupyter_server", "jupyter_core", "traitlets", "IPython", "ipykernel"):
        assert f"No module named {module}" in run(bare, environment, module).stderr


def test_a_hub_serves_stored_pipelines_and_pi_without_jupyter(
    bare: Path, environment: dict[str, str], hub: HubClient
) -> None:
    of_hub = environment | {"PFNB_URL": hub.url, "PFNB_TOKEN": "of-the-test"}
    stored = f"{hub.url}/api/v3/pipeline:global/app/demo/pipeline/lead"
    headers = {"Authorization": "token of-the-test", "Content-Type": "application/yaml"}
    httpx.put(stored, content=PIPELINE, headers=headers, timeout=60, trust_env=False).raise_for_status()
    webhook = hub.command("webhook.put", eventKey="webhook.lead", payloadType="raw")
    answer = httpx.post(hub.receiver(webhook["uuid"], wait="true"), json={"name": "Ada"}, timeout=60, trust_env=False)
    assert answer.json()["value"] == "Hello Ada"
    for words in (["status"], ["command", "webhook.get"], ["list", "global/**"]):
        done = run(bare, of_hub, "pfnb.pi.main", *words)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_pi_says_that_no_hub_runs_where_there_is_no_jupyter(bare: Path, environment: dict[str, str]) -> None:
    done = run(bare, environment, "pfnb.pi.main", "status")
    assert done.returncode == 1
    assert "no hub was found" in done.stderr


def test_what_needs_jupyter_says_so_in_one_line(bare: Path, environment: dict[str, str]) -> None:
    (Path(environment["HOME"]) / "leads.ipynb").write_text("{}")
    done = run(bare, environment, "pfnb.cli", "run", "leads.ipynb")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "pfnb: this command needs nbformat, which is not installed: pip install nbformat"
    ]


@pytest.mark.parametrize("words", [["schema"], ["schema", "--openapi"], ["--help"], ["serve", "--help"]])
def test_other_commands_need_no_jupyter(words: list[str], bare: Path, environment: dict[str, str]) -> None:
    done = run(bare, environment, "pfnb.cli", *words)
    assert (done.returncode, done.stderr) == (0, "")
