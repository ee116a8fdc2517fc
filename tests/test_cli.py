"""The command line: exit codes, and errors in one line."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pfnb.cli import build_parser, main
from pfnb.hub.past.retention import Keep
from pfnb.server.serve import kept_token
from tests.live.older_database import contents, older_database
from tests.live.served import served


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pfnb.cli", *words], capture_output=True, text=True, timeout=60, check=False, cwd=cwd
    )


@pytest.mark.parametrize(
    "words", [[], ["sevre"], ["serve", "--prot", "1"], ["serve", "--port", "many"], ["serve", "--max-payload", "much"]]
)
def test_wrong_words_exit_with_2_and_say_what_is_allowed(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: pfnb" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [(["-p", "name"], "-p name=value"), (["--port", "1"], "--port cannot be set for the hub"), ([], "set PFNB_TOKEN")],
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
    assert ended.stderr.splitlines() == [f"pfnb: {tmp_path / 'no.ipynb'} cannot be read: No such file or directory"]


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
    assert main(["schema", "wait"]) == 0
    assert "ms" in json.dumps(json.loads(capsys.readouterr().out)["$defs"]["command:wait"])


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


def test_a_token_that_was_never_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    token = kept_token(tmp_path)
    assert token is not None
    assert len(token) >= 32
    assert kept_token(tmp_path) == token


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    mounted = tmp_path / "full"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mounted)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


@pytest.mark.parametrize("version", [0, 2])
def test_a_full_disk_is_said_in_one_line(full_disk: Path, version: int) -> None:
    older_database(full_disk / "pfnb.sqlite", version)
    before = contents(full_disk / "pfnb.sqlite")
    done = run("serve", "--port", "0", "--data-dir", str(full_disk))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert str(full_disk) in done.stderr
    assert "free" in done.stderr
    assert contents(full_disk / "pfnb.sqlite") == before


def test_serve_keeps_as_much_as_any_hub_unless_it_is_told_otherwise() -> None:
    words = build_parser().parse_args(["serve"])
    assert Keep(words.keep_days, words.keep_megabytes) == Keep()
    words = build_parser().parse_args(["serve", "--keep-days", "0.5", "--keep-megabytes", "0"])
    assert (words.keep_days, words.keep_megabytes) == (0.5, 0)


@pytest.fixture
def used_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as used:
        yield used.getsockname()[1]


def test_a_used_port_is_said_with_what_to_do(used_port: int, tmp_path: Path) -> None:
    done = run("serve", "--port", str(used_port), "--data-dir", str(tmp_path / "hub"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"pfnb: port {used_port} of 127.0.0.1 is in use: stop what uses it, or choose another with --port or PFNB_PORT "
        "(0 takes a free one)\n"
    )


def cut_off(file: Path) -> None:
    older_database(file, 2, events=500)
    os.truncate(file, file.stat().st_size // 2)


def of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE places (url)")


def of_a_newer_pfnb(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        database.execute("INSERT INTO schema_version VALUES (999)")
        database.commit()


def of_other_bytes(file: Path) -> None:
    file.write_bytes(b"not a database, but long enough to be looked at" * 100)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (of_other_bytes, "it is not a database: restore it"),
        (cut_off, "it is damaged: restore it"),
        (of_another_program, "it contains tables of another program: restore it"),
        (of_a_newer_pfnb, "use a newer pfnb"),
    ],
)
def test_a_database_that_cannot_be_opened_is_said_in_one_line(
    spoil: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "pfnb.sqlite"
    spoil(file)
    before = file.read_bytes()
    done = run("serve", "--port", "0", "--data-dir", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert str(file) in done.stderr
    assert said in done.stderr
    if spoil in (of_other_bytes, cut_off):
        assert file.read_bytes() == before


def test_a_data_directory_that_is_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("serve", "--port", "0", "--data-dir", str(tmp_path / "file"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "cannot be a data directory: File exists" in done.stderr


def test_a_notebook_that_is_not_there_is_said_before_a_hub_starts(tmp_path: Path) -> None:
    done = run("run", "missing.ipynb", "--port", "0", "--data-dir", str(tmp_path / "hub"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "pfnb: missing.ipynb cannot be read: No such file or directory\n"
    assert not (tmp_path / "hub").exists()


def test_ctrl_c_while_pfnb_still_imports_ends_without_a_traceback(tmp_path: Path) -> None:
    script = """import os, signal, sys

class Interrupted:
    def find_spec(self, name, *_):
        if name == "pfnb.server.serve":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
sys.meta_path.insert(0, Interrupted())
from pfnb.cli import main
sys.exit(main(["serve", "--port", "0", "--data-dir", "hub"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not (tmp_path / "hub").exists()


@pytest.mark.parametrize("port", ["65536", "-1", "0x50", "1.5"])
def test_a_port_that_is_none_is_a_wrong_word(port: str) -> None:
    done = run("serve", f"--port={port}")
    assert done.returncode == 2
    assert "is not a port: write a number from 0 to 65535" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PFNB_PORT", "http", "PFNB_PORT: http is not a port: write a number from 0 to 65535"),
        (
            "PFNB_PUBLIC_URL",
            "hooks.example.org",
            "PFNB_PUBLIC_URL is not a hub's address: write one such as https://hooks.example.org/pfnb",
        ),
    ],
)
def test_a_wrong_variable_of_the_address_is_said_with_what_is_right(
    name: str, value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    done = run("serve", "--data-dir", str(tmp_path / "hub"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert said in done.stderr


def test_a_flag_comes_before_the_variable_of_the_address(tmp_path: Path) -> None:
    there = {"PFNB_PORT": "1", "PFNB_PUBLIC_URL": "https://hooks.example.org/pfnb/"}
    for words, url in (
        ([], "https://hooks.example.org/pfnb"),
        (["--public-url", "https://other.example.org/pfnb"], "https://other.example.org/pfnb"),
    ):
        with served(tmp_path, *words, environment=there) as hub, closing(hub.client()) as client:
            assert hub.address[1] > 1  # `served` gives --port 0
            assert client.command("hub.status")["url"] == url
