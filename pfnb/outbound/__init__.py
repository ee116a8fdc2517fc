"""Calls that leave: to whom they may go, how they are signed, sent, and sent again."""

from pfnb.outbound.answer import Answer
from pfnb.outbound.content import Content, FileContent
from pfnb.outbound.send import Attempts, send
from pfnb.outbound.targets import VARIABLE, Targets

__all__ = ["VARIABLE", "Answer", "Attempts", "Content", "FileContent", "Targets", "send"]
