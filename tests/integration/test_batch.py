"""Notebooks executed by papermill, nbconvert and nbclient: what they keep, and how they end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.kernel.conftest import running_kernel
from tests.live.environment import own_environment
from tests.live.served import TOKEN, served

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
TOOLS = {
    "papermill": ("papermill", "--no-progress-bar", "--kernel", "python3", "in.ipynb", "out.ipynb"),
    "nbconvert": ("jupyter", "nbconvert", "--to", "notebook", "--execute", "in.ipynb", "--output", "out.ipynb"),
    "nbclient": ("jupyter", "execute", "in.ipynb", "--output", "out.ipynb"),
}
LOAD = "%load_ext pfnb\nimport pfnb\nfrom IPython.display import display"
LISTENER = (
    "@pfnb.on('webhook.batch')\ndef lead(event):\n    print('PRIN' + 'TED'); display({'text/plain': 'FIG' + 'URE'}, raw=True)\n"
    "    raise ValueError('no ' + 'good')"
)
PIPELINE = "%%pipeline logs\npipeline:\n- event.listen: {key: webhook.batch}\n- log: {message: \"LOG#{'GED'}\"}"
SEND = "pfnb.webhook('webhook.batch').send({'n': 1})\nNone"
WAIT = "event = %event wait key=webhook.batch timeout=20"


def execute(folder, tool, *, words=(), **environment):
    """Run a tool as a user does, from a terminal."""
    program, *rest = TOOLS[tool]
    env = {**own_environment(folder), **environment}
    path = Path(sys.executable).parent / program
    return subprocess.run([path, *rest, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=100)


def write(folder, *cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "in.ipynb")


def texts(folder):
    """The texts of all outputs of each cell in the executed notebook."""
    cells = [cell for cell in nbformat.read(folder / "out.ipynb", 4).cells if cell.cell_type == "code"]
    return {cell.source: "\n".join(_text(output) for output in cell.outputs) for cell in cells}


def _text(output):
    return output.get("text") or (output.get("data") or {}).get("text/plain") or "\n".join(output.get("traceback", ()))


@pytest.mark.parametrize("tool", TOOLS)
def test_the_executed_notebook_has_what_listeners_print_log_and_display_and_how_they_failed(tmp_path, tool):
    write(tmp_path, LOAD, LISTENER, PIPELINE, SEND, WAIT)
    done = execute(tmp_path, tool)
    assert done.returncode == 0, done.stderr
    shown = texts(tmp_path)
    assert "PRINTED" in shown[LISTENER]
    assert "ValueError: no good" in shown[LISTENER]
    assert "LOGGED" in shown[PIPELINE]
    assert "FIGURE" in "".join(shown.values())


def test_a_failed_listener_is_named_in_the_terminal_at_the_end(tmp_path):
    write(tmp_path, LOAD, LISTENER, SEND, WAIT)
    done = execute(tmp_path, "papermill")
    assert done.returncode == 0
    assert "pfnb: 1 run of this notebook's pipelines failed:" in done.stderr
    assert "ValueError: no good" in done.stderr


def test_a_check_gives_papermill_the_exit_status(tmp_path):
    write(tmp_path, LOAD, LISTENER, SEND, "%pipeline check timeout=20")
    done = execute(tmp_path, "papermill")
    assert done.returncode == 1
    assert "FailedRunsError: 1 run of this notebook's pipelines failed" in done.stderr


def manual(folder, name, **environment):
    """Execute a page of the manual with papermill, from its own folder, as its readers do."""
    (folder / "in.ipynb").write_bytes((NOTEBOOKS / f"{name}.ipynb").read_bytes())
    return execute(folder, "papermill", words=("--cwd", str(NOTEBOOKS)), **environment)


PAGES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


# All pages are run by nbval as well, two of them by papermill in the next test; what that adds shows in one with files, too.
SOME_PAGES = [pytest.param(name, marks=() if name == "03-files" else pytest.mark.faults) for name in PAGES]


@pytest.mark.parametrize("name", SOME_PAGES)
def test_every_page_of_the_manual_passes_under_papermill(tmp_path, name):
    done = manual(tmp_path, name)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "pages",
    [(PAGES[1], PAGES[0], PAGES[1]), pytest.param((*reversed(PAGES), PAGES[1]), marks=pytest.mark.faults)],
    ids=["some", "all"],
)
def test_pages_pass_in_one_hub_in_another_sequence_beside_a_notebook_that_listens_to_everything(tmp_path, pages):
    """Each page looks at all deliveries of its events: one to the other notebook, which fails, would be seen there."""
    with served(tmp_path) as hub:
        at = {"PFNB_URL": hub.url, "PFNB_TOKEN": TOKEN}
        with running_kernel(tmp_path, {**own_environment(tmp_path), **at}) as other:
            other.ok("%load_ext pfnb\nimport pfnb\nheard = []")
            other.ok("@pfnb.on('webhook.#')\ndef everything(event):\n    heard.append(event.key)\n    raise ValueError")
            for name in pages:
                done = manual(tmp_path, name, **at)
                assert done.returncode == 0, f"{name}: {done.stderr}"
            assert other.ok("print(heard)").stdout == "[]\n"
