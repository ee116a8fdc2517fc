"""A charset that a stranger names: only real encodings of texts are looked up, wherever the name comes from."""

from __future__ import annotations

import time
from encodings import aliases

import pytest

from pfnb.client.contents import Unreadable
from pfnb.client.event import Event
from pfnb.display.payload import _decode
from pfnb.exceptions import ParameterError
from pfnb.functions.content import decoded
from pfnb.hub.payload import _text
from pfnb.language.charset import charset_of, known_charset
from pfnb.outbound.answer import Answer
from tests.commands.conftest import logged, registry, run
from tests.commands.conftest import real_hub as hub

__all__ = ["hub", "logged", "registry", "run"]

HOSTILE = (
    "punycode",
    "idna",
    "rot13",
    "rot_13",
    "undefined",
    "unicode_escape",
    "raw_unicode_escape",
    "unicode-escape",
    "utf-7",
    "utf_7",
    "zlib",
    "zip",
    "bz2",
    "hex",
    "base64",
    "quopri",
    "uu",
    "mbcs",
    "oem",
    "palmos",
    "charmap",
    "string_escape",
    "../../etc/passwd",
    "utf-8; charset=punycode",
    "\x00",
    "a" * 100_000,
)
DATA = b"a" * 500_000 + b"-" + b"b" * 5000


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_charset_is_never_looked_up(name):
    began = time.process_time()
    kind = f"text/plain; charset={name}"
    assert known_charset(name) is None
    entry = {"contentType": kind, "contentLength": len(DATA), "headers": {}}
    event = Event(entry, {}, Unreadable())
    event.__dict__["body"] = DATA
    assert event.text() == DATA.decode()
    assert Answer(200, {"content-type": kind}, DATA).value in (DATA, DATA.decode())
    assert decoded(DATA, kind) in (DATA, DATA.decode())
    assert _text(kind, DATA) == DATA.decode()
    assert _decode(DATA, "text/plain", kind) == DATA.decode()
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", ["punycode", "rot13", "undefined", "zlib", "klingon"])
async def test_a_file_that_names_no_usual_charset_is_refused_by_name(name, hub, run):
    reference = await hub.put_content(DATA, name="a.csv", content_type=f"text/csv; charset={name}")
    with pytest.raises(ParameterError, match=f"the file 'a.csv' names the charset {name}: use a common one"):
        await run("pipeline:\n  - transform.csv.json", body=reference)


def test_of_all_codecs_only_those_of_texts_are_known():
    known = {known_charset(name) for name in {*aliases.aliases, *aliases.aliases.values()}} - {None}
    assert not known & {
        "punycode",
        "idna",
        "rot13",
        "utf-7",
        "unicode_escape",
        "raw_unicode_escape",
        "zlib",
        "hex",
        "undefined",
    }
    assert {"utf-8", "utf-16", "iso8859-1", "cp1252", "shift_jis", "gb18030", "big5", "euc_kr", "koi8-r"} <= known
    for name in known:
        assert "abc".encode(name).decode(name) == "abc"


def test_the_usual_spellings_are_known():
    assert charset_of("text/plain") == "utf-8"
    assert charset_of('text/plain; a=b; Charset = "ISO-8859-1"') == "iso8859-1"
    assert charset_of("text/plain; charset=klingon") is None
