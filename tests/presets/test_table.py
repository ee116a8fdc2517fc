"""Presets are files: those of pfnb, and those that an installed package brings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pfnb.exceptions import ParameterError
from pfnb.presets import table

ACME = """
title = "Acme"
where = "Acme → Hooks: URL, Key."
known = "first"

[settings]
methods = ["POST"]
payloadType = "raw"
signature = {scheme = "hmac", header = "X-Acme"}

[[handshakes]]
name = "hello"
when = {method = "GET", query = {hello = "*"}}
answer = {text = "#{body.query.hello}"}

[sample]
headers = {Content-Type = "application/json"}
body = "{}"
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an installed package that brings presets."""
    made = tmp_path / "acme_presets"
    made.mkdir()
    (made / "__init__.py").touch()
    (made / "acme.toml").write_text(ACME)
    info = tmp_path / "acme_presets-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-presets\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pfnb.presets]\nacme = acme_presets\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield made
    forget()


def forget() -> None:
    sys.modules.pop("acme_presets", None)
    table._files.cache_clear()
    table.preset_of.cache_clear()


def test_a_package_can_bring_presets(package: Path) -> None:
    assert "acme" in table.names()
    assert table.preset_of("acme").handshakes[0].name == "hello"


def test_a_package_replaces_no_built_in_preset(package: Path) -> None:
    (package / "github.toml").write_text(ACME)
    assert table.preset_of("github").title == "GitHub"


@pytest.mark.parametrize("wrong", ["title = ", ACME.replace("known", "knwon"), ACME.replace("#{body", "#{(body")])
def test_a_wrong_file_is_an_error_that_names_its_preset(package: Path, wrong: str) -> None:
    (package / "acme.toml").write_text(wrong)
    with pytest.raises(ParameterError, match="the preset acme cannot be read"):
        table.preset_of("acme")
    assert table.find_preset("acme") is None
    assert table.preset_of("github").title == "GitHub"


def test_a_broken_package_leaves_the_others(package: Path, caplog: pytest.LogCaptureFixture) -> None:
    (package / "__init__.py").write_text("raise RuntimeError('broken')")
    assert "github" in table.names()
    assert "acme" not in table.names()
    assert "acme_presets" in caplog.text
