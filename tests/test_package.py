"""What an installed pfnb promises as a package: it loads quickly, says truly what it offers, and is switched on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pfnb

ROOT = Path(__file__).parents[1]
IMPORT_SECONDS = 0.15
COLOUR = re.compile(r"\x1b\[\d*m")

TIMED_IMPORT = """
import time
started = time.perf_counter()
import pfnb
print(time.perf_counter() - started)
"""

LOADED_IN_A_SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "pfnb")
print("LOADED", sorted({name.split(".")[0] for name in sys.modules}))
"""


def python(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.alone
def test_importing_pfnb_takes_no_time_a_user_would_notice():
    best = min(float(python(TIMED_IMPORT)) for _ in range(5))
    assert best <= IMPORT_SECONDS


def test_loading_the_extension_in_a_shell_never_imports_jupyter_server():
    loaded = python(LOADED_IN_A_SHELL).partition("LOADED")[2]
    assert "'pfnb'" in loaded
    assert "'jupyter_server'" not in loaded


def test_all_lists_every_public_name_in_order():
    assert list(pfnb.__all__) == sorted(pfnb.__all__)
    assert set(pfnb.__all__) <= set(dir(pfnb))


@pytest.mark.parametrize("name", pfnb.__all__)
def test_every_listed_name_is_there(name: str):
    assert getattr(pfnb, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="webhok"):
        _ = pfnb.webhok


def test_rooms_import_downwards_only():
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    # Within this process it would switch off every logger there is, for the tests that follow.
    checked = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_installing_enables_the_server_extension():
    command = [sys.executable, "-m", "jupyter_server.extension.serverextension", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    said = " ".join(COLOUR.sub("", listed.stdout + listed.stderr).split())
    assert "pfnb enabled" in said
    assert re.search(r"Validating pfnb\.\.\. pfnb( \d\S*)? OK", said)
