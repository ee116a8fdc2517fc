"""The real `ipython` in a real terminal, with an event from another process; and where there is no terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.live.terminal import IPythonTerminal, Terminal, ipython

IPYTHON = [str(Path(sys.executable).with_name("ipython"))]
CONSOLE = [sys.executable, "-m", "jupyter_console"]
PIPELINE = """%%pipeline lead
pipeline:
  - event.listen: {key: webhook.lead}
  - body.set: "Hello #{body.payload.name}\""""
LISTENER = """@pfnb.on('webhook.lead')
def heard(event):
    from IPython.display import display
    print('heard', event.json()['name'])
    display({'shown': 1})
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    foreign = ("PFNB_", "PYTHONWARNINGS", "COLUMNS", "LINES")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**clean, "TERM": "xterm-256color", "IPYTHONDIR": str(tmp_path / "ipython")}


@pytest.fixture
def terminal(environment: dict[str, str], tmp_path: Path) -> Iterator[IPythonTerminal]:
    with ipython(IPYTHON, environment, tmp_path) as terminal:
        yield terminal


def webhook(terminal: IPythonTerminal) -> str:
    """The address of a webhook of `webhook.lead`."""
    assert "webhook.lead  (active)" in terminal.cell("%webhook put eventKey=webhook.lead payloadType=raw")
    shown = re.search(r"http[^\s']+", terminal.cell("%webhook url eventKey=webhook.lead --show"))
    assert shown is not None
    return shown[0]


def call(url: str, name: str) -> str:
    """What another process, the caller of a webhook, is answered."""
    program = "import httpx, sys; print(httpx.post(sys.argv[1], json={'name': sys.argv[2]}, trust_env=False).text)"
    done = subprocess.run(
        [sys.executable, "-c", program, f"{url}&wait=true", name], capture_output=True, text=True, check=True
    )
    return done.stdout


def leave(terminal: Terminal, words: str) -> None:
    terminal.process.send(words)
    assert terminal.ended(seconds=10) == 0, terminal.text


def test_a_terminal_has_all_of_an_events_way(terminal: IPythonTerminal) -> None:
    assert "a hub in this kernel" in terminal.cell("%load_ext pfnb\nimport pfnb")
    url = webhook(terminal)
    assert "lead listens for webhook.lead" in terminal.cell(PIPELINE)
    assert "Hello Ada" in call(url, "Ada")
    event = terminal.cell("%event wait key=webhook.lead timeout=20")
    assert "webhook.lead  succeeded" in event
    assert 'name  "Ada"' in event
    assert re.search(r"lead +webhook.lead .* connected", terminal.cell("%pipeline list"))
    assert "1 event" in terminal.cell("%webhook inspect")
    assert "body.set" in terminal.cell("%pipeline debug lead")
    assert "1 pipeline, 1 webhook, 1 event" in terminal.cell("%unload_ext pfnb")
    threads = terminal.cell("import threading; [one.name for one in threading.enumerate() if 'pfnb' in one.name]")
    assert "[]" in threads.splitlines()[1]
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, trust_env=False)
    leave(terminal, "exit\r")


def test_what_a_listener_prints_and_displays_leaves_the_line_that_is_typed_whole(terminal: IPythonTerminal) -> None:
    terminal.cell("%load_ext pfnb\nimport pfnb")
    url = webhook(terminal)
    terminal.cell(LISTENER)
    terminal.process.send("6 * 7")
    terminal.until(lambda text: text.endswith(f"In [{terminal.cells}]: 6 * 7"))
    for name in ("Ada", "Eve"):
        call(url, name)
    printed = "\nheard Ada\n{'shown': 1}\nheard Eve\n{'shown': 1}\n"
    terminal.until(lambda text: text.endswith(f"{printed}In [{terminal.cells}]: 6 * 7"))
    terminal.process.send("\r")
    terminal.ready()
    assert "Out[5]: 42" in terminal.text
    terminal.process.send("\x04")
    terminal.until(lambda text: "really want to exit" in text)
    leave(terminal, "y\r")  # with the extension still loaded


def test_tab_completes_the_magics_in_a_terminal(terminal: IPythonTerminal) -> None:
    terminal.cell("%load_ext pfnb")
    terminal.process.send("%webhook rot\t")
    terminal.until(lambda text: "%webhook rotate" in text)
    terminal.process.send("\x15%pipeline \t")
    terminal.until(lambda text: "list" in text and "debug" in text)
    terminal.process.send("\x15")
    assert "2" in terminal.cell("1 + 1")


def test_ctrl_c_ends_a_wait_in_a_terminal_and_not_the_hub(terminal: IPythonTerminal) -> None:
    terminal.cell("%load_ext pfnb")
    url = webhook(terminal)
    terminal.enter("print('wait' 'ing'); get_ipython().run_line_magic('event', 'wait key=webhook.lead timeout=60')")
    terminal.until(lambda text: "waiting" in text)
    terminal.process.sendintr()
    terminal.ready()
    assert "KeyboardInterrupt" in terminal.text
    assert "200" in call(url, "Ada")


def test_a_failing_cell_is_one_line_in_a_terminal(terminal: IPythonTerminal) -> None:
    terminal.cell("%load_ext pfnb")
    said = terminal.cell("%%pipeline lead\npipeline:\n  - no.such.command:")
    assert "no.such.command" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "command",
    [
        [*IPYTHON, "-c", "%load_ext pfnb"],
        [*IPYTHON, "--ext", "pfnb", "-c", "import pfnb; pfnb.webhook('webhook.lead')"],
        [*IPYTHON, "--simple-prompt", "--no-confirm-exit"],
        [sys.executable, "-m", "IPython", "program.ipy"],
    ],
    ids=["one line", "in its settings", "standard input", "file"],
)
def test_ipython_without_a_terminal_loads_and_ends(
    command: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    cells = "%load_ext pfnb\n%webhook put eventKey=webhook.lead\n"
    (tmp_path / "program.ipy").write_text(cells)
    done = subprocess.run(
        command, input=cells, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "pfnb uses a hub in this kernel" in done.stdout
    assert "Error" not in done.stdout + done.stderr


def test_a_shell_embedded_in_a_program_loads_it(environment: dict[str, str], tmp_path: Path) -> None:
    program = [sys.executable, "-c", "import IPython; IPython.embed(); print('went' + ' on')"]
    with ipython(program, environment, tmp_path) as terminal:
        assert "pfnb uses" in terminal.cell("%load_ext pfnb")
        terminal.process.send("exit\r")
        assert terminal.ended(seconds=10) == 0
        assert "went on" in terminal.text


def test_jupyter_console_has_the_same(environment: dict[str, str], tmp_path: Path) -> None:
    with ipython(CONSOLE, environment, tmp_path) as terminal:
        assert "pfnb uses" in terminal.cell("%load_ext pfnb")
        url = webhook(terminal)
        assert "lead listens for webhook.lead" in terminal.cell(PIPELINE)
        assert "Hello Ada" in call(url, "Ada")
        assert "webhook.lead  succeeded" in terminal.cell("%event wait key=webhook.lead timeout=20")
        assert "1 pipeline, 1 webhook, 1 event" in terminal.cell("%unload_ext pfnb")
        leave(terminal, "exit\r")
