"""The key of the secret store: in the operating system's keyring where one works, else in a file that only its owner can read.

The file `secrets.key` of the data directory says which: it has either the key or the name of its entry in the keyring.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from pfnb.exceptions import SecretsKeyError
from pfnb.hub.private import FILE_MODE, write_private
from pfnb.language.daemon_threads import DaemonThreads

NAME = "secrets.key"
SERVICE = "pfnb"
"""The name under which a keyring lists the keys of hubs."""
SIZE = 32
SECONDS = 20.0
"""How long a keyring may take: its user may have to unlock it."""
_IN_FILE = "key "
_IN_KEYRING = "keyring "
T = TypeVar("T")


class Keyring(Protocol):
    """What is used of the module `keyring`."""

    def get_password(self, service_name: str, username: str) -> str | None: ...

    def set_password(self, service_name: str, username: str, password: str) -> None: ...


class KeptKey:
    """Gives the key of a data directory. Blocks: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME

    def __call__(self, make: bool) -> bytes:
        """SecretsKeyError if it cannot be read, or if there is none and `make` is False."""
        try:
            kept = self._file.read_text("ascii").strip()
        except FileNotFoundError:
            if make:
                return self._made()
            raise SecretsKeyError(
                f"the key of this hub's secrets is missing: restore {self._file} from a backup. If there is none, delete the "
                "secrets, and those of webhooks by `webhook.put` with signature=none and auth=none; then store them again"
            ) from None
        except (OSError, ValueError) as error:
            raise SecretsKeyError(f"{self._file} cannot be read: {error}") from None
        if kept.startswith(_IN_KEYRING):
            return self._from_keyring(kept.removeprefix(_IN_KEYRING))
        self._file.chmod(FILE_MODE)
        return self._decoded(kept.removeprefix(_IN_FILE), str(self._file))

    def _made(self) -> bytes:
        key, entry = secrets.token_bytes(SIZE), secrets.token_hex(8)
        text = base64.b64encode(key).decode()
        kept = f"{_IN_KEYRING}{entry}" if _kept_in_keyring(entry, text) else f"{_IN_FILE}{text}"
        write_private(self._file, f"{kept}\n")
        return key

    def _from_keyring(self, entry: str) -> bytes:
        try:
            text = _asked(lambda keyring: keyring.get_password(SERVICE, entry))
        except Exception as error:  # backends of a keyring raise anything
            raise SecretsKeyError(
                f"the key of this hub's secrets is in the keyring, which does not give it ({type(error).__name__}): unlock the "
                "keyring and try again; pip install 'pfnb[keyring]' if it is not installed any more"
            ) from None
        if text is None:
            raise SecretsKeyError(
                f"the keyring of this user has no entry {entry} of {SERVICE}, the key of this hub's secrets: run the hub as the "
                f"user who stored them, or delete {self._file} and the secrets, and store them again"
            )
        return self._decoded(text, f"the entry {entry} of {SERVICE} in the keyring")

    def _decoded(self, text: str, place: str) -> bytes:
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != SIZE:
            raise SecretsKeyError(f"{place} is damaged: it is not a key of {SIZE} bytes. Restore it from a backup")
        return key


def new_key() -> Callable[[bool], bytes]:
    """Gives a key that is nowhere but in memory."""
    key = secrets.token_bytes(SIZE)
    return lambda _: key


def _kept_in_keyring(entry: str, text: str) -> bool:
    """Whether a keyring keeps this now, and gives it back."""
    try:
        _asked(lambda keyring: keyring.set_password(SERVICE, entry, text))
        return _asked(lambda keyring: keyring.get_password(SERVICE, entry)) == text
    except Exception:  # none is installed, running or unlocked: then a file
        return False


def _asked(question: Callable[[Keyring], T]) -> T:
    """A keyring's answer. It may wait for its user for ever, so it is asked in a thread of its own."""
    thread = DaemonThreads(1, "pfnb-keyring")
    try:
        return thread.submit(_ask, question).result(SECONDS)
    finally:
        thread.shutdown()


def _ask(question: Callable[[Keyring], T]) -> T:
    import keyring

    return question(keyring)
