"""Stored pipelines from a notebook: saved by a cell, listed, run, debugged and deleted by magics."""

from __future__ import annotations

from typing import Any

PATH = "global/app/demo/pipeline/lead"
CELL = f"""%%pipeline lead --save {PATH}
pipeline:
  - event.listen: {{key: stored.lead}}
  - body.set: "Hello #{{body.payload}}"
"""


def test_a_cell_saves_a_pipeline_that_listens_without_it(shared: Any) -> None:
    saved = shared.ok(CELL)
    assert f"{PATH} listens for stored.lead in the hub" in saved.stdout
    shared.ok("hook = pfnb.webhook('stored.lead'); answer = hook.send('Ada', wait=True)")
    assert shared.ok("answer.json()['value']").value == "'Hello Ada'"
    listed = shared.ok("%pipeline list").value
    assert PATH in listed
    assert "(stored)" in listed
    assert "connected" in listed
    assert "body.set" in shared.ok(f"%pipeline debug {PATH}").value
    shared.ok(f"%pipeline delete {PATH}")
    assert PATH not in shared.ok("%pipeline list").value


def test_a_stored_pipeline_is_run_by_its_path(shared: Any) -> None:
    path = "global/app/demo/pipeline/greet"
    saved = shared.ok(f'%%pipeline greet --save {path}\npipeline:\n- body.set: "Hello #{{body}}"\n')
    assert "is stored: %pipeline run runs it" in saved.stdout
    assert shared.ok(f"%pipeline run {path} body=Ada").value == "'Hello Ada'"
    assert "there is no property" in shared.run("%pipeline run global/app/demo/nothing").error


def test_a_pipeline_that_needs_this_notebook_is_not_saved_and_the_cells_line_is_named(shared: Any) -> None:
    shared.ok("@pfnb.command('stored.mine')\ndef mine(body): ...")
    refused = shared.run("%%pipeline mine --save global/app/demo/mine\npipeline:\n- stored.mine:\n")
    assert "without the commands of this notebook" in refused.error
    assert "line 3" in refused.error


def test_flags_for_a_listener_here_make_no_sense_for_a_stored_one(shared: Any) -> None:
    assert "listens in the hub" in shared.run(CELL.replace("--save", "--replace --save")).stderr
