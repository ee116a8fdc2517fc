"""The page of the session protocol, from the declarations of its calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pfnb.http.protocol import OF_COMMANDS, OF_KERNELS, Declared
from tests.reference.markdown import code, page, table
from tests.reference.rows import rows_section

INTRODUCTION = """# Session protocol

Kernels and workers keep a WebSocket to their hub, `{hub}/session`. A frame has four bytes with the length of its header, the
header as JSON, and raw bytes. The first frame is a hello, which the hub answers with a welcome. After that a session sends calls
(`id`, `method`, `arguments`), and the hub sends results, errors and deliveries. A session that has lost its connection opens
another; calls that may be repeated are sent again, the others fail.

Long values of a header are sent outside of it, so that parsing them blocks neither end: the raw bytes
begin with them, and the header lists
their places as `parts`, each with its path and its number of bytes. Where the path leads to null, the part is a text in UTF-8;
where it leads to a list or an object, the part is JSON with further items. A frame of more than 256 KiB is announced by a
frame of the type `long`, which has its `size`, and is sent as several messages, one directly after the other.
The limit is 96 MiB.
"""


def protocol_page() -> str:
    return page(_lines())


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    for title, calls in (("Calls of all sessions", OF_COMMANDS), ("Calls of kernels", OF_KERNELS)):
        yield f"## {title}"
        yield ""
        yield from table(["call", "what it does", "result", "may be repeated"], _rows(calls.values()))
    yield from rows_section()


def _rows(calls: Iterable[Declared]) -> Iterator[list[str]]:
    for call in calls:
        names = [name for name in call.signature.parameters if name != "self"]
        yield [
            code(f"{call.name}({', '.join(names)})"),
            " ".join(call.documentation.split()),
            code(_result(call)),
            "yes" if call.is_repeatable else "no",
        ]


def _result(call: Declared) -> str:
    result = str(call.signature.return_annotation)
    return "" if result == "None" else result
