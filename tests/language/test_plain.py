"""Values of Python as pipelines have them."""

import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import subprocess
import sys
import uuid
from collections import OrderedDict, deque, namedtuple
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from pfnb.exceptions import ParameterError
from pfnb.language.plain import plain

Pair = namedtuple("Pair", "a b")
NAN = float("nan")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Lead:
    name: str
    score: Any


class Order(pydantic.BaseModel):
    order_id: int = pydantic.Field(serialization_alias="orderId")
    day: dt.date


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.bool_(False), False),
        (np.float64(1.5), 1.5),
        (np.float32("nan"), None),
        (np.longdouble(1.5), 1.5),
        (np.array([1.5], dtype=np.longdouble), [1.5]),
        (np.str_("a"), "a"),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([None, {"n": np.int8(1)}], dtype=object), [None, {"n": 1}]),
        (np.datetime64("2030-01-02T03:04:05"), "2030-01-02T03:04:05"),
        (np.array(["2030-01-02"], dtype="datetime64[ns]"), ["2030-01-02T00:00:00"]),
        (np.datetime64("NaT", "s"), None),
        (np.timedelta64(90, "s"), "PT90S"),
        (pd.Timestamp("2030-01-01 10:00+01:00"), "2030-01-01T10:00:00+01:00"),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timedelta(seconds=1.5), "PT1.5S"),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Categorical(["a", "b"]), ["a", "b"]),
        (pd.DataFrame({"a": [1, 2], "b": [NAN, "x"]}), [{"a": 1, "b": None}, {"a": 2, "b": "x"}]),
        (pd.DataFrame({"a": [1]}, index=pd.Index(["k"], name="key")), [{"key": "k", "a": 1}]),
        (dt.datetime(2030, 1, 1, tzinfo=dt.UTC), "2030-01-01T00:00:00+00:00"),
        (dt.date(2030, 1, 1), "2030-01-01"),
        (dt.time(1, 2), "01:02:00"),
        (dt.timedelta(days=1), "PT86400S"),
        (-dt.timedelta(seconds=0.5), "-PT0.5S"),
        (decimal.Decimal("1.10"), 1.1),
        (decimal.Decimal("1E+3"), 1000),
        (decimal.Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        (decimal.Decimal("NaN"), None),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        (Lead("Ada", np.int64(7)), {"name": "Ada", "score": 7}),
        (Order(order_id=1, day="2030-01-01"), {"orderId": 1, "day": "2030-01-01"}),
        (Pair(1, 2), [1, 2]),
        ((1, (2, 3)), [1, [2, 3]]),
        ({1}, [1]),
        (deque([1, 2]), [1, 2]),
        (range(3), [0, 1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (
            {1: "a", None: "b", 1.5: "c", dt.date(2030, 1, 1): "d"},
            {"1": "a", "null": "b", "1.5": "c", "2030-01-01": "d"},
        ),
        (NAN, None),
        (float("inf"), None),
        (bytearray(b"a"), b"a"),
        (memoryview(b"a"), b"a"),
        ({"file": b"a"}, {"file": b"a"}),
    ],
    ids=lambda value: f"{type(value).__module__}.{type(value).__name__}",
)
def test_what_python_has_becomes_what_pipelines_have(value, expected):
    made = plain(value)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (1j, "the result of score is of the type complex"),
        ({"rows": [{"x": object()}]}, "the result of score.rows[0].x is of the type object"),
        ((n for n in [1]), "of the type generator"),
        (print, "of the type builtin_function_or_method"),
        (Lead, "of the type type"),
        ({object(): 1}, "the result of score.(key) is of the type object"),
    ],
)
def test_what_has_no_form_in_json_is_named_with_its_place_and_type(value, where):
    with pytest.raises(ParameterError) as refused:
        plain(value, "the result of score")
    assert where in refused.value.message


def test_bytes_have_no_form_in_json():
    with pytest.raises(ParameterError, match=r"the payload\.a\[1\] is of the type bytes"):
        plain({"a": ["", b"x"]}, "the payload", with_bytes=False)


def test_what_contains_itself_is_refused():
    value: list[Any] = []
    value.append({"again": value})
    with pytest.raises(ParameterError, match="contains itself"):
        plain(value)


def test_what_is_plain_is_returned_as_it_is_and_what_is_shared_stays_shared():
    value: Any = [1]
    for _ in range(100):
        value = [value, value]
    assert plain(value) is value
    made: Any = (1,)
    for _ in range(100):
        made = (made, made)
    made = plain(made)
    assert made[0] is made[1]


def test_no_library_is_imported_for_it():
    code = (
        "import sys; from pfnb.language.plain import plain; plain([{1}]); print({'numpy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
