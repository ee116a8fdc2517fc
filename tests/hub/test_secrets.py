"""The secret store: what it keeps, how it keeps it, and what it says when its key is lost."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from pfnb.exceptions import NotFoundError, ParameterError, SecretsKeyError
from pfnb.hub.home import Home
from pfnb.hub.hub import Hub
from pfnb.hub.keeping.secrets import LONGEST, check_name
from pfnb.hub.keeping.secrets_key import NAME
from tests.live.stores import DURABLE, STORES

VALUE = "sk_live_8sZ3pq-ütter secret"


async def reopened(folder: Path, store: str = "sqlite") -> Home:
    home = Home(STORES[store](folder))
    await home.open()
    return home


async def stored(folder: Path) -> Path:
    """A data directory whose hub has stored a secret."""
    home = await reopened(folder)
    await home.hub.secrets.put("ada", "stripe/live", VALUE)
    await home.close()
    return folder


async def test_a_secret_is_kept_by_its_owner_and_its_name(hub: Hub) -> None:
    await hub.secrets.put("ada", "stripe/live", VALUE)
    await hub.secrets.put("ada", "stripe/test", "another")
    await hub.secrets.put("grace", "stripe/live", "hers")
    assert await hub.secrets.get("ada", "stripe/live") == VALUE
    assert hub.secrets.names("ada") == ["stripe/live", "stripe/test"]
    await hub.secrets.put("ada", "stripe/live", "newer")
    assert await hub.secrets.get("ada", "stripe/live") == "newer"
    await hub.secrets.delete("ada", "stripe/live")
    for missing in ("stripe/live", "stripe"):
        with pytest.raises(NotFoundError, match=f"you have no secret '{missing}'"):
            await hub.secrets.get("ada", missing)
        with pytest.raises(NotFoundError):
            await hub.secrets.delete("ada", missing)
    assert await hub.secrets.get("grace", "stripe/live") == "hers"


@pytest.mark.parametrize("store", DURABLE)
async def test_a_secret_outlives_its_hub_and_lies_nowhere_in_plain_text(tmp_path: Path, store: str) -> None:
    home = await reopened(tmp_path / "hub", store)
    await home.hub.secrets.put("ada", "stripe/live", VALUE)
    await home.close()
    assert all(VALUE.encode() not in file.read_bytes() for file in (tmp_path / "hub").rglob("*") if file.is_file())
    home = await reopened(tmp_path / "hub", store)
    assert VALUE not in repr(home.hub.secrets) + repr(await home.hub.store.open()) + repr(home.hub.settings)
    assert await home.hub.secrets.get("ada", "stripe/live") == VALUE
    await home.close()


async def test_a_value_is_encrypted_anew_each_time(hub: Hub) -> None:
    once, again = [await hub.secrets.sealed("ada", "stripe", VALUE) for _ in range(2)]
    assert once.sealed != again.sealed


@pytest.mark.parametrize(("value", "said"), [("", "is empty"), ("x" * (LONGEST + 1), "at most 65,536 are allowed")])
async def test_a_value_must_be_a_text_of_sensible_length(hub: Hub, value: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        await hub.secrets.put("ada", "stripe", value)
    assert hub.secrets.names("ada") == []


@pytest.mark.parametrize("name", ["", "webhook:1", "../up", " a", "a b", "x" * 201, "naïve"])
def test_a_user_may_not_give_every_name(name: str) -> None:
    with pytest.raises(ParameterError, match="cannot name a secret"):
        check_name(name)
    assert check_name("stripe/live.key-2") == "stripe/live.key-2"


async def test_the_key_is_a_file_for_its_owner_only(tmp_path: Path) -> None:
    key = await stored(tmp_path / "hub") / NAME
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    home = await reopened(tmp_path / "hub")
    assert await home.hub.secrets.get("ada", "stripe/live") == VALUE
    await home.close()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


async def test_a_hub_without_secrets_makes_no_key(tmp_path: Path) -> None:
    home = await reopened(tmp_path / "hub")
    assert home.hub.secrets.names("ada") == []
    await home.close()
    assert not (tmp_path / "hub" / NAME).exists()


async def test_a_lost_key_is_not_replaced_while_a_secret_needs_it(tmp_path: Path) -> None:
    key = await stored(tmp_path / "hub") / NAME
    kept = key.read_bytes()
    key.unlink()
    home = await reopened(tmp_path / "hub")
    for attempt in (home.hub.secrets.get("ada", "stripe/live"), home.hub.secrets.put("ada", "new", "value")):
        with pytest.raises(SecretsKeyError, match=r"is missing: restore .*secrets\.key from a backup"):
            await attempt
    assert not key.exists()
    key.write_bytes(kept)
    assert await home.hub.secrets.get("ada", "stripe/live") == VALUE
    await home.close()


async def test_without_the_key_secrets_can_be_deleted_and_stored_again(tmp_path: Path) -> None:
    key = await stored(tmp_path / "hub") / NAME
    key.unlink()
    home = await reopened(tmp_path / "hub")
    await home.hub.secrets.delete("ada", "stripe/live")
    await home.hub.secrets.put("ada", "stripe/live", "again")
    await home.close()
    home = await reopened(tmp_path / "hub")
    assert await home.hub.secrets.get("ada", "stripe/live") == "again"
    await home.close()


async def test_another_key_opens_nothing_and_the_error_says_what_to_restore(tmp_path: Path) -> None:
    key = await stored(tmp_path / "hub") / NAME
    key.write_bytes((await stored(tmp_path / "other") / NAME).read_bytes())
    home = await reopened(tmp_path / "hub")
    with pytest.raises(SecretsKeyError, match="'stripe/live' was encrypted with another key") as raised:
        await home.hub.secrets.get("ada", "stripe/live")
    assert VALUE not in str(raised.value)
    await home.hub.secrets.put("ada", "stripe/live", "again")
    assert await home.hub.secrets.get("ada", "stripe/live") == "again"
    await home.close()


@pytest.mark.parametrize("content", [b"", b"key AAAA", b"key not base64!", b"\xff\xfe", b"key " + b"QUFB" * 20])
async def test_a_damaged_key_file_is_named(tmp_path: Path, content: bytes) -> None:
    (await stored(tmp_path / "hub") / NAME).write_bytes(content)
    home = await reopened(tmp_path / "hub")
    with pytest.raises(SecretsKeyError, match=r"secrets\.key (is damaged|cannot be read)"):
        await home.hub.secrets.get("ada", "stripe/live")
    await home.close()


class InMemory(keyring.backend.KeyringBackend):
    """A keyring that works, or one that is locked from some moment on."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise keyring.errors.KeyringLocked("Failed to unlock the collection!")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.is_locked:
            raise keyring.errors.KeyringLocked("Failed to unlock the collection!")
        self.entries[service, username] = password


@pytest.fixture
def ring() -> Iterator[InMemory]:
    before, mine = keyring.get_keyring(), InMemory()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


async def test_a_keyring_that_works_has_the_key(tmp_path: Path, ring: InMemory) -> None:
    key = await stored(tmp_path / "hub") / NAME
    [((service, entry), text)] = ring.entries.items()
    assert service == "pfnb"
    assert key.read_text() == f"keyring {entry}\n"
    assert all(text.encode() not in file.read_bytes() for file in (tmp_path / "hub").rglob("*") if file.is_file())
    home = await reopened(tmp_path / "hub")
    assert await home.hub.secrets.get("ada", "stripe/live") == VALUE
    await home.close()


async def test_a_keyring_that_does_not_give_the_key_is_named_and_asked_again(tmp_path: Path, ring: InMemory) -> None:
    await stored(tmp_path / "hub")
    home = await reopened(tmp_path / "hub")
    ring.is_locked = True
    with pytest.raises(SecretsKeyError, match=r"keyring, which does not give it \(KeyringLocked\): unlock the keyring"):
        await home.hub.secrets.get("ada", "stripe/live")
    ring.is_locked = False
    assert await home.hub.secrets.get("ada", "stripe/live") == VALUE
    await home.close()
    ring.entries.clear()
    home = await reopened(tmp_path / "hub")
    with pytest.raises(SecretsKeyError, match="run the hub as the user who stored them"):
        await home.hub.secrets.get("ada", "stripe/live")
    await home.close()


@pytest.mark.parametrize("why", ["locked", "not installed"])
async def test_without_a_keyring_that_works_the_key_is_a_file(
    tmp_path: Path, ring: InMemory, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    ring.is_locked = True
    if why == "not installed":
        monkeypatch.setitem(sys.modules, "keyring", None)
    assert (await stored(tmp_path / "hub") / NAME).read_text().startswith("key ")
    assert ring.entries == {}


async def test_what_belongs_to_a_user_is_handed_over_or_removed_with_the_user(hub: Hub) -> None:
    users = hub.users
    admin = users.user(hub.settings.owner)
    for name in ("grace", "bob"):
        await users.create(name, admin, password=None, roles=[])
    await hub.secrets.put("grace", "stripe", "of grace")
    await hub.secrets.put("grace", "github", "of grace, too")
    await hub.secrets.put("bob", "stripe", "of bob")
    await users.delete("grace", admin, data="handover", to="bob")
    assert hub.secrets.names("grace") == []
    assert hub.secrets.names("bob") == ["github", "stripe", "stripe-of-grace"]
    assert await hub.secrets.get("bob", "stripe-of-grace") == "of grace"
    assert await hub.secrets.get("bob", "stripe") == "of bob"
    await users.delete("bob", admin, data="remove")
    assert hub.secrets.names("bob") == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
async def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    key = await stored(tmp_path / "hub") / NAME
    key.chmod(0)
    home = await reopened(tmp_path / "hub")
    with pytest.raises(SecretsKeyError, match=r"secrets\.key cannot be read"):
        await home.hub.secrets.get("ada", "stripe/live")
    await home.close()
