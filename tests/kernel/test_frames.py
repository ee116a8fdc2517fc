"""Bodies and files as pandas tables."""

from __future__ import annotations

import sys

import pytest

from pfnb.exceptions import MissingPackageError
from tests.kernel.test_event import make


def table(frame):
    return frame.to_dict("list")


@pytest.mark.parametrize(
    ("name", "content_type", "data"),
    [
        ("a.csv", "text/csv; charset=utf-8", b"n,m\n1,2\n"),
        ("a.csv", "application/octet-stream", b"n,m\n1,2\n"),
        ("A.TSV", "application/octet-stream", b"n\tm\n1\t2\n"),
        ("a", "text/tab-separated-values", b"n\tm\n1\t2\n"),
        ("a.json", "application/octet-stream", b'[{"n": 1, "m": 2}]'),
    ],
)
def test_a_file_is_read_by_its_type_or_the_end_of_its_name(name, content_type, data):
    event, _ = make(files=[("f", name, content_type, data)])
    assert table(event.files[0].to_pandas()) == {"n": [1], "m": [2]}


def test_options_go_to_pandas():
    event, _ = make(files=[("f", "a.csv", "text/csv", b"n;m\n1;2\n")])
    assert table(event.files[0].to_pandas(sep=";")) == {"n": [1], "m": [2]}


def test_a_file_that_is_no_table_says_what_is_one():
    event, _ = make(files=[("f", "a.png", "image/png", b"")])
    with pytest.raises(ValueError, match="CSV, TSV, JSON, Excel or Parquet"):
        event.files[0].to_pandas()


@pytest.mark.parametrize(
    ("body", "content_type", "fields", "rows"),
    [
        (b'{"a": {"b": 1}}', "application/json", {}, {"a.b": [1]}),
        (b'[{"a": 1}, {"a": 2}]', "text/plain", {}, {"a": [1, 2]}),
        (b"a\n1\n2\n", "text/csv", {}, {"a": [1, 2]}),
        (b"a=x&b=y", "application/x-www-form-urlencoded", {"a": ["x"], "b": ["y"]}, {"a": ["x"], "b": ["y"]}),
    ],
)
def test_a_body_is_a_table_as_far_as_it_is_one(body, content_type, fields, rows):
    assert table(make(body, content_type, fields=fields)[0].to_pandas()) == rows


def test_a_body_that_is_none_says_why():
    with pytest.raises(ValueError, match="an object or a list of objects"):
        make(b"1", fields={})[0].to_pandas()
    with pytest.raises(ValueError, match=r"event.files\[0\]"):
        make(files=[("f", "a.csv", "text/csv", b"")])[0].to_pandas()


def test_what_is_not_installed_is_named(monkeypatch):
    event, _ = make(b"[]", fields={}, files=())
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    sheet, _ = make(files=[("f", "a.xlsx", "", b"PK\x03\x04")])
    with pytest.raises(MissingPackageError, match="openpyxl"):
        sheet.files[0].to_pandas(engine="openpyxl")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'pfnb\[pandas\]'"):
        event.to_pandas()
