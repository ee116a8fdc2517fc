"""Presets in a notebook: what a cell shows, and the secret that a sender hands over."""

from __future__ import annotations

import httpx


def test_a_preset_says_what_is_next_and_its_secret_is_not_shown(shared):
    cell = shared.ok("hook = %webhook put eventKey=presets.next preset=slack secret=very-secret-words\nhook")
    assert "Next: Slack" in cell.value
    assert "very-secret-words" not in cell.value + str(cell.displays)
    cell = shared.run("%webhook put eventKey=presets.next preset=githab")
    assert "did you mean" in cell.error
    assert "GitHub needs a secret" in shared.run("%webhook put eventKey=presets.other preset=github").error


def test_what_a_sender_hands_over_is_shown_only_when_asked_for(shared):
    shared.ok("hook = %webhook put eventKey=presets.learned preset=notion\nprint(hook.url)")
    url = shared.ok("print(hook.url)").stdout.strip()
    httpx.post(url, json={"verification_token": "handed-over"}, trust_env=False)
    shown = shared.ok("%webhook handshake eventKey=presets.learned").value
    assert "secret is kept" in shown
    assert "handed-over" not in shown
    assert "handed-over" in shared.ok("%webhook handshake eventKey=presets.learned --show").value
    cell = shared.ok("hook = %webhook put eventKey=presets.learned\nhook")
    assert "Handshake" in cell.value
    assert "handed-over" not in cell.value
