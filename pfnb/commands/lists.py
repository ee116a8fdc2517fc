"""Commands for lists: selecting items, and changing each."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.inputs import Input, as_list, chosen
from pfnb.exceptions import ParameterError
from pfnb.language.budget import current
from pfnb.language.condition import is_true
from pfnb.language.deferred import Lazy
from pfnb.language.parameters import UNSET

MAX_ROUNDS = 10_000_000
"""Maximum number of pairs that `data.list.iterate` checks."""

Name = Annotated[str, Field(description="The name of the item (of this list) in expressions.", min_length=1)]


@command("data.list.filter", anonymous=True)
def filter_list(
    body: Any,
    exclude: Annotated[
        Lazy, Field(description="An expression over each `item`: items for which it is true are removed.")
    ],
    iter_item_name: Name = "item",
    input: Input = UNSET,  # noqa: A002 - PIPEFORCE's word
) -> list[Any]:
    """Remove the items of a list for which an expression is true.

    Example:
        body: [{name: Ada, age: 36}, {name: Max, age: 12}]
        pipeline:
          - data.list.filter: {exclude: "item.age < 18"}
        # => [{"name": "Ada", "age": 36}]
    """
    items, left = as_list(chosen(input, body)), current()

    def is_excluded(item: Any) -> bool:
        left.check()
        return is_true(exclude(**{iter_item_name: item}), "exclude")

    return [item for item in items if not is_excluded(item)]


@command("data.list.limit", anonymous=True)
def limit_list(
    body: Any,
    max_length: Annotated[int | None, Field(description="How many items to keep. Default: all.", ge=0)] = None,
    input: Input = UNSET,  # noqa: A002
) -> list[Any]:
    """Keep the first items of a list.

    Example:
        pipeline:
          - data.list.limit: {input: [3, 1, 2], maxLength: 2}
        # => [3, 1]
    """
    return as_list(chosen(input, body))[:max_length]


@command("data.list.iterate", anonymous=True)
def iterate_list(
    body: Any,
    do: Annotated[
        Lazy,
        Field(description="An expression, or several separated by semicolons, for each item that `where` accepts."),
    ],
    list_a: Annotated[Any, Field(description="The list, instead of the input; its items are `itemA`.")] = None,
    list_b: Annotated[
        Any, Field(description="A second list, iterated for each item of the first; its items are `itemB`.")
    ] = None,
    where: Annotated[
        Lazy | None, Field(description="An expression: `do` is evaluated only if it is true. Default: always.")
    ] = None,
    iter_item_name: Name = "item",
    iter_item_name_a: Name = "itemA",
    iter_item_name_b: Name = "itemB",
    input: Input = UNSET,  # noqa: A002
) -> list[Any]:
    """Do something with each item of a list, or with each pair of items of two lists. The result is the first list.

    Example:
        pipeline:
          - data.list.iterate:
              listA: [{name: Max, allowed: false}, {name: Hennah, allowed: false}]
              listB: [{name: Max, age: 12}, {name: Hennah, age: 23}]
              where: "itemA.name == itemB.name and itemB.age > 18"
              do: "itemA.allowed = true"
        # => [{"name": "Max", "allowed": false}, {"name": "Hennah", "allowed": true}]

    Example:
        body: [{price: 2}, {price: 3}]
        pipeline:
          - data.list.iterate: {do: "item.total = item.price * 10; item.sold = false"}
        # => [{"price": 2, "total": 20, "sold": false}, {"price": 3, "total": 30, "sold": false}]
    """
    first = as_list(chosen(input, body)) if list_a is None else as_list(list_a, "listA")
    name = iter_item_name if list_a is None and list_b is None else iter_item_name_a
    second = [None] if list_b is None else as_list(list_b, "listB")
    if len(first) * len(second) > MAX_ROUNDS:
        raise ParameterError(f"these lists have more than {MAX_ROUNDS:,} pairs of items: filter them first")
    left = current()
    for one in first:
        for other in second:
            left.check()
            items = {name: one} if list_b is None else {name: one, iter_item_name_b: other}
            if where is None or is_true(where(**items), "where"):
                do(**items)
    return first
