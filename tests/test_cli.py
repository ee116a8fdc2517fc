"""The command line: exit codes, and errors in one line."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pfnb.cli import build_parser, main
from pfnb.hub.retention import Keep
from pfnb.server.serve import kept_token


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pfnb.cli", *words], capture_output=True, text=True, timeout=60, check=False, cwd=cwd
    )


@pytest.mark.parametrize("words", [[], ["sevre"], ["serve", "--prot", "1"], ["serve", "--port", "many"]])
def test_wrong_words_exit_with_2_and_say_what_is_allowed(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: pfnb" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [(["-p", "name"], "-p name=value"), (["--port", "1"], "PFNB_URL names a hub"), ([], "set PFNB_TOKEN")],
)
def test_words_of_a_run_that_do_not_fit_exit_with_2_and_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PFNB_URL", "http://127.0.0.1:1/pfnb")
    assert main(["run", "leads.ipynb", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_notebook_that_is_not_there_exits_with_1_and_one_line(tmp_path: Path) -> None:
    ended = run("run", str(tmp_path / "no.ipynb"), "--port", "0", "--data-dir", str(tmp_path / "hub"), "--token", "t")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [f"pfnb: [Errno 2] No such file or directory: '{tmp_path / 'no.ipynb'}'"]


def test_a_taken_port_exits_with_1_and_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port), "--data-dir", str(tmp_path / "hub"), "--token", "t")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_data_directory_that_is_a_file_exits_with_1_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("serve", "--port", "0", "--data-dir", str(tmp_path / "file"), "--token", "t")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


def test_the_schema_of_pipelines_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert "command:log" in json.loads(capsys.readouterr().out)["$defs"]


def test_the_schema_of_one_command_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "log"]) == 0
    assert "level" in json.loads(capsys.readouterr().out)["$defs"]["command:log"]["properties"]


def test_the_openapi_document_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--openapi"]) == 0
    assert json.loads(capsys.readouterr().out)["openapi"].startswith("3.1")


def test_an_unknown_command_exits_with_1_and_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "lgo"]) == 1
    assert 'did you mean "log"?' in capsys.readouterr().err


def test_the_schema_knows_commands_of_ones_own_modules(tmp_path: Path) -> None:
    (tmp_path / "crm.py").write_text(
        "import pfnb\n\n@pfnb.command('crm.score')\ndef score(factor: int = 1):\n    'Rate a customer.'\n"
    )
    ended = run("schema", "--import", "crm", "crm.score", cwd=tmp_path)
    assert json.loads(ended.stdout)["$defs"]["command:crm.score"]["description"] == "Rate a customer."
    assert run("schema", "--import", "no_such_module", cwd=tmp_path).stderr.startswith("pfnb: --import no_such_module")


def test_the_token_of_a_data_directory_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "not" / "there" / "yet"
    token = kept_token(data_dir)
    assert token is not None
    assert len(token) >= 32
    assert kept_token(data_dir) == token
    assert stat.S_IMODE((data_dir / "token").stat().st_mode) == 0o600


def test_serve_keeps_as_much_as_any_hub_unless_it_is_told_otherwise() -> None:
    words = build_parser().parse_args(["serve"])
    assert Keep(words.keep_days, words.keep_megabytes) == Keep()
    words = build_parser().parse_args(["serve", "--keep-days", "0.5", "--keep-megabytes", "0"])
    assert (words.keep_days, words.keep_megabytes) == (0.5, 0)
