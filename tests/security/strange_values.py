"""Values of wrong types, sizes and shapes, as somebody may give them for any argument."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    2**70,
    10**400,
    0.5,
    -1e308,
    1e308,
    "",
    " ",
    "x",
    "5",
    "-1",
    "1e999",
    "nan",
    "null",
    "a" * 5_000,
    "a\x00b",
    "\ud800",
    "\U0001f600\u202e\r\n",
    "global/app/demo/x",
    "../../x",
    "**",
    "#.#",
    "a..b",
    "%",
    "#{1/0}",
    "$uri:attachment:x",
    "00000000-0000-0000-0000-000000000000",
    "{",
    "[]",
    "http://[",
    [],
    [1],
    [None, "a"],
    ["a", "b"],
    [[]],
    {},
    {"a": 1},
    {"": None},
    {"content": "$uri:attachment:x"},
    {"eventKey": [1], "uuid": 5, "value": {}, "type": []},
    {"times": "x", "wait": [], "backoff": -1},
    {"a\x00": "\udfff"},
    nested(90),
    nested(400),
)
NO_JSON = ("NaN", "-Infinity", "1e999", "[NaN]", '{"a": 1e999}', "1" * 5_000, "[" * 200 + "]" * 200, "-0", '"\\ud800"')
"""JSON texts that Python's reader takes and others do not, or that come back as something else."""
strange = st.one_of(
    st.sampled_from(STRANGE),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    ),
)


def written(value: Any) -> str:
    return json.dumps(value)
