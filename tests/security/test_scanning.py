"""A scan reads folders of strangers: nothing in them runs, nothing in them holds it up or ends it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import zlib
from pathlib import Path

import pytest

from pfnb.leaks import Leak, finder, scan
from tests.leaks.test_scan import OTHER, SECRET, git

_RUNS = """
[core]
    fsmonitor = {program}
    hooksPath = {hooks}
    pager = {program}
    editor = {program}
    askPass = {program}
    sshCommand = {program}
    gitProxy = {program}
    alternateRefsCommand = {program}
    attributesFile = {attributes}
[log]
    showSignature = true
[gpg]
    program = {program}
[gpg "ssh"]
    program = {program}
    defaultKeyCommand = {program}
[diff]
    external = {program}
[diff "evil"]
    command = {program}
    textconv = {program}
[filter "evil"]
    process = {program}
    smudge = {program}
    clean = {program}
    required = true
[merge "evil"]
    driver = {program}
[credential]
    helper = {program}
[uploadpack]
    packObjectsHook = {program}
[alias]
    cat-file = !{program}
    log = !{program}
    rev-list = !{program}
[pager]
    log = {program}
    diff-tree = {program}
[extensions]
    partialClone = evil
[remote "evil"]
    url = ext::{program}
    promisor = true
    uploadpack = {program}
[protocol "ext"]
    allow = always
[trace2]
    eventTarget = {ran}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def commit(repository: Path, name: str, text: str) -> str:
    (repository / name).write_text(text)
    git(repository, "add", ".")
    git(repository, "commit", "-qm", name)
    return git(repository, "rev-parse", "HEAD")


def removed(repository: Path, name: str) -> None:
    git(repository, "rm", "-q", name)
    git(repository, "commit", "-qm", "remove")


def loose(repository: Path, sha: str) -> Path:
    return repository / ".git" / "objects" / sha[:2] / sha[2:]


def signed(repository: Path) -> None:
    """A commit that says it is signed: who looks at the signature calls a program for it."""
    text = git(repository, "cat-file", "commit", "HEAD")
    head, _, message = text.partition("\n\n")
    lines = "\n ".join(("-----BEGIN PGP SIGNATURE-----", "", "iQE=", "-----END PGP SIGNATURE-----"))
    (repository / "signed").write_text(f"{head}\ngpgsig {lines}\n\n{message}\n")
    sha = git(repository, "hash-object", "-t", "commit", "-w", "signed")
    (repository / "signed").unlink()
    git(repository, "update-ref", "HEAD", sha)


def hostile(repository: Path, tmp_path: Path) -> Path:
    """Let every setting of a repository that names a program name one; the file that it makes is returned."""
    ran, program, hooks = tmp_path / "ran", tmp_path / "program.sh", tmp_path / "hooks"
    program.write_text(f"#!/bin/sh\necho $0 $* >> {ran}\n")
    program.chmod(0o755)
    hooks.mkdir()
    for name in ("post-index-change", "post-checkout", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"):
        shutil.copy(program, hooks / name)
        shutil.copy(program, repository / ".git" / "hooks" / name)
    attributes = tmp_path / "attributes"
    attributes.write_text("* diff=evil filter=evil merge=evil\n")
    shutil.copy(attributes, repository / ".gitattributes")
    shutil.copy(attributes, repository / ".git" / "info" / "attributes")
    settings = _RUNS.format(program=program, hooks=hooks, attributes=attributes, ran=ran)
    (tmp_path / "included").write_text(settings)
    with (repository / ".git" / "config").open("a") as config:
        config.write(f"{settings}[include]\n    path = {tmp_path / 'included'}\n")
    return ran


def test_nothing_that_a_repositorys_settings_name_is_run(repository: Path, tmp_path: Path) -> None:
    commit(repository, "a.txt", f"{SECRET}\n")
    signed(repository)
    ran = hostile(repository, tmp_path)
    shutil.copytree(repository / ".git", repository / "bare.git")
    (repository / "deep").mkdir()
    shutil.copytree(repository / ".git", repository / "deep" / "modules")
    (repository / "deep" / ".git").write_text("gitdir: modules\n")
    seen = scan([repository], {SECRET})
    assert not ran.exists(), ran.read_text()
    assert {(leak.repository, leak.path) for leak in seen.leaks if leak.commit} == {
        (str(repository / folder), "a.txt") for folder in ("", "bare.git", "deep", "deep/modules")
    }


def test_nothing_that_the_environment_of_git_names_is_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository, "a.txt", f"{SECRET}\n")
    ran = hostile(repository, tmp_path)
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND", "GIT_ASKPASS"):
        monkeypatch.setenv(name, str(tmp_path / "program.sh"))
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_TRACE", str(ran))
    assert len(scan([repository], {SECRET}).leaks) == 2
    assert not ran.exists()


@pytest.mark.parametrize("packed", [False, True])
def test_a_corrupt_object_is_reported_and_the_rest_is_scanned(repository: Path, packed: bool) -> None:
    first = commit(repository, "a.txt", f"{SECRET}\n")
    broken = commit(repository, "b.txt", "x" * 1000)
    commit(repository, "c.txt", f"{OTHER}\n")
    removed(repository, "a.txt")
    removed(repository, "c.txt")
    if packed:
        git(repository, "repack", "-q")
    file = loose(repository, git(repository, "rev-parse", f"{broken}:b.txt"))
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-8] + b"12345678")
    if packed:
        git(repository, "prune-packed")
    seen = scan([repository], {SECRET, OTHER})
    assert [(leak.uuid, leak.path) for leak in seen.leaks] == [(SECRET, "a.txt"), (OTHER, "c.txt")]
    assert seen.leaks[0].commit == first
    assert packed or [(place, "corrupt" in why) for place, why in seen.unread] == [(str(repository), True)]


@pytest.mark.parametrize("kind", ["commit", "tree", "blob"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no zlib",
        lambda data: data[: len(data) // 2],
        lambda data: zlib.compress(b"blob 99999999999\0x"),
        lambda data: zlib.compress(b"commit 3\0xyz"),
        lambda data: zlib.compress(b"tree 6\0100644"),
        lambda data: zlib.compress(b"nonsense 2\0ab"),
    ],
    ids=["empty", "noise", "cut off", "a wrong size", "no commit", "no tree", "no kind"],
)
def test_whatever_object_is_corrupt_the_files_of_others_are_found(repository: Path, kind: str, damage: object) -> None:
    commit(repository, "a.txt", f"{SECRET}\n")
    broken = commit(repository, "b.txt", "other\n" * 100)
    commit(repository, "c.txt", f"{OTHER}\n")
    removed(repository, "a.txt")
    removed(repository, "c.txt")
    sha = {"commit": broken, "tree": f"{broken}^{{tree}}", "blob": f"{broken}:b.txt"}[kind]
    file = loose(repository, git(repository, "rev-parse", sha))
    file.chmod(0o644)
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    seen = scan([repository], {SECRET, OTHER})
    assert {leak.uuid for leak in seen.leaks} == {SECRET, OTHER}
    assert {place for place, _ in seen.unread} <= {str(repository)}


def test_many_corrupt_objects_do_not_end_it_either(repository: Path) -> None:
    for number in range(30):
        (repository / f"{number}").write_text(f"{number}")
    commit(repository, "a.txt", f"{SECRET}\n")
    removed(repository, "a.txt")
    for number in range(30):
        file = loose(repository, git(repository, "rev-parse", f"HEAD:{number}"))
        file.chmod(0o644)
        file.write_bytes(b"")
    seen = scan([repository], {SECRET})
    assert [leak.path for leak in seen.leaks if leak.repository] == ["a.txt"]
    assert "30 objects are corrupt" in str(seen.unread)


def test_pipes_and_links_within_a_repository_do_not_hold_it_up(repository: Path, tmp_path: Path) -> None:
    commit(repository, "a.txt", f"{SECRET}\n")
    inside = repository / ".git"
    for name in ("objects/pack/pack-1.idx", "objects/info/packs", "commondir", "shallow", "objects/00/pipe"):
        (inside / name).parent.mkdir(exist_ok=True)
        os.mkfifo(inside / name)
    (inside / "config").unlink()
    os.mkfifo(inside / "config")
    (inside / "objects" / "01").mkdir(exist_ok=True)
    (inside / "objects" / "01" / ("a" * 38)).symlink_to("/dev/zero")
    begun = time.monotonic()
    assert {leak.path for leak in scan([repository], {SECRET}).leaks} == {str(repository / "a.txt"), "a.txt"}
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "text", ["gitdir: /nowhere", "gitdir: \0", "gitdir: .git", "gitdir:", "nonsense", f"gitdir: {'x' * 5000}", "\xff"]
)
def test_a_git_file_that_leads_nowhere_is_reported(tmp_path: Path, text: str) -> None:
    (tmp_path / ".git").write_text(text)
    (tmp_path / "a.txt").write_text(SECRET)
    seen = scan([tmp_path], {SECRET})
    assert len(seen.leaks) == 1
    assert "not a git repository" in str(seen.unread)


def test_a_folder_cannot_have_other_peoples_repositories_read(repository: Path, tmp_path: Path) -> None:
    commit(repository, "a.txt", f"{SECRET}\n")
    folders = [tmp_path / name for name in ("file", "link", "inner", "common")]
    for folder in folders:
        folder.mkdir()
    (folders[0] / ".git").write_text(f"gitdir: {repository / '.git'}\n")
    (folders[1] / ".git").symlink_to(repository / ".git")
    (folders[2] / ".git").mkdir()
    (folders[2] / ".git" / "objects").symlink_to(repository / ".git" / "objects")
    (folders[3] / ".git").mkdir()
    (folders[3] / ".git" / "commondir").write_text(f"{repository / '.git'}\n")
    for folder in folders:
        seen = scan([folder], {SECRET})
        assert seen.leaks == []
        assert "elsewhere" in str(seen.unread)


def test_shared_objects_are_left_to_a_scan_of_the_other_repository(repository: Path, tmp_path: Path) -> None:
    commit(repository, "a.txt", f"{SECRET}\n")
    (tmp_path / "other").mkdir()
    git(tmp_path / "other", "init", "-q")
    (tmp_path / "other" / ".git" / "objects" / "info" / "alternates").write_text(f"{repository / '.git' / 'objects'}\n")
    seen = scan([tmp_path / "other"], {SECRET})
    assert seen.leaks == []
    assert "objects of other repositories" in str(seen.unread)


def test_work_folders_submodules_and_shallow_clones_have_their_history(repository: Path, tmp_path: Path) -> None:
    commit(repository, "a.txt", f"{SECRET}\n")
    removed(repository, "a.txt")
    git(repository, "worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    (tmp_path / "super").mkdir()
    git(tmp_path / "super", "init", "-q")
    git(tmp_path / "super", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "sub")
    commit(repository, "b.txt", f"{OTHER}\n")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    for folder in (tmp_path / "second", tmp_path / "super" / "sub"):
        seen = scan([folder], {SECRET})
        assert [(leak.path, leak.repository) for leak in seen.leaks] == [("a.txt", str(folder))]
        assert seen.unread == []
    seen = scan([tmp_path / "shallow"], {OTHER})
    assert (len(seen.leaks), seen.unread) == (2, [])


def test_a_repository_of_somebody_else_is_read_without_its_settings(repository: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    commit(repository, "a.txt", f"{SECRET}\n")
    removed(repository, "a.txt")
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 12345, 12345)
    assert [leak.path for leak in scan([repository], {SECRET}).leaks] == ["a.txt"]


def test_folders_deeper_than_python_calls_itself_are_read(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2500):  # longer than a path may be
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (tmp_path / "z.txt").write_text(SECRET)
    seen = scan([tmp_path], {SECRET})
    # Python cannot remove it either: pytest, which removes the folders of older runs at its end, would break off.
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)
    assert [Path(leak.path).name for leak in seen.leaks] == ["z.txt"]
    assert "File name too long" in str(seen.unread)


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to("l")]
)
def test_a_named_file_that_never_ends_is_not_read(tmp_path: Path, make: object) -> None:
    make(tmp_path / "l")  # type: ignore[operator]
    try:
        assert len(scan([tmp_path / "l"], {SECRET}).unread) == 1
    except FileNotFoundError:
        assert not (tmp_path / "l").exists()


def test_a_file_is_read_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "MAX_BYTES", 3 * finder.CHUNK)
    (tmp_path / "a").write_bytes(SECRET.encode() + bytes(5 * finder.CHUNK) + OTHER.encode())
    seen = scan([tmp_path], {SECRET, OTHER})
    assert [leak.uuid for leak in seen.leaks] == [SECRET]
    assert "only its first" in str(seen.unread)


def test_hostile_names_of_files_are_shown_as_harmless_text(repository: Path) -> None:
    name = os.fsdecode(b"\xff\x1b]0;x\x07\nok")
    commit(repository, name, f"{SECRET}\n")
    for leak in scan([repository], {SECRET}).leaks:
        assert leak.place.isprintable()
        leak.place.encode()
        assert isinstance(leak, Leak)
