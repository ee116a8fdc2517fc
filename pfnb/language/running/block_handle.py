"""The object with which a block command runs its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pfnb.language.pipeline import Block

if TYPE_CHECKING:
    from pfnb.language.running.execution import Execution


class BlockHandle:
    """A block command's parameter `block`: its parts, which it may run any number of times."""

    def __init__(self, run: Execution, block: Block) -> None:
        self._run = run
        self._block = block

    async def run(self, name: str, iteration: int | None = None) -> None:
        """Run a part by its name, such as `if.else`; a part that is not in the pipeline has no steps. A loop passes its
        `iteration`, from 0."""
        run, around = self._run, self._run.iteration
        first, *others = self._block.parts
        part = next((part for part in self._block.parts if part.name == name), None)
        run.depth += 1
        run.iteration = around if iteration is None else (*around, iteration)
        try:
            for formula in (first.eval, part.eval if part in others and part is not None else None):
                if formula is not None:
                    await run.evaluate(formula)
            await run.sequence(part.steps if part is not None else ())
            if self._block.end_eval is not None:
                await run.evaluate(self._block.end_eval)
        finally:
            run.depth -= 1
            run.iteration = around
