"""Values for CSV files: what strangers send is no formula of whoever opens the file."""

from __future__ import annotations

import pytest

from pfnb.language import evaluate


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\ufeff=1", "＝1", "＋1+1", "－1+1", "＠A1", "-", "=",
     "+A1", "-5+cmd|' /C calc'!A0", "-2-3", "+1 A", "--5", "-.", "−A1"],
)  # fmt: skip
def test_what_begins_as_a_formula_becomes_text(text: str) -> None:
    answer = evaluate("@text.escapeCsvValue(vars.t)", {"vars": {"t": text}})
    assert answer.lstrip('"').startswith("'")


@pytest.mark.parametrize(
    "text", ["-5", "+5", "-5.25", "-1e10", "-1.5E-3", "-1,000.50", "-1.000,50", "-12%", "5", "-0.5", "a=b", "a-b", "'"]
)
def test_numbers_and_other_texts_stay_as_they_are(text: str) -> None:
    answer = evaluate("@text.escapeCsvValue(vars.t)", {"vars": {"t": text}})
    assert answer.strip('"') == text
