"""Sends messages to other people's webhooks from a notebook."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pfnb.commands.outbound import message_of
from pfnb.kernel.notebook import Notebook
from pfnb.kernel.objects.testcall import Answer, content_type


def send(notebook: Notebook, url: str, message: Any, files: Sequence[Path], timeout: float) -> Answer:
    """Send a message (a text, or a value as JSON) or files to `url` and return the answer. AccessDeniedError if that address
    may not be called, OutboundError if there is no good answer."""
    from pfnb import outbound

    parts = [outbound.FileContent(path.name, content_type(path), path.read_bytes()) for path in files]
    content = outbound.Content.form(parts, {}) if parts else message_of(message)
    targets = outbound.Targets.from_environment(os.environ)
    answer = notebook.run_sync(outbound.send(targets, url, content, attempts=outbound.Attempts(timeout=timeout)))
    return Answer(answer.status, answer.headers, answer.data)
