"""Files of users, in a folder of this machine and in a storage of fsspec."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pfnb.exceptions import (
    BusyError,
    MissingPackageError,
    NameTakenError,
    NotFoundError,
    ParameterError,
    PayloadTooLargeError,
    PfnbError,
)
from pfnb.hub.keeping import drive as module
from pfnb.hub.keeping.drive import Drive

LARGEST = 1_000


@pytest.fixture(params=["folder", "memory"])
def drive(request: pytest.FixtureRequest, tmp_path: Path) -> Drive:
    return Drive(str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}", LARGEST)


@pytest.fixture
def local(tmp_path: Path) -> Drive:
    return Drive(str(tmp_path), LARGEST)


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def save(drive: Drive, *paths: str, owner: str = "ada", data: bytes = b"hello") -> None:
    for path in paths:
        await drive.save(owner, path, pieces(data))


async def paths(drive: Drive, path: str = "", *, owner: str = "ada", **options: object) -> list[str]:
    given = {"recursive": True, "include": None, "kind": "file", **options}
    return [row["path"] for row in await drive.list(owner, path, **given)]  # type: ignore[arg-type]


async def text(drive: Drive, path: str, owner: str = "ada") -> bytes:
    (file,), is_folder = await drive.read(owner, path)
    assert not is_folder
    return file.data


async def test_a_saved_file_is_read_again_and_replaced_as_a_whole(drive: Drive) -> None:
    row = await drive.save("ada", "/letters/new/a.txt", pieces(b"hel", b"lo"))
    assert (row["path"], row["type"], row["contentLength"], row["contentType"]) == (
        "letters/new/a.txt", "file", 5, "text/plain",
    )  # fmt: skip
    await save(drive, "letters/new/a.txt", data=b"bye")
    assert await text(drive, "letters/new/a.txt") == b"bye"


async def test_a_folder_is_read_with_the_paths_below_it(drive: Drive) -> None:
    await save(drive, "all/a.txt", "all/deep/b.json", "other.txt")
    files, is_folder = await drive.read("ada", "all/")
    assert is_folder
    assert [(one.name, one.content_type) for one in files] == [
        ("a.txt", "text/plain"),
        ("deep/b.json", "application/json"),
    ]


async def test_each_user_has_files_of_their_own(drive: Drive) -> None:
    await save(drive, "a.txt")
    assert await paths(drive, owner="bob") == []
    with pytest.raises(NotFoundError, match=r"there is no a\.txt in the drive"):
        await drive.read("bob", "a.txt")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["a.txt", "sub/b.pdf", "sub/deep/c.txt"]),
        ({"recursive": False, "kind": None}, ["a.txt", "sub"]),
        ({"kind": "folder"}, ["sub", "sub/deep"]),
        ({"include": "*.txt"}, ["a.txt", "sub/deep/c.txt"]),
        ({"include": "sub/*"}, ["sub/b.pdf", "sub/deep/c.txt"]),
        ({"path": "sub/deep"}, ["sub/deep/c.txt"]),
        ({"path": "a.txt"}, ["a.txt"]),
    ],
)
async def test_a_folder_is_listed_by_what_is_asked(drive: Drive, options: dict[str, object], found: list[str]) -> None:
    await save(drive, "a.txt", "sub/b.pdf", "sub/deep/c.txt")
    assert await paths(drive, **options) == found  # type: ignore[arg-type]


async def test_files_and_folders_are_copied_and_moved_into_folders(drive: Drive) -> None:
    await save(drive, "a.txt", "sub/b.txt")
    await drive.copy("ada", "a.txt", "to")
    await drive.copy("ada", "sub", "to/deep")
    await save(drive, "a.txt", data=b"new")
    await drive.copy("ada", "a.txt", "to")
    await drive.move("ada", "sub", "moved")
    assert await paths(drive) == ["a.txt", "moved/sub/b.txt", "to/a.txt", "to/deep/sub/b.txt"]
    assert await text(drive, "to/a.txt") == b"new"


async def test_moving_replaces_nothing(drive: Drive) -> None:
    await save(drive, "a.txt", data=b"mine")
    await save(drive, "to/a.txt", data=b"kept")
    with pytest.raises(NameTakenError, match=r"to/a\.txt is already there"):
        await drive.move("ada", "a.txt", "to")
    assert [await text(drive, path) for path in ("a.txt", "to/a.txt")] == [b"mine", b"kept"]


@pytest.mark.parametrize("to", ["sub", "sub/deep", "/"])
async def test_a_folder_does_not_come_into_itself(drive: Drive, to: str) -> None:
    await save(drive, "sub/b.txt")
    for work in (drive.copy, drive.move):
        with pytest.raises(ParameterError, match="itself"):
            await work("ada", "sub", to)
    assert await paths(drive) == ["sub/b.txt"]


async def test_deleting_tells_whether_there_was_something(drive: Drive) -> None:
    await save(drive, "sub/a.txt", "sub/b.txt")
    assert await drive.delete("ada", "sub/a.txt")
    assert not await drive.delete("ada", "sub/a.txt")
    assert await drive.delete("ada", "sub")
    assert await paths(drive) == []
    with pytest.raises(ParameterError, match="the whole drive"):
        await drive.delete("ada", "/")


async def test_a_folder_is_made_once_and_its_parents_if_asked(drive: Drive) -> None:
    with pytest.raises(NotFoundError, match="recurse"):
        await drive.make_folder("ada", "a/b", recurse=False)
    for _ in range(2):
        await drive.make_folder("ada", "a/b", recurse=True)
    assert await drive.exists("ada", "a/b")
    await save(drive, "file")
    with pytest.raises(NameTakenError):
        await drive.make_folder("ada", "file", recurse=False)


@pytest.mark.parametrize("path", ["file/under.txt", "folder"])
async def test_a_file_and_a_folder_do_not_replace_each_other(drive: Drive, path: str) -> None:
    await save(drive, "file", "folder/a.txt")
    with pytest.raises((NameTakenError, ParameterError)):
        await save(drive, path)
    assert await paths(drive) == ["file", "folder/a.txt"]


@pytest.mark.parametrize(
    "path",
    [
        "../bob/a.txt",
        "a/../../bob",
        "..",
        "./a",
        "a//b",
        "a\\..\\b",
        "a\0b",
        "a\nb",
        "\udc80",
        "x" * 300,
        "x/" * 600,
        " .. /a",
    ],
)
async def test_a_path_that_leads_elsewhere_is_refused(drive: Drive, path: str) -> None:
    await save(drive, "a.txt", owner="bob")
    await save(drive, "a.txt")
    for work in (
        drive.read("ada", path),
        drive.save("ada", path, pieces(b"x")),
        drive.delete("ada", path),
        drive.copy("ada", path, "to"),
        drive.move("ada", "a.txt", path),
        drive.exists("ada", path),
        drive.make_folder("ada", path, recurse=True),
    ):
        with pytest.raises(ParameterError, match="path in the drive"):
            await work
    assert await text(drive, "a.txt", "bob") == b"hello"


@pytest.mark.parametrize("owner", ["..", ".", "a/../b", "a@example.org", ".parts"])
async def test_a_user_of_any_name_stays_in_a_folder_of_their_own(local: Drive, tmp_path: Path, owner: str) -> None:
    await save(local, "a.txt", owner=owner)
    assert sorted(map(len, (names for _, _, names in os.walk(tmp_path)))) == [0, 0, 1]
    assert await paths(local, owner=owner) == ["a.txt"]


async def test_links_that_lead_out_are_as_good_as_missing(local: Drive, tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_bytes(b"secret")
    drive = Drive(str(root), LARGEST)
    await save(drive, "mine/a.txt")
    (root / "ada/mine/out").symlink_to(outside)
    (root / "ada/mine/file.txt").symlink_to(outside / "secret.txt")
    (root / "ada/mine/loop").symlink_to(root / "ada/mine")
    (root / "ada/mine/within.txt").symlink_to(root / "ada/mine/a.txt")
    for path in ("mine/out/secret.txt", "mine/file.txt", "mine/out"):
        assert not await drive.exists("ada", path)
        with pytest.raises(NotFoundError):
            await drive.read("ada", path)
        with pytest.raises(PfnbError):
            await save(drive, path, data=b"overwritten")
    assert await paths(drive) == ["mine/a.txt", "mine/within.txt"]
    files, _ = await drive.read("ada", "mine")
    assert b"secret" not in [file.data for file in files]
    await drive.copy("ada", "mine", "copied")
    await drive.delete("ada", "mine")
    assert (outside / "secret.txt").read_bytes() == b"secret"


async def test_a_file_that_is_no_file_is_not_read(local: Drive, tmp_path: Path) -> None:
    await save(local, "a.txt")
    os.mkfifo(tmp_path / "ada/pipe")
    async with asyncio.timeout(5):
        assert await paths(local) == ["a.txt"]
        with pytest.raises(PfnbError):
            await local.read("ada", "pipe")


async def test_what_is_too_large_leaves_nothing_behind(drive: Drive) -> None:
    await save(drive, "a.txt", data=b"kept")
    with pytest.raises(PayloadTooLargeError, match="at most"):
        await drive.save("ada", "a.txt", pieces(b"x" * LARGEST, b"x"))
    assert await text(drive, "a.txt") == b"kept"
    assert await paths(drive) == ["a.txt"]


async def test_an_upload_that_breaks_off_leaves_the_former_file(local: Drive, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise NotFoundError("the content is gone")

    await save(local, "a.txt", data=b"kept")
    with pytest.raises(NotFoundError, match="is gone"):
        await local.save("ada", "a.txt", broken())
    assert await text(local, "a.txt") == b"kept"
    assert list((tmp_path / ".parts").iterdir()) == []


async def test_reading_is_bounded(local: Drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await save(local, "all/a.txt", "all/b.txt")
    (tmp_path / "ada/large").write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(PayloadTooLargeError, match="large is too large"):
        await local.read("ada", "large")
    monkeypatch.setattr(module, "MAX_READ", 7)
    with pytest.raises(PayloadTooLargeError, match="in all"):
        await local.read("ada", "all")
    monkeypatch.setattr(module, "MAX_FILES", 1)
    with pytest.raises(PayloadTooLargeError, match="more than 1 files"):
        await local.read("ada", "all")
    monkeypatch.setattr(module, "MAX_LISTED", 1)
    with pytest.raises(PayloadTooLargeError, match="list a folder"):
        await local.list("ada", "all", recursive=True, include=None, kind=None)


async def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path: Path) -> None:
    await save(Drive(str(tmp_path), LARGEST), "a.txt")
    for name, age in (("old", 2), ("new", 0)):
        (tmp_path / ".parts" / name).write_bytes(b"half")
        os.utime(tmp_path / ".parts" / name, (time.time() - age * 24 * 3600,) * 2)
    await save(Drive(str(tmp_path), LARGEST), "b.txt")
    assert not (tmp_path / ".parts/old").exists()
    assert (tmp_path / ".parts/new").exists()


async def test_only_the_owner_of_the_process_can_read_the_files(tmp_path: Path) -> None:
    await save(Drive(str(tmp_path / "drive"), LARGEST), "a.txt")
    assert (tmp_path / "drive").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "drive/ada/a.txt").stat().st_mode & 0o777 == 0o600


async def test_a_disk_that_refuses_is_told_without_its_place(tmp_path: Path) -> None:
    drive = Drive(str(tmp_path), LARGEST)
    await save(drive, "a.txt")
    (tmp_path / ".parts").rmdir()
    (tmp_path / ".parts").write_text("in the way")
    with pytest.raises(PfnbError) as raised:
        await save(drive, "b.txt")
    assert isinstance(raised.value, BusyError | NameTakenError) or "data directory" in raised.value.message
    assert await paths(drive) == ["a.txt"]


async def test_an_unknown_storage_is_named_without_its_password() -> None:
    with pytest.raises(MissingPackageError, match="PFNB_DRIVE") as raised:
        await save(Drive("nothing://ada:hunter2@host/files", LARGEST), "a.txt")
    assert "hunter2" not in raised.value.message


async def test_files_are_handed_over_or_removed(drive: Drive) -> None:
    assert not await drive.any("ada")
    await save(drive, "sub/a.txt")
    await save(drive, "own.txt", owner="bob")
    assert await drive.any("ada")
    await drive.hand_over("ada", "bob")
    await save(drive, "again.txt")
    await drive.hand_over("ada", "bob")
    assert await paths(drive, owner="bob") == ["ada/sub/a.txt", "ada 2/again.txt", "own.txt"]
    assert not await drive.any("ada")
    await drive.remove("bob")
    assert await paths(drive, owner="bob") == []
