"""`pfnb listen` at a terminal: colours, nothing that strangers could do to the screen, and Ctrl-C."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.live.terminal import Terminal

COLOURS = re.compile(r"\x1b\[\d+m")


class Recorded(Terminal):
    """Also keeps what the program wrote, and not only what the screen shows."""

    written = ""

    def _read(self) -> bool:
        feed, self._stream.feed = self._stream.feed, self._feed
        try:
            return super()._read()
        finally:
            self._stream.feed = feed

    def _feed(self, text: str) -> None:
        self.written += text
        type(self._stream).feed(self._stream, text)


@contextmanager
def listening(environment: dict[str, str], folder: Path, **more: str) -> Iterator[Recorded]:
    command = [sys.executable, "-m", "pfnb.cli", "listen"]
    terminal = Recorded(command, {**environment, "TERM": "xterm-256color", **more}, folder)
    try:
        terminal.until(lambda text: "Ctrl-C ends" in text)
        yield terminal
    finally:
        terminal.process.close(force=True)


def address(terminal: Terminal) -> str:
    found = re.search(r"^ +(http\S+)$", terminal.text, re.MULTILINE)
    assert found is not None
    return found[1]


def test_strangers_write_to_the_screen_only_what_is_visible(environment: dict[str, str], tmp_path: Path) -> None:
    with listening(environment, tmp_path) as terminal:
        evil = "\x1b[2J\x1b]0;owned\x07\x9b2J\r\nnot a line of ours\x1b[31m"
        httpx.post(address(terminal), json={"x": evil, evil: 1}, trust_env=False)
        terminal.until(lambda text: "#1" in text and text.endswith("}"))
        assert "Ctrl-C ends" in terminal.text
        assert "\n  not" not in terminal.text
        rest = COLOURS.sub("", terminal.written)
        assert COLOURS.search(terminal.written)
        assert not [sign for sign in rest if not sign.isprintable() and sign not in "\r\n"]


def test_no_color_means_none(environment: dict[str, str], tmp_path: Path) -> None:
    with listening(environment, tmp_path, NO_COLOR="1") as terminal:
        httpx.post(address(terminal), json={"a": 1}, trust_env=False)
        terminal.until(lambda text: text.endswith("}"))
        assert "\x1b" not in terminal.written


def test_ctrl_c_ends_it_with_a_summary(environment: dict[str, str], tmp_path: Path) -> None:
    with listening(environment, tmp_path) as terminal:
        httpx.post(address(terminal), json={"a": 1}, trust_env=False)
        terminal.until(lambda text: text.endswith("}"))
        terminal.process.sendcontrol("c")
        assert terminal.ended() == 0
        assert "pfnb: 1 received" in terminal.text
        assert "Traceback" not in terminal.text
