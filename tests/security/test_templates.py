"""Templates in Jinja's language: every operation counts, and no name that data brings leads to a method."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from pfnb.commands.formats.template import render
from pfnb.exceptions import PipelineError
from pfnb.language.budget import Budget, granted

TWINS = "{% set ns = namespace(a=[1], b=[1]) %}" + "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}" * 45
LOOP = "{% set ns = namespace(l=[]) %}{% for i in range(90000) %}{% for j in range(10) %}"

ATTACKS = {
    "==": TWINS + "{{ ns.a == ns.b }}",
    "!= in a condition": TWINS + "{% if ns.a != ns.b %}1{% endif %}",
    "in": TWINS + "{{ ns.a in [ns.b] }}",
    "is eq": TWINS + "{{ ns.a is eq(ns.b) }}",
    "select eq": TWINS + "{{ [ns.a]|select('eq', ns.b)|list|length }}",
    "sort": TWINS + "{{ [ns.a, ns.b]|sort|length }}",
    "max": TWINS + "{{ [ns.a, ns.b]|max|length }}",
    "groupby": TWINS + "{{ [{'k': ns.a}, {'k': ns.b}]|groupby('k')|length }}",
    "tojson": TWINS + "{{ ns.a|tojson }}",
    "loop.changed": TWINS + "{% for x in [ns.a, ns.b] %}{{ loop.changed(x) }}{% endfor %}",
    "a tuple as a key": "{% set ns = namespace(a=(1,)) %}" + "{% set ns.a = (ns.a, ns.a) %}" * 45 + "{{ {ns.a: 1}|length }}",
    "a method by its name": "{% for x in ['a']|groupby('ljust') %}{{ x.grouper(100000000)|length }}{% endfor %}",
    "a method by map": "{% for x in ['a']|map(attribute='ljust') %}{{ x(100000000)|length }}{% endfor %}",
    "a method by an index": "{{ 'a'['zfill'](100000000)|length }}",
    "slices": LOOP + "{% set ns.l = ns.l + [text[1:]] %}{% endfor %}{% endfor %}",
    "characters": "{{ ('ж' * 3000000)|list|length }}",
    "parts": "{{ (' ж' * 3000000).split()|length }}",
    "sums of lists": "{{ [range(1000)|list]|list|sum(start=[])|length }}",
    "loops": LOOP + "{{ i ** 3 }}{% endfor %}{% endfor %}",
    "macros": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "texts": "{% set ns = namespace(t='xxxxxxxx') %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}",
    "replaced": "{{ ('a' * 100000)|replace('a', 'b' * 100000) }}",
}  # fmt: skip


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in ATTACKS.items()])
def test_what_takes_too_much_is_ended_soon(source: str) -> None:
    tracemalloc.start()
    began = time.thread_time()
    try:
        with granted(Budget("ada")) as budget, budget.measured(), pytest.raises(PipelineError):
            render(source, {"text": "ж" * 1_000_000})
        assert time.thread_time() - began < 3
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 1 < 2 <= 2 }} {{ 'a' in 'abc' }} {{ 3 not in [1, 2] }} {{ (1, 2) == [1, 2] }}", "true true true true"),
        ("{{ name[1:] }} {{ rows[:1]|tojson }} {{ rows[-1].n }}", 'da [{"n": 1}] 2'),
        (
            "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %} {{ 4 is even }} {{ 3 is eq(3) }}",
            "a1 true true",
        ),
        ("{{ rows|map(attribute='n')|join('-') }} {{ rows|selectattr('n', 'gt', 1)|list|length }}", "1-2 1"),
        (
            "{% for g in rows|groupby('n') %}{{ g.grouper }}:{{ g.list|length }} {% endfor %}{{ name.upper() }}",
            "1:1 2:1 ADA",
        ),
    ],
)
def test_what_templates_usually_do_goes_on(source: str, text: str) -> None:
    assert render(source, {"name": "Ada", "rows": [{"n": 1}, {"n": 2}]}) == text
