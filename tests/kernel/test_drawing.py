"""`%pipeline show` and `%pipeline help` in a real kernel."""

from __future__ import annotations

from typing import Any

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
SHOWN = """%%pipeline drawn.lead
pipeline:
  - event.listen: {eventKey: drawn.lead}
  - if: "#{body.payload.score > 5}"
  - body.set: {value: high, id: hush}
  - if.end
  - webhook.delete: {uuid: "UUID", if: false}
  - log: {message: "password: hunter2hunter2"}
""".replace("UUID", UUID)


def bundle(cell: Any) -> dict[str, str]:
    return next(one["content"]["data"] for one in cell.messages if one["msg_type"] == "execute_result")


def test_a_listening_pipeline_is_drawn_with_its_source(shared: Any) -> None:
    shared.ok(f"%webhook put eventKey=drawn.secret uuid={UUID}")
    shared.ok(SHOWN)
    shown = bundle(shared.ok("%pipeline show drawn.lead"))
    assert shown["text/vnd.mermaid"].startswith("flowchart TD\n")
    assert "event drawn.lead\n├─ if #{body.payload.score > 5}\n│  └─ body.set high\n" in shown["text/plain"]
    assert "  - event.listen: {eventKey: drawn.lead}\n" in shown["text/plain"]
    assert "hunter2" not in str(shown)
    assert UUID not in str(shown)


def test_a_pipeline_that_is_not_there_says_what_was_meant(shared: Any) -> None:
    shared.ok(SHOWN)
    assert "did you mean drawn.lead?" in shared.run("%pipeline show drawn.laed").error


def test_a_pipeline_that_cannot_be_read_here_shows_its_source_and_why(shared: Any) -> None:
    shared.ok(
        "import pfnb\n@pfnb.command('drawn.own')\ndef own(): 'Mine.'\n"
        "get_ipython().run_cell_magic('pipeline', 'drawn.other', "
        "'pipeline:\\n  - event.listen: {key: x}\\n  - drawn.own')\n"
        "from pfnb.commands import registry\ndel registry._commands['drawn.own']"
    )
    shown = bundle(shared.ok("%pipeline show drawn.other"))
    assert shown.keys() == {"text/plain"}
    assert 'cannot be drawn here: there is no command "drawn.own"' in shown["text/plain"]
    assert "  - drawn.own" in shown["text/plain"]


def test_help_tells_of_a_command_of_ones_own_and_of_a_function(shared: Any) -> None:
    shared.ok("import pfnb\n@pfnb.command('drawn.score')\ndef score(factor: int = 1): 'Rate a customer.'")
    assert shared.ok("%pipeline help drawn.score").stdout.startswith("drawn.score [factor]\n\nRate a customer.\n")
    assert shared.ok("%pipeline help @text.trim").stdout.startswith("@text.trim(text")
    assert 'did you mean "log"?' in shared.run("%pipeline help lgo").error
