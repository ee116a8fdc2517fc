"""Parameters that are maps: how they are written, converted and refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter

from pfnb.exceptions import ParameterError
from pfnb.language.maps import MapOf, folded, map_in


@dataclass(frozen=True)
class Keys:
    kind: Annotated[Literal["a", "b"] | None, Field(description="Which.")] = None
    secret: Annotated[str | list[str] | None, Field(description="What is shared.")] = None
    count: Annotated[int | None, Field(description="How many.", ge=1)] = None


PROOF = MapOf("proof", Keys)
Proof = Annotated[dict[str, Any], PROOF]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"kind": "a", "count": "3"}, {"kind": "a", "count": 3}),
        ('{"kind": "b", "secret": ["x", "y"]}', {"kind": "b", "secret": ["x", "y"]}),
        ({"kind": "a", "secret": None}, {"kind": "a"}),
        ("none", {}),
        (" None ", {}),
        ("", {}),
        ({}, {}),
    ],
)
def test_a_map_is_a_map_json_text_or_none(given: object, read: dict[str, Any]) -> None:
    assert TypeAdapter(Proof).validate_python(given) == read


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hidden", 'proof: must be a map, as JSON such as {"kind": …}, as words such as proof.kind=…, or none'),
        (["hidden"], "proof: must be a map of kind, secret, count, or none"),
        ("[1]", "proof: must be a map of kind, secret, count, or none"),
        ({"secrt": "hidden"}, "proof: has no 'secrt': did you mean secret?"),
        ({"x": "hidden"}, "proof: has no 'x': it has kind, secret, count"),
        ({"kind": "hidden"}, "proof.kind: input should be 'a' or 'b'"),
        ({"count": "hidden"}, "proof.count: input should be a valid integer"),
        ({"count": 0}, "proof.count: input should be greater than or equal to 1"),
        ({"secret": {"a": "hidden"}}, "proof.secret: input should be a valid string"),
        ({7: "hidden"}, "proof: has no '7'"),
    ],
)
def test_what_is_wrong_is_named_without_its_value(given: object, said: str) -> None:
    with pytest.raises(ParameterError) as raised:
        TypeAdapter(Proof).validate_python(given)
    assert str(raised.value).startswith(said)
    assert "hidden" not in str(raised.value)
    assert raised.value.parameter == "proof"


def test_a_type_says_whether_it_is_a_map_and_which_keys_it_has() -> None:
    assert map_in(Annotated[Proof | None, Field(description="A proof.")]) is PROOF
    assert map_in(Annotated[str | None, Field(description="A text.")]) is None
    assert PROOF.keys == {"kind": "Which.", "secret": "What is shared.", "count": "How many."}


def test_names_with_dots_become_maps_where_there_is_one() -> None:
    pairs = [("proof.kind", "a"), ("a.b", "1"), ("proof.secret", "x"), ("proof.secret", "y"), ("n", "1"), ("n", "2")]
    expected = {"proof": {"kind": "a", "secret": ["x", "y"]}, "a.b": "1", "n": ["1", "2"]}
    assert folded(pairs, lambda name: name == "proof") == expected


@pytest.mark.parametrize("pairs", [[("proof", "{}"), ("proof.kind", "a")], [("proof.kind", "a"), ("proof", "{}")]])
def test_a_map_is_given_in_one_way_only(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ParameterError, match=r"give proof either as a whole or by proof\.kind=…, not both"):
        folded(pairs, lambda name: name == "proof")
