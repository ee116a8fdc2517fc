"""Secrets are found where people save and push their work, and nothing else is taken for one."""

from __future__ import annotations

import base64
import io
import os
import subprocess
from pathlib import Path

import pytest

from pfnb.hub.home import Home, HubOptions
from pfnb.leaks import Finder, Leak, mask, scan
from pfnb.leaks.finder import CHUNK

SECRET = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
OTHER = "11111111-2222-4333-8444-555555555555"


def git(repository: Path, *words: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    made = subprocess.run(
        ["git", "-C", str(repository), *words], check=True, capture_output=True, env={**os.environ, **identity}
    )
    return made.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def test_a_secret_is_found_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(f'{{\n "outputs": [\n  "https://h/x?uuid={SECRET}&wait=true"\n ]\n}}')
    (tmp_path / "b.txt").write_text(f"{OTHER}\n")
    seen = scan([tmp_path], {SECRET})
    assert seen.leaks == [Leak(SECRET, str(tmp_path / "a.ipynb"), 3)]
    assert seen.files == 2


def test_upper_case_binary_and_neighbouring_hex_do_not_hide_a_secret(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\x00" + SECRET.upper().encode() + b"\x00")
    (tmp_path / "b").write_text(f"abc{SECRET}def-{SECRET}")
    assert [Path(leak.path).name for leak in scan([tmp_path], {SECRET}).leaks] == ["a", "b", "b"]


@pytest.mark.parametrize("start", [CHUNK - 36, CHUNK - 35, CHUNK - 20, CHUNK - 1, CHUNK, 2 * CHUNK - 9])
def test_a_secret_across_the_pieces_a_file_is_read_in_is_found_once_on_its_line(start: int) -> None:
    text = b"x\n" * (start // 2) + b"y" * (start % 2) + SECRET.encode() + b"\n" + b"z" * CHUNK
    assert list(Finder({SECRET}).find_lines(io.BytesIO(text))) == [(start // 2 + 1, SECRET)]


def test_history_tells_the_commit_that_brought_a_secret_though_it_was_removed(repository: Path) -> None:
    (repository / "my notes.md").write_text(f"first\n{SECRET}\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "add notes")
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "my notes.md").write_text(f"changed\nonce more\n{SECRET}\n")
    git(repository, "commit", "-qam", "change")
    (repository / "my notes.md").write_text("first\n")
    git(repository, "commit", "-qam", "remove it")
    assert scan([repository], {SECRET}).leaks == [Leak(SECRET, "my notes.md", 2, str(repository), commit)]
    assert scan([repository], {SECRET}, history=False).leaks == []


def test_history_is_read_on_all_branches_in_messages_and_after_a_rewrite(repository: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "start")
    git(repository, "switch", "-qc", "side")
    git(repository, "commit", "-q", "--allow-empty", "-m", f"call {SECRET}")
    git(repository, "switch", "-q", "main")
    (repository / "a.py").write_text(f'uuid = "{OTHER}"\n')
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "oops")
    git(repository, "reset", "-q", "--hard", "HEAD~1")
    found = {(leak.uuid, leak.path) for leak in scan([repository], {SECRET, OTHER}).leaks}
    assert found == {(SECRET, "commit message"), (OTHER, "a.py")}


def test_a_folder_within_a_repository_has_that_repositorys_history(repository: Path) -> None:
    (repository / "inner").mkdir()
    (repository / "inner" / "a.txt").write_text(SECRET)
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "add")
    (repository / "inner" / "a.txt").unlink()
    assert [leak.path for leak in scan([repository / "inner"], {SECRET}).leaks] == ["inner/a.txt"]


async def test_a_hubs_own_data_is_skipped(tmp_path: Path) -> None:
    home = Home(HubOptions(tmp_path / "data"))
    await home.open()
    await home.hub.webhooks.put({"uuid": SECRET, "eventKey": "a.b"}, "ada")
    await home.close()
    (tmp_path / "data" / "bodies" / "one").write_text(SECRET)
    assert scan([tmp_path], {SECRET}).files == 0


def test_links_are_not_followed_and_pipes_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.txt").write_text(SECRET)
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out.txt")
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in")
    os.mkfifo(tmp_path / "in" / "pipe")
    assert scan([tmp_path / "in"], {SECRET}).leaks == []


def test_what_cannot_be_read_is_told_and_the_rest_is_scanned(repository: Path) -> None:
    (repository / ".git" / "HEAD").write_text("broken")
    (repository / "a.txt").write_text(SECRET)
    seen = scan([repository], {SECRET})
    assert [leak.path for leak in seen.leaks] == [str(repository / "a.txt")]
    [(place, why)] = seen.unread
    assert place == str(repository)
    assert "not a git repository" in why


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no"):
        scan([tmp_path / "nowhere"], {SECRET})


def test_leaks_show_the_end_of_a_secret_alone() -> None:
    leak = Leak(SECRET, "a.py", 1)
    assert SECRET not in repr(leak)
    assert leak.to_json()["uuid"] == "…6936bd"


def test_masking_replaces_known_secrets_only() -> None:
    text = f"{SECRET.upper()} and {OTHER} and {base64.b64encode(b'x').decode()}"
    assert mask(text, {SECRET}) == (f"…6936bd and {OTHER} and eA==", {SECRET})
