"""Templates in FreeMarker's language: the documented ones, and those of PIPEFORCE's example apps."""

import json

import pytest

from pfnb.exceptions import ParameterError
from pfnb.language import ANONYMOUS

PEOPLE = {"people": [{"firstName": "Maria", "lastName": "Sanders"}, {"firstName": "Markus", "lastName": "Mayers"}]}
PRODUCTS = {"products": {"apple": 5, "banana": 10, "kiwi": 15}}


def step(template, **given):
    return "pipeline:\n  - " + json.dumps({"transform.ftl": {"template": template, **given}})


@pytest.mark.parametrize(
    ("template", "model", "expected"),
    [
        ("Hello ${person.firstName}!\n", {"person": {"firstName": "Maria"}}, "Hello Maria!\n"),
        ("Hello ${people[1].firstName}!", PEOPLE, "Hello Markus!"),
        (
            "List of people:\n<#list people as person>\n- ${person.firstName} ${person.lastName}\n</#list>\n",
            PEOPLE,
            "List of people:\n- Maria Sanders\n- Markus Mayers\n",
        ),
        (
            "List of products:\n<#list products as name, price>\n- ${name}, ${price} EUR\n</#list>\n",
            PRODUCTS,
            "List of products:\n- apple, 5 EUR\n- banana, 10 EUR\n- kiwi, 15 EUR\n",
        ),
        (
            "<#list products as name, price>\n- ${name}, ${price} EUR <#if price < 10>[BEST OFFER!]</#if>\n</#list>\n",
            PRODUCTS,
            "- apple, 5 EUR [BEST OFFER!]\n- banana, 10 EUR \n- kiwi, 15 EUR \n",
        ),
        ("a\n  <#if kommentar??>\n  Nachricht: ${kommentar}\n  </#if>\nb\n", {}, "a\nb\n"),
        (
            "a\n  <#if kommentar??>\n  Nachricht: ${kommentar}\n  </#if>\nb\n",
            {"kommentar": "ü"},
            "a\n  Nachricht: ü\nb\n",
        ),
    ],
)
async def test_documented_templates_give_the_documented_texts(run, template, model, expected):
    assert (await run(step(template, model=model), user=ANONYMOUS)).body == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("<#if n gt 3 && !(n == 4)>a<#elseif n = 4>b<#else>c</#if>", "b"),
        ("<#if (n > 3) || false>a<#else/>c</#if>", "a"),
        ("<#if n != 4>a</#if><#if n lte 4>b</#if>", "b"),
        ("${missing!'-'}${missing!}${missing!n}${text!'-'}", "-4Ada > Bob"),
        ("${text?upper_case} ${text?length} ${list?size} ${list?join(', ')} ${list?first}", "ADA > BOB 9 2 2, 3 2"),
        ("<#assign sum = n + 1>${sum}<#-- remark\n ${nothing} -->!", "5!"),
        ("<#if list?has_content>some</#if><#if none?has_content>more</#if>", "some"),
        ("${text?html} ${'a > b ${n}'} ${yes?c}", "Ada &gt; Bob a > b ${n} true"),
        ("${yes?string('on', 'off')} ${(n > 5)?string('on', 'off')} ${yes?string}", "on off true"),
        ("${(n > 3)?then(text?upper_case, 'b')} ${(n < 3)?then(1, n + 1)}", "ADA > BOB 5"),
        ("<#list list as x>${x}<#sep>, </#sep></#list>|<#list list as x>${x}<#sep>, </#list>", "2, 3|2, 3"),
        ("<#list 1..n as x>${x}</#list> <#list n..2 as x>${x}</#list> <#list 0..<n as x>${x}</#list>", "1234 432 0123"),
        ("<#list list as x><#list 1..2 as y>${x}${y}<#sep>,</#list><#sep>;</#sep></#list>", "21,22;31,32"),
        (
            "<#list 1..4 as x><#switch x>\n<#case 1>one<#break> <#case n - 2>two<#break>\n"
            "<#default>more</#switch>,</#list>",
            "one,two,more,more,",
        ),
        ("a\n<#switch n>\n  <#case 4>\n  four\n  <#break>\n  <#case 5>\n  five\n</#switch>\nb", "a\n  four\nb"),
        ("<#switch n><#case 4><#switch yes><#case true>in</#switch><#break><#default>out</#switch>", "in"),
        ("<#switch n></#switch>none", "none"),
        ("{{ 7*7 }} {% x %} {# y #} {${n}} #{7*7}", "{{ 7*7 }} {% x %} {# y #} {4} #{7*7}"),
    ],
)
async def test_the_usual_part_of_the_language(run, template, expected):
    model = {"n": 4, "text": "Ada > Bob", "list": [2, 3], "yes": True}
    assert (await run(step(template, model=model))).body == expected


async def test_the_body_is_the_template_where_none_is_given(run):
    text = "pipeline:\n  - transform.ftl: {model: {a: 1}}\n"
    assert (await run(text, body="a is ${a}")).body == "a is 1"


async def test_without_a_model_it_sees_what_expressions_see(run):
    assert (await run(step("${vars.a} ${body.b}"), body={"b": 2}, vars={"a": 1})).body == "1 2"


@pytest.mark.parametrize("value", ["${7*7}", "{{ 7*7 }}", "<#if true>x</#if>", "#{7*7}"])
async def test_data_is_never_a_template(run, value):
    assert (await run(step("${body}"), body=value)).body == value


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("a\n<#macro x>", "the template, line 2: <#macro x> is not supported"),
        ("\n\n${a?eval}", "the template, line 3: .eval is not supported"),
        ("\n<#if>x</#if>", "line 2: <#if> is not supported"),
        ("<#list a>", "<#list a> is not supported"),
        ("\n\n${nmae}", "the template, line 3: 'nmae' is undefined"),
        ("<#-- a\n b -->\n<#if true>\n${nmae}</#if>", "the template, line 4: 'nmae' is undefined"),
        ("<#if true>x", "the template"),
        ("${''.__class__}", "the template, line 1"),
        ("<#sep>", "<#sep> is only directly within <#list>, once"),
        ("<#list a as x><#sep>,<#sep></#list>", "<#sep> is only directly within <#list>, once"),
        ("${a?string('0.00')}", "two texts, for true and for false"),
        ("${a?then(1, 2)}", "must be true or false"),
        ("<#switch a><#case 1>x<#case 2>y</#switch>", "<#case> needs <#break> before it"),
        ("<#case 1>", "<#case> is only directly within <#switch>"),
        ("<#switch a><#break></#switch>", "<#break> is only directly within <#switch>"),
        ("<#switch a><#case 1><#if true><#break></#if></#switch>", "<#break> is only directly within"),
        ("<#switch>", "<#switch> is not supported"),
    ],
)
async def test_the_rest_is_refused_with_its_line(run, template, words):
    with pytest.raises(ParameterError, match=words):
        await run(step(template, model={"a": 1}))
