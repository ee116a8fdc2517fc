"""The words of a magic's line."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from pfnb.kernel.magics.words import (
    Parameter,
    Verb,
    boolean,
    describe,
    json_or_text,
    one_of,
    read_verb,
    seconds,
    whole_number,
)

VERBS = (
    Verb(
        "put",
        "Put it.",
        (
            Parameter("eventKey", "the key", required=True),
            Parameter("payloadType", "the type", one_of("raw", "base64")),
            Parameter("limit", "how many", whole_number),
            Parameter("timeout", "how long", seconds),
            Parameter("active", "or not", boolean),
            Parameter("payload", "what", json_or_text),
            Parameter("signature", "a proof", keys={"scheme": "which", "secret": "what is shared"}),
        ),
        {"show": "all of it"},
    ),
    Verb("send", "Send it.", (Parameter("file", "a path", many=True),), fields="a field"),
    Verb("delete", "Delete it.", first=Parameter("name", "whose", required=True)),
)


def read(line):
    return read_verb("%thing", line, VERBS)


def values(line):
    return read(line)[1].values


def test_words_split_as_a_shell_splits_them():
    assert values("""put eventKey='a b'.c payload="x=y z" """) == {"eventKey": "a b.c", "payload": "x=y z"}


def test_the_spelling_of_python_is_understood():
    assert values("put event_key=a payload_type=raw") == {"eventKey": "a", "payloadType": "raw"}


def test_values_become_what_they_are_for():
    line = "put eventKey=a limit=3 timeout=0.5 active=False --show"
    verb, words = read(line)
    assert verb.name == "put"
    assert words.values == {"eventKey": "a", "limit": 3, "timeout": 0.5, "active": False}
    assert words.flags == {"show"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("""'{"a": [1, null]}'""", {"a": [1, None]}),
        ("3", 3),
        ("true", True),
        ("Ada", "Ada"),
        ("'\"3\"'", "3"),
        ("''", ""),
    ],
)
def test_a_payload_is_json_or_a_text(text, value):
    assert values(f"put eventKey=a payload={text}")["payload"] == value


def test_a_repeated_parameter_is_a_list_and_other_names_are_fields():
    _, words = read("send file=a file=b name=Ada name=Eve")
    assert words.values == {"file": ["a", "b"]}
    assert words.fields == (("name", "Ada"), ("name", "Eve"))


def test_the_keys_of_a_map_are_words_with_dots():
    _, words = read("put eventKey=a signature.scheme=github signature.secret='a=b c' signature.secret=d")
    assert words.values["signature"] == {"scheme": "github", "secret": ["a=b c", "d"]}
    assert read("put eventKey=a signature=none")[1].values["signature"] == "none"


def test_a_name_may_stand_alone_or_be_spelt_out():
    assert values("delete lead") == values("delete name=lead") == {"name": "lead"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", ["needs a verb: put, send, delete", "%thing?"]),
        ("ptu eventKey=a", ["no verb 'ptu'", "did you mean put?", "put, send, delete"]),
        ("xyz", ["no verb 'xyz'", "put, send, delete"]),
        ("put eventkey=a", ["no parameter 'eventkey'", "did you mean eventKey?", "[limit=…]"]),
        ("put", ["needs eventKey=…", "the key"]),
        ("put a.b", ["'a.b' is not a name=value pair", "eventKey=…"]),
        ("put eventKey=a --shwo", ["no flag --shwo", "did you mean --show?"]),
        ("put eventKey=a --limti 5", ["no flag --limti", "did you mean --limit?", "[limit=…]"]),
        ("put eventKey=a --limit", ["--limit needs a value: limit=…"]),
        ("send --show", ["no flag --show", "thing send takes "]),
        ("put eventKey=a eventKey=b", ["eventKey= only once"]),
        ("put eventKey=a payloadType=rwa", ["payloadType= must be one of raw, base64", "did you mean raw?"]),
        ("put eventKey=a limit=0", ["limit= must be a whole number from 1"]),
        ("put eventKey=a timeout=soon", ["timeout= must be a number of seconds"]),
        ("put eventKey=a timeout=nan", ["timeout= must be a number of seconds"]),
        ("put eventKey=a active=1", ["active= must be true or false"]),
        ('put eventKey=a payload={"a":1}', ["payload= must be JSON, in single quotes"]),
        ("put eventKey='a", ["No closing quotation"]),
        ("delete", ["needs name", "whose"]),
        ("put eventKey=a signature.scheem=x", ["signature has no 'scheem'", "did you mean scheme?", "scheme, secret"]),
        ("put eventKey=a signature=none signature.scheme=x", ["either as a whole or by signature.scheme=…"]),
        ("put eventKey=a signature.scheme=x signature=none", ["signature= only once"]),
        ("put eventKey=a limit.x=1", ["no parameter 'limit.x'"]),
        ("delete a b", ["'b' is not a name=value pair"]),
    ],
)
def test_wrong_words_say_what_is_allowed(line, said):
    with pytest.raises(UsageError) as caught:
        read(line)
    for words in said:
        assert words in str(caught.value)


def test_the_help_names_every_word():
    text = describe("%thing", "Things.", VERBS)
    assert text.startswith("Things.")
    for word in (
        "%thing put eventKey=…",
        "[--show]",
        "payloadType=…  the type",
        "signature.scheme=…  which",
        "--show  all of it",
        "delete NAME",
        "a field",
    ):
        assert word in text
