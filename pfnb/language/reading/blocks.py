"""The list of steps as nested blocks: which steps an `if` or a `foreach` governs."""

from __future__ import annotations

from pfnb.exceptions import PipelineSyntaxError
from pfnb.language.pipeline import Block, Part, Step
from pfnb.language.reading.steps import Call

MAX_DEPTH = 50


def build_blocks(calls: list[Call]) -> tuple[Step | Block, ...]:
    """The steps with their blocks.

    Raises PipelineSyntaxError for a block that is never closed, at the step that opened it, and for a part or an end
    that belongs to no open block, at its own line.
    """
    builder = _Builder(calls)
    steps = builder.steps(None)
    return tuple(steps)


class _Builder:
    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.at = 0
        self.depth = 0

    def steps(self, opener: Call | None) -> list[Step | Block]:
        """Read up to the next part or end of the open block, without consuming it, or to the end of the list."""
        found: list[Step | Block] = []
        while self.at < len(self.calls):
            call = self.calls[self.at]
            if call.frame is not None:
                if opener is None or call.step.command is not opener.step.command:
                    raise _stray(call, opener)
                return found
            self.at += 1
            found.append(call.step if call.step.command.block is None else self.block(call))
        return found

    def block(self, opener: Call) -> Block:
        declaration = opener.step.command.block
        assert declaration is not None
        if self.depth == MAX_DEPTH:
            raise _error(f"blocks are nested deeper than {MAX_DEPTH}", opener)
        self.depth += 1
        parts: list[Part] = []
        name, at_entry = opener.step.command.name, opener.step.options.eval
        while True:
            parts.append(Part(name, at_entry, tuple(self.steps(opener))))
            if self.at == len(self.calls):
                if declaration.end is None:
                    return Block(opener.step, tuple(parts))
                name = opener.step.command.name
                raise _error(f'"{name}" is never closed: put "- {declaration.end}" after its last step', opener)
            frame = self.calls[self.at]
            self.at += 1
            if frame.frame == declaration.end:
                self.depth -= 1
                return Block(opener.step, tuple(parts), frame.step.options.eval)
            name, at_entry = frame.frame or "", frame.step.options.eval
            if any(part.name == name for part in parts):
                raise _error(
                    f'a second "{name}" for the "{opener.step.command.name}" in line {opener.step.line}', frame
                )


def _stray(call: Call, opener: Call | None) -> PipelineSyntaxError:
    owner = call.step.command
    if opener is None or opener.step.command.block is None:
        return _error(f'"{call.frame}" has no "{owner.name}" above it', call)
    if opener.step.command.block.end is None:
        name = opener.step.command.name
        return _error(f'"{name}" extends to the end of the pipeline: put it after the last "{call.frame}"', opener)
    open_name, end = opener.step.command.name, opener.step.command.block.end
    return _error(
        f'"{call.frame}" is not allowed within the "{open_name}" in line {opener.step.line}: put "- {end}" before it',
        call,
    )


def _error(message: str, call: Call) -> PipelineSyntaxError:
    return PipelineSyntaxError(message, line=call.step.line, column=call.step.column, step=call.step.number)
