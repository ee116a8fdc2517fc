"""Docstrings taken apart: what a command is for, and examples that run."""

from __future__ import annotations

import pytest

from pfnb.language.declaration import (
    Documentation,
    Example,
    Setting,
    command_documentation,
    function_documentation,
)
from pfnb.language.reading.headers import KNOWN
from pfnb.language.reading.options import COMMON


def documented() -> None:
    """Count the orders. Those of today
    only.

    A second paragraph.

    Example:
        pipeline:
          - orders.count:
              since: today
        # => {"count": 3}

    Example:
        pipeline:
          - orders.count
    """


def upper() -> None:
    """In capitals.

    Example:
        @text.upperCase('ada')  # => "ADA"
        @text.upperCase('# => 1')  # => "# => 1"
        @date.now()
    """


def plain() -> None:
    """An Example: is nothing but words here."""


def test_a_docstring_of_a_command_is_a_description_and_pipelines() -> None:
    said = command_documentation(documented)
    assert said.summary == "Count the orders."
    assert said.description == "Count the orders. Those of today\nonly.\n\nA second paragraph."
    assert said.examples == (
        Example("pipeline:\n  - orders.count:\n      since: today", '{"count": 3}'),
        Example("pipeline:\n  - orders.count", None),
    )


def test_a_docstring_of_a_function_is_a_description_and_expressions() -> None:
    assert function_documentation(upper).examples == (
        Example("@text.upperCase('ada')", '"ADA"'),
        Example("@text.upperCase('# => 1')", '"# => 1"'),
        Example("@date.now()", None),
    )


def test_without_an_example_all_is_description() -> None:
    assert command_documentation(plain) == Documentation("An Example: is nothing but words here.")


def test_without_a_docstring_nothing_is_said() -> None:
    said = command_documentation(lambda: None)
    assert (said.summary, said.examples) == ("", ())


@pytest.mark.parametrize(("name", "setting"), [*KNOWN.items(), *COMMON.items()])
def test_every_header_and_common_parameter_tells_what_it_is_for(name: str, setting: Setting) -> None:
    assert setting.description.endswith(".")
