"""A workspace's files and a hub's properties: what is published, fetched, listed and deleted, and what is not."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from pfnb.exceptions import ParameterError
from pfnb.http.server import LocalServer
from pfnb.pi import resources
from pfnb.pi.main import http_client, run
from pfnb.pi.resources import PartlyError
from tests.pi.conftest import Pi

PIPELINE = "pipeline:\n  - body.set: hello\n"


@pytest.fixture
async def workspace(pi: Pi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "work"
    root.mkdir()
    monkeypatch.chdir(root)
    await pi("init")
    return root


def put(root: Path, name: str, content: str | bytes) -> Path:
    file = root / "src" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


async def results(pi: Pi, *words: str) -> dict[str, str]:
    rows = json.loads(await pi(*words, "--json"))
    return {row.get("file") or row["path"]: row["result"] for row in rows}


async def test_files_become_properties_and_only_changed_ones_are_sent_again(pi: Pi, workspace: Path) -> None:
    put(workspace, "global/app/demo/pipeline/hello.pi.yaml", PIPELINE)
    put(workspace, "global/app/demo/config/app.json", '{"a": 1}')
    put(workspace, "global/app/demo/logo.png", b"\x89PNG\r\n\x1a\n\x00")
    assert set((await results(pi, "publish")).values()) == {"published"}
    assert set((await results(pi, "publish")).values()) == {"unchanged"}
    put(workspace, "global/app/demo/config/app.json", '{"a": 2}')
    assert await results(pi, "publish", "src/global/app/demo/**") == {
        "src/global/app/demo/config/app.json": "published",
        "src/global/app/demo/logo.png": "unchanged",
        "src/global/app/demo/pipeline/hello.pi.yaml": "unchanged",
    }
    listed = json.loads(await pi("list", "global/app/demo/**", "--json"))
    assert [(row["path"], row["type"]) for row in listed] == [
        ("global/app/demo/config/app", "application/json"),
        ("global/app/demo/logo", "image/png;encoding=base64"),
        ("global/app/demo/pipeline/hello", "application/yaml;type=pipeline"),
    ]
    assert json.loads(await pi("command", "property.value.get", "path=global/app/demo/config/app", "--json")) == {
        "a": 2
    }


async def test_patterns_count_from_where_one_is(pi: Pi, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(workspace, "global/app/demo/a.txt", "a")
    put(workspace, "global/app/demo/deep/b.txt", "b")
    monkeypatch.chdir(workspace / "src" / "global" / "app" / "demo")
    assert await results(pi, "publish", "*") == {"a.txt": "published"}
    assert await results(pi, "publish", "**") == {"a.txt": "unchanged", "deep/b.txt": "published"}


async def test_paths_have_no_extensions_and_files_get_theirs_back(pi: Pi, workspace: Path) -> None:
    contents = {
        "template/mail.ftl": "Hi ${name}",
        "script/a.vue": "<t/>",
        "x/b.foo": "?",
        "x/c": "plain",
        "x/d.dat": b"\xff\x00",
    }
    for name, content in contents.items():
        put(workspace, f"global/app/demo/{name}", content)
    assert set((await results(pi, "publish")).values()) == {"published"}
    listed = json.loads(await pi("list", "global/app/demo/**", "--json"))
    assert [row["path"].removeprefix("global/app/demo/") for row in listed] == [
        "script/a", "template/mail", "x/b", "x/c", "x/d",
    ]  # fmt: skip
    for file in (workspace / "src").rglob("*.*"):
        file.unlink()
    await pi("get", "global/app/demo/**", "--yes")
    for name, content in contents.items():
        data = (workspace / "src/global/app/demo" / name).read_bytes()
        assert data == (content if isinstance(content, bytes) else content.encode())


async def test_a_setting_keeps_extensions(pi: Pi, workspace: Path) -> None:
    (workspace / ".pfnb" / "config.json").write_text('{"deployWithExtension": true}')
    put(workspace, "global/app/demo/a.js", "1")
    put(workspace, "global/app/demo/a.css", "2")
    await pi("publish")
    listed = json.loads(await pi("list", "global/app/demo/**", "--json"))
    assert [row["path"] for row in listed] == ["global/app/demo/a.css", "global/app/demo/a.js"]
    (workspace / ".pfnb" / "config.json").write_text("[1]")
    with pytest.raises(ParameterError, match="must be a map"):
        await pi("publish")


async def test_a_workspace_of_pipeforce_works_as_it_is(pi: Pi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "theirs"
    (root / ".pipeforce").mkdir(parents=True)
    (root / ".pipeforce" / "config.json").write_text('{"propertiesHome": "props", "deployWithExtension": false}')
    file = root / "props" / "global" / "app" / "demo" / "pipeline" / "hello.pi.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(PIPELINE)
    monkeypatch.chdir(root)
    assert await results(pi, "publish", "demo") == {"props/global/app/demo/pipeline/hello.pi.yaml": "published"}
    assert (root / ".pfnb" / ".gitignore").read_text() == "published.json\n"
    (root / ".pipeforce" / "config.json").write_text('{"propertiesHome": "../elsewhere"}')
    with pytest.raises(ParameterError, match="must be a folder of the workspace"):
        await pi("publish")


async def test_an_app_is_published_and_listed_by_its_name(pi: Pi, workspace: Path) -> None:
    put(workspace, "global/app/demo/a.txt", "a")
    put(workspace, "global/app/demo2/b.txt", "b")
    put(workspace, "global/app/other/c.txt", "c")
    assert await results(pi, "publish", "demo") == {"src/global/app/demo/a.txt": "published"}
    await pi("publish")
    listed = json.loads(await pi("list", "global/app/demo**", "--json"))
    assert [row["path"] for row in listed] == ["global/app/demo/a", "global/app/demo2/b"]


async def test_another_hub_has_not_got_what_this_one_has(
    pi: Pi, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(workspace, "global/app/demo/a.txt", "a")
    await pi("publish")
    memory = json.loads((workspace / ".pfnb" / "published.json").read_text())
    assert list(memory.values()) == [{"global/app/demo/a": memory[next(iter(memory))]["global/app/demo/a"]}]
    (workspace / ".pfnb" / "published.json").write_text(
        json.dumps({"http://another/pfnb": next(iter(memory.values()))})
    )
    assert await results(pi, "publish") == {"src/global/app/demo/a.txt": "published"}


@pytest.mark.parametrize("pattern", ["../outside.txt", "/etc/**", "src/../../outside.txt", "src/link/**"])
async def test_nothing_outside_of_the_workspace_is_published(pi: Pi, workspace: Path, pattern: str) -> None:
    (workspace.parent / "outside.txt").write_text("x")
    (workspace.parent / "folder").mkdir()
    (workspace.parent / "folder" / "secret.txt").write_text("x")
    (workspace / "src" / "link").symlink_to(workspace.parent / "folder")
    with pytest.raises(ParameterError, match=r"outside of the workspace|there is no file"):
        await pi("publish", pattern)
    assert json.loads(await pi("list", "--json")) == []


async def test_without_a_workspace_nothing_is_published(
    pi: Pi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match="pi init"):
        await pi("publish")


async def test_a_publish_reports_file_by_file_and_goes_on_when_it_is_repeated(
    pi: Pi, workspace: Path, server: LocalServer
) -> None:
    for number in range(100):
        put(workspace, f"global/app/demo/{number:03}.txt", str(number))
    put(workspace, "global/app/demo/twice.json", "1")
    put(workspace, "global/app/demo/twice.txt", "1")
    out = io.StringIO()
    with pytest.raises(PartlyError, match="2 of 102 failed, 100 published"):
        await _run(out, "publish", "--json")
    rows = json.loads(out.getvalue())
    assert [row["file"] for row in rows if row["result"] == "failed"] == [
        "src/global/app/demo/twice.json",
        "src/global/app/demo/twice.txt",
    ]
    assert "map to the same property" in rows[-1]["reason"]
    (workspace / "src/global/app/demo/twice.txt").unlink()
    again = await results(pi, "publish")
    assert [file for file, result in again.items() if result == "published"] == ["src/global/app/demo/twice.json"]


async def _run(out: io.StringIO, *words: str) -> None:
    import asyncio

    await asyncio.to_thread(run, words, http_client, out)


async def test_properties_become_files_again_and_differing_ones_are_kept_unless_agreed(pi: Pi, workspace: Path) -> None:
    contents = {
        "global/app/demo/pipeline/hello.pi.yaml": PIPELINE.encode(),
        "global/app/demo/config/app.json": b'{"a": 1}',
        "global/app/demo/logo.png": b"\x89PNG\r\n\x1a\n\x00",
        "global/app/demo/notes.md": "# Zoë\n".encode(),
    }
    for name, content in contents.items():
        put(workspace, name, content)
    await pi("publish")
    for name in contents:
        (workspace / "src" / name).unlink()
    assert set((await results(pi, "get", "global/app/demo/**")).values()) == {"written"}
    assert {name: (workspace / "src" / name).read_bytes() for name in contents} == contents
    put(workspace, "global/app/demo/notes.md", "mine")
    assert (await results(pi, "get", "global/app/demo/**"))["src/global/app/demo/notes.md"] == "skipped"
    assert (workspace / "src/global/app/demo/notes.md").read_text() == "mine"
    await pi("get", "global/app/demo/**", "--yes")
    assert (workspace / "src/global/app/demo/notes.md").read_text() == "# Zoë\n"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a\\b", "a/\x1b[2J", ""])
def test_no_property_becomes_a_file_outside_of_the_workspace(tmp_path: Path, path: str) -> None:
    workspace = resources.create(tmp_path)
    with pytest.raises(ParameterError, match="is not a valid file path"):
        workspace.file_of(path, "text/plain")


async def test_deleting_asks_first_and_files_stay(pi: Pi, workspace: Path) -> None:
    file = put(workspace, "global/app/demo/a.txt", "a")
    await pi("publish")
    with pytest.raises(ParameterError, match="--yes"):
        await pi("delete", "global/app/demo/**")
    assert await results(pi, "delete", "global/app/demo/**", "--yes") == {"global/app/demo/a": "deleted"}
    assert json.loads(await pi("list", "--json")) == []
    assert file.exists()
    with pytest.raises(ParameterError, match="there is no property"):
        await pi("delete", "global/app/demo/**", "--yes")


async def test_a_pipeline_with_a_command_of_pipeforce_is_published_and_it_is_said_that_it_cannot_run(
    pi: Pi, workspace: Path
) -> None:
    put(workspace, "global/app/demo/pipeline/hello.pi.yaml", PIPELINE)
    put(workspace, "global/app/demo/pipeline/label.pi.yaml", "pipeline:\n  - barcode.create: {text: '1'}\n")
    hello, label = json.loads(await pi("publish", "--json"))
    assert hello == {"file": "src/global/app/demo/pipeline/hello.pi.yaml", "result": "published"}
    assert label["result"] == "published"
    assert label["reason"].startswith('it cannot run: there is no command "barcode.create" here')
    put(workspace, "global/app/demo/pipeline/label.pi.yaml", "pipeline:\n  - barcode.craete: {text: '1'}\n")
    with pytest.raises(PartlyError, match="1 of 2 failed"):
        await pi("publish")
