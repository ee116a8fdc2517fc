"""PEL, the expression language of pipelines: Spring's expression language over JSON data, bounded and without types."""

from pfnb.language.pel.expression import Expression, evaluate, parse
from pfnb.language.pel.printing import to_text
from pfnb.language.pel.run_functions import NeedsThread, RunFunctions
from pfnb.language.pel.template import Template, parse_template, render
from pfnb.language.pel.values import to_boolean

__all__ = [
    "Expression",
    "NeedsThread",
    "RunFunctions",
    "Template",
    "evaluate",
    "parse",
    "parse_template",
    "render",
    "to_boolean",
    "to_text",
]
