"""Whatever text is given as a pipeline, what is wrong with it is said in pfnb's own errors, with a line."""

import pytest

from pfnb.commands import load
from pfnb.exceptions import PipelineError
from pfnb.language import parse_pipeline
from pfnb.language.reading.parser import parse_form


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('pipeline:\n  - log: "a\\', "the quote that opens here is never closed"),
        ('{"pipeline": [{"log": "\\', "the quote that opens here is never closed"),
        ("%YAML 1.9\npipeline: [log]", "this is not YAML"),
        ("%YAML x.y\npipeline: [log]", "this is not YAML"),
    ],
)
def test_a_text_that_is_no_yaml_is_refused_in_words(text, words):
    with pytest.raises(PipelineError, match=words) as caught:
        parse_pipeline(text, load())
    assert caught.value.line is not None


@pytest.mark.parametrize("text", ["", "&", "&&", " "])
def test_an_empty_form_is_refused_in_words(text):
    with pytest.raises(PipelineError, match="the text is empty"):
        parse_form(text, load())
