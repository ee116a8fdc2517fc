"""Paths and patterns of properties."""

from __future__ import annotations

import time

import pytest

from pfnb.exceptions import ParameterError
from pfnb.hub.records.property_path import PathPattern, absolute_path

HOME = "/pipeforce/default/"


def test_a_path_is_in_the_namespace():
    assert absolute_path("global/app/x", "default") == "/pipeforce/default/global/app/x"
    assert absolute_path("/pipeforce/default/global/app/x", "default") == "/pipeforce/default/global/app/x"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/pipeforce/other/global/app/x", "outside the namespace default"),
        ("/global/app/x", "outside the namespace default"),
        ("/pipeforce/default/../other/x", "contains an empty name, . or .."),
        ("global/../../x", "contains an empty name, . or .."),
        ("global//x", "empty name"),
        ("global/app/", "empty name"),
        ("", "empty name"),
        ("a/ /b", "empty name"),
        ("a\\b", "without"),
        ("a\nb", "without"),
        ("$uri:property:x", "without"),
        ("x" * 600, "at most 500 characters"),
        ("global/app/*", "is a pattern"),
    ],
)
def test_what_is_no_path_of_the_namespace_is_refused(path, said):
    with pytest.raises(ParameterError, match=said.replace(".", r"\.")):
        absolute_path(path, "default")


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("global/app/x", ["global/app/x"], ["global/app/x/y", "global/app/xy"]),
        ("global/app/*", ["global/app/x", "global/app/."], ["global/app/x/y", "global/appx", "global/app"]),
        ("global/**", ["global/x", "global/app/x/y"], ["globalx", "other/x"]),
        ("**", ["x", "global/app/x"], []),
        ("**/pipeline/*", ["pipeline/x", "global/app/demo/pipeline/x"], ["global/pipeline/x/y", "global/pipelines/x"]),
        ("global/**/x", ["global/x", "global/a/b/x"], ["global/a/y", "globala/x"]),
        ("global/**/**/x", ["global/x", "global/a/x"], ["global/a"]),
        ("a?/x*z", ["ab/xyz", "ab/xz"], ["a/xyz", "abc/xyz", "ab/xyzw"]),
        ("a/[b]*", ["a/[b]c"], ["a/bc", "a/b"]),
        ("A/*", ["A/x"], ["a/x"]),
    ],
)
def test_a_pattern_matches_names_and_parts_of_names(pattern, matching, others):
    made = PathPattern(pattern, "default")
    assert [path for path in matching if not made.matches(HOME + path)] == []
    assert [path for path in others if made.matches(HOME + path)] == []
    assert all((HOME + path).startswith(made.prefix) for path in matching)


def test_no_pattern_takes_long():
    pattern = PathPattern("/".join(["**", "*a*a*a*a*a*b"] * 15), "default")
    began = time.perf_counter()
    assert not pattern.matches(HOME + "/".join(["a" * 30] * 15))
    assert time.perf_counter() - began < 0.5
