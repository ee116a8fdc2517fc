"""What a run says about the message that started it: done with, to come again, or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pfnb.exceptions import ParameterError, PfnbError, StepError

Answer = Literal["ack", "nack", "drop"]


@dataclass(slots=True)
class Acknowledgement:
    """Of a run that acknowledges its message itself. `answer` is None as long as it has not said anything."""

    answer: Answer | None = None

    def give(self, answer: Answer) -> None:
        """ParameterError for a second, different answer."""
        if self.answer not in (None, answer):
            raise ParameterError(f"message.{answer}: this run has already said message.{self.answer}")
        self.answer = answer

    def check(self) -> None:
        """Call this after a run that succeeded. StepError if it returned the message."""
        if self.answer == "nack":
            raise StepError("message.nack: the run returned its message, so that it comes again")

    def mark(self, error: PfnbError) -> None:
        """Call this with the error that ended a run: a message that was acknowledged or dropped does not come again."""
        error.is_final = self.answer in ("ack", "drop")
