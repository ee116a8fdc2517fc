"""Templates: what they make, and what they cannot do."""

import json
import time
import tracemalloc

import pytest

from pfnb.commands.formats import template as templates
from pfnb.exceptions import ParameterError
from pfnb.language import ANONYMOUS
from pfnb.language.budget import Budget, granted
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

PRODUCTS = {"products": {"apple": 5, "banana": 10}, "people": [{"name": "Maria"}, {"name": "Markus"}]}


def step(template, **given):
    return "pipeline:\n  - " + json.dumps({"transform.template": {"template": template, **given}})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello {{ people[1].name }}!\n", "Hello Markus!\n"),
        (
            "{% for one in people %}{{ loop.index }}/{{ loop.length }} {{ one.name }};{% endfor %}",
            "1/2 Maria;2/2 Markus;",
        ),
        ("{% for name, price in products.items() if price < 10 %}{{ name }}{% endfor %}", "apple"),
        ("{% if products.apple > 4 %}yes{% elif false %}{% else %}no{% endif %}", "yes"),
        ("{{ none }}{{ true }}{{ 1.5 }}{{ 7 // 2 }}{{ -3 }}", "true1.53-3"),
        ("{{ people|map(attribute='name')|join(', ') }}", "Maria, Markus"),
        ("{{ people|tojson }}", '[{"name": "Maria"}, {"name": "Markus"}]'),
        ("{{ '<b>'|escape }}{{ '<b>' }}", "&lt;b&gt;<b>"),
        ("{{ missing|default('-') }}{{ 'x' if missing is defined else '' }}", "-"),
        ("{% macro twice(x) %}{{ x ~ x }}{% endmacro %}{{ twice('ab') }}{{ twice(1) }}", "abab11"),
        ("{% set ns = namespace(n=0) %}{% for p in people %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "2"),
        ("{{ 'a,b'.split(',')|last|upper }}{{ 'aXb'|replace('X', '-') }}{{ 'abc'|truncate(2, true, '') }}", "Ba-babc"),
        ("{{ range(3)|list|length }}{{ [3, 1, 2]|sort|join }}{{ 'ab' * 2 }}{{ 2 ** 10 }}", "3123abab1024"),
        (
            "{{ products.get('kiwi', 0) }}{% for k in products|dictsort(reverse=true) %}{{ k[0] }} {% endfor %}",
            "0banana apple ",
        ),
        ("#{7*7} ${vars.a} {# remark #}", "#{7*7} ${vars.a} "),
    ],
)
async def test_what_a_template_makes(run, template, expected):
    assert (await run(step(template, model=PRODUCTS), user=ANONYMOUS)).body == expected


async def test_without_a_model_it_sees_what_expressions_see(run):
    text = step("{{ vars.a }} {{ body.items }} {{ headers.c }}")
    assert (await run(f"headers: {{c: 3}}\n{text}", body={"items": 2}, vars={"a": 1})).body == "1 2 3"


@pytest.mark.parametrize("value", ["{{ 7*7 }}", "#{7*7}", "{% for x in y %}", "{{ ''.__class__ }}"])
async def test_data_is_never_a_template(run, value):
    assert (await run(step("{{ body }}"), body=value)).body == value
    assert (await run(step("#{'{{ body }}'}"), body=value)).body == value


async def test_template_and_model_may_be_files_and_expressions(run, hub):
    template = await hub.put_content("Grüße, {{ name }}".encode(), name="a.txt", content_type="text/plain")
    model = await hub.put_content(b'{"name": "Ada"}', name="a.json", content_type="application/json")
    text = step("#{vars.template}", model="#{vars.model}")
    assert (await run(text, vars={"template": template, "model": model})).body == "Grüße, Ada"
    assert (await run(step("{{ name }}", model='{"name": "Ada"}'))).body == "Ada"


@pytest.mark.parametrize("uri", ["$uri:property:global/app/demo/hello", "uri:property:global/app/demo/hello@value\n"])
async def test_a_template_may_be_a_property_if_the_pipeline_says_so(run, hub, uri):
    await hub.put_property("global/app/demo/hello", {"value": "Hello {{ name }}"})
    assert (await run(step(uri, model={"name": "Ada"}))).body == "Hello Ada"
    assert (await run(step("#{body}", model={}), body=uri)).body == uri


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("a\n{{ nmae }}", "the template, line 2: 'nmae' is undefined"),
        ("a\n{% for x in %}", "the template, line 2: Expected an expression"),
        ("\n\n{{ 1 / 0 }}", "the template, line 3: ZeroDivisionError"),
        ("{{ people }}", "line 1: a list or a map is not a text"),
        ("{{ [[1]]|join }}", "a list or a map is not a text"),
        ("{{ people|pprint }}", "No filter named 'pprint'"),
        ("{{ '%s' % 1 }}", "use ~"),
        ("{% include 'x' %}", "cannot include others"),
        ("{% extends '/etc/passwd' %}", "cannot include others"),
        ("{% for x in people recursive %}{{ loop(people) }}{% endfor %}", "recursive loops are not supported"),
    ],
)
async def test_its_mistakes_are_told_with_their_line(run, template, words):
    with pytest.raises(ParameterError, match=words):
        await run(step(template, model=PRODUCTS))


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ [].__class__.__base__.__subclasses__() }}",
        "{{ products.__init__.__globals__ }}",
        "{{ products.pop('apple') }}",
        "{{ people.append(1) }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ ''.format_map(products) }}",
        "{{ people|map(attribute='__class__')|list|join }}",
        "{{ self.__init__ }}",
        "{{ range.__self__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ lipsum.__globals__ }}",
        "{{ loop }}{% for x in people %}{{ loop.__init__ }}{% endfor %}",
        "{{ (1).__class__ }}",
        "{{ vars.thing.secret() }}",
    ],
)
async def test_it_reaches_nothing_but_the_data(run, template):
    class Thing:
        def secret(self):
            raise AssertionError("never called")

    with pytest.raises(ParameterError, match="the template, line 1"):
        templates.render(template, {**PRODUCTS, "vars": {"thing": Thing()}})


DOUBLING = "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}"


@pytest.mark.parametrize(
    "template",
    [
        "{{ range(10**9) }}",
        "{% for x in range(10**9) %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 10**9 }}",
        "{{ 10**9 * 'a' }}",
        "{{ [0] * 10**9 }}",
        "{{ 10 ** (10 ** 9) }}",
        "{{ 9**999 * 9**999 }}",
        "{{ 'a'.center(10**9) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ 'a'|center(10**9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a'|indent(10**9) }}",
        "{{ 1|round(-10**9) }}",
        DOUBLING,
        DOUBLING.replace("a ~ a", "a + a"),
        DOUBLING.replace("a ~ a", "[a, a]|join"),
        DOUBLING.replace("a ~ a", "a|replace('a', 'aa')"),
        DOUBLING.replace("{% set a = a ~ a %}", "{% set a %}{{ a }}{{ a }}{% endset %}"),
        "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
        "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 40 + "{{ a|tojson }}",
        "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 40 + "{{ a|upper }}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% for x in range(1000) %}" + "x" * 10_000 + "{% endfor %}",
        "{% set t %}{% for x in range(1000) %}" + "x" * 10_000 + "{% endfor %}{% endset %}",
        "{% for x in range(999) %}{% set y = range(99999)|map('upper')|list %}{% endfor %}",
        "{% set a = 'a,' * 3000000 %}" + "{% set b = a.split(',') %}" * 40,
        "{% set a = 'a' * 6000000 %}" + "{% set b = a|list %}" * 40,
        "x" * 600_000,
        "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    ],
)
def test_what_would_not_end_or_not_fit_is_refused_soon(template):
    tracemalloc.start()
    began = time.monotonic()
    try:
        with granted(Budget()) as budget, budget.measured(), pytest.raises(ParameterError, match="template"):
            templates.render(template, {})
        assert time.monotonic() - began < 20
        assert tracemalloc.get_traced_memory()[1] < 300_000_000
    finally:
        tracemalloc.stop()


def test_a_text_as_large_as_a_payload_may_be_is_rendered():
    large = "<" * 1_900_000
    assert len(templates.render("{{ text|escape }}", {"text": large})) == 4 * len(large)
    assert templates.render("{{ text.split(',')|length }}", {"text": "a," * 2_000_000}) == "2000001"


async def test_it_cannot_take_for_ever():
    few = Budget(seconds=0.05)
    with granted(few), few.measured(), pytest.raises(ParameterError, match=r"more than 0.05 s of processor time"):
        templates.render("{% for a in range(99999) %}{% for b in range(9) %}{% endfor %}{% endfor %}", {})


async def test_only_a_map_is_a_model(run):
    with pytest.raises(ParameterError, match="must be a map, not a list"):
        await run(step("x", model=[1]))


@pytest.mark.parametrize(
    "step", ["transform.template: {template: '#{body.t}'}", "transform.ftl: {template: '#{body.t}'}"]
)
async def test_a_computed_template_sees_its_model_alone(run, step):
    body = {"t": "{{ vars.token }}" if "template:" in step.split()[0] else "${vars.token}"}
    with pytest.raises(ParameterError, match="needs a model"):
        await run(f"pipeline:\n  - {step}\n", body=body, vars={"token": "secret"})
    with pytest.raises(ParameterError, match="the template, line 1"):
        await run(f"pipeline:\n  - {step[:-1]}, model: {{a: 1}}}}\n", body=body, vars={"token": "secret"})


async def test_a_body_is_a_template_with_a_model_alone(run):
    with pytest.raises(ParameterError, match="needs a model"):
        await run("pipeline:\n  - transform.ftl\n", body="${vars.token}", vars={"token": "secret"})
