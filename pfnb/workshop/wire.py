"""Messages between a process and its children: plain data, prefixed with its length."""

from __future__ import annotations

import io
import pickle
from typing import IO, Any

from pfnb.exceptions import ParameterError, RunLimitError
from pfnb.garbage import uncollected

MAX_MESSAGE = 64 * 1024 * 1024
"""The most bytes of one message."""
_LENGTH_BYTES = 8
_VALUES = "pfnb.language.pel.values"
_KINDS = ("Array", "Entry")


class _Reader(pickle.Unpickler):
    """Unpickles plain data only: a message cannot create objects of other classes, or call anything."""

    def find_class(self, module: str, name: str) -> Any:
        if module != _VALUES or name not in _KINDS:
            raise pickle.UnpicklingError(f"{module}.{name} is not plain data")
        return super().find_class(module, name)


def encoded(message: Any) -> bytes:
    """Raises ParameterError if nested too deeply, RunLimitError if too large."""
    try:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except RecursionError:
        raise ParameterError("the data is nested too deeply") from None
    if len(data) > MAX_MESSAGE:
        raise RunLimitError(f"this step works on more than {MAX_MESSAGE >> 20} MiB: give it less data")
    return data


def decoded(data: bytes) -> Any:
    with uncollected():
        return _Reader(io.BytesIO(data)).load()


def send(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """The next message; None if the other end is closed."""
    head = stream.read(_LENGTH_BYTES)
    if len(head) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    if length > 2 * MAX_MESSAGE:
        return None
    data = stream.read(length)
    return data if len(data) == length else None
