"""An open inspector as its front end sees it: questions and what is told, over a real kernel's comm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.kernel.conftest import Cell, LiveKernel

VIEW = "application/vnd.jupyter.widget-view+json"


class FrontEnd:
    """One that has the inspector of `cell` open, or the one of this model."""

    def __init__(self, kernel: LiveKernel, cell: Cell, model: str = "", name: str = "test") -> None:
        self.kernel = kernel
        self.model = model or next(data[VIEW]["model_id"] for data in cell.displays if VIEW in data)
        self.name = name
        self.heard: list[tuple[dict[str, Any], list[bytes]]] = []
        self._count = 0

    def send(self, ask: str, **given: Any) -> int:
        self._count += 1
        content = {"viewer": self.name, "number": self._count, "ask": ask, "with": given}
        self.say(content)
        return self._count

    def say(self, content: Any) -> None:
        data = {"method": "custom", "content": content}
        message = self.kernel.client.session.msg("comm_msg", {"comm_id": self.model, "data": data})
        self.kernel.client.shell_channel.send(message)

    def ask(self, ask: str, **given: Any) -> Any:
        """The answer's value; AssertionError with the message of an error."""
        return self.ask_raw(ask, **given)[0]

    def ask_raw(self, ask: str, **given: Any) -> tuple[Any, list[bytes]]:
        number = self.send(ask, **given)
        content, buffers = self.hear(lambda content: content.get("number") == number)
        assert "error" not in content, content["error"]
        return content["value"], buffers

    def error(self, ask: str, **given: Any) -> str:
        number = self.send(ask, **given)
        return str(self.hear(lambda content: content.get("number") == number)[0]["error"])

    def told(self, what: str, condition: Callable[[dict[str, Any]], bool] = lambda content: True) -> dict[str, Any]:
        """The next thing told of this kind of which the condition holds."""
        return self.hear(lambda content: content.get("told") == what and condition(content))[0]

    def hear(self, condition: Callable[[dict[str, Any]], bool]) -> tuple[dict[str, Any], list[bytes]]:
        found: list[tuple[dict[str, Any], list[bytes]]] = []

        def is_here() -> bool:
            self._take()
            for at, one in enumerate(self.heard):
                if condition(one[0]):
                    found.append(self.heard.pop(at))
                    return True
            return False

        self.kernel.collect(is_here)
        return found[0]

    def _take(self) -> None:
        for messages in self.kernel.messages.values():
            for message in [one for one in messages if one["msg_type"] == "comm_msg"]:
                messages.remove(message)
                content = message["content"]["data"].get("content") or {}
                if message["content"]["comm_id"] == self.model and content.get("viewer") == self.name:
                    self.heard.append((content, [bytes(buffer) for buffer in message["buffers"]]))
