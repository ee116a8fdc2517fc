"""Runs cells in a real kernel through its own sockets, as a front end would."""

from __future__ import annotations

from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient

OUTPUTS = ("stream", "display_data", "execute_result", "error")


class CellError(Exception):
    """A cell raised; the message is the cell's own traceback."""


def run_cell(client: BlockingKernelClient, source: str, *, timeout: float = 60) -> list[dict[str, Any]]:
    """The contents of the cell's output messages, in order; CellError if it raised. A text that a slow kernel sends in pieces is
    one, as in a front end."""
    outputs: list[dict[str, Any]] = []

    def keep(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream" and outputs and outputs[-1].get("name") == content["name"]:
            outputs[-1]["text"] += content["text"]
        elif message["msg_type"] in OUTPUTS:
            outputs.append(content)

    reply = client.execute_interactive(source, allow_stdin=False, timeout=timeout, output_hook=keep)
    if reply["content"]["status"] != "ok":
        raise CellError("\n".join(reply["content"].get("traceback", ["the cell was not run"])))
    return outputs
