"""Outbound calls: which targets are allowed, and how calls are signed, sent and retried."""

from pfnb.outbound.answer import Answer
from pfnb.outbound.content import Content, FileContent
from pfnb.outbound.send import Attempts, send
from pfnb.outbound.targets import VARIABLE, Targets

__all__ = ["VARIABLE", "Answer", "Attempts", "Content", "FileContent", "Targets", "send"]
