"""A drawing of a pipeline: a Mermaid flowchart for front ends that draw it, else a tree as text; and its source."""

from __future__ import annotations

from difflib import get_close_matches

from pfnb.exceptions import NotFoundError, PfnbError
from pfnb.kernel.notebook import Notebook
from pfnb.language.reading.parser import parse_pipeline


class Drawing:
    """If the pipeline cannot be parsed here, `mermaid` is empty and `tree` says why: it may use another notebook's commands.
    Secrets are masked in source, flowchart and tree."""

    def __init__(self, name: str, source: str, mermaid: str, tree: str) -> None:
        self.name = name
        self.source = source
        self.mermaid = mermaid
        self.tree = tree

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display.visible import visible

        text = visible(f"{self.tree}\n\n{self.source.rstrip()}")
        return {"text/vnd.mermaid": self.mermaid, "text/plain": text} if self.mermaid else {"text/plain": text}

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"


def drawn(notebook: Notebook, name: str) -> Drawing:
    """Draw the pipeline of a listener, in any notebook of this owner. NotFoundError if there is none."""
    from pfnb.language.editing.diagram import flowchart, tree
    from pfnb.language.masking import Mask

    sources = {row["name"]: row["source"] for row in notebook.run_sync(notebook.hub.list_listeners())}
    if name not in sources:
        near = get_close_matches(name, sources, n=1)
        hint = f"did you mean {near[0]}?" if near else "%pipeline list shows all that do"
        raise NotFoundError(f"no pipeline {name} listens: {hint}")
    source = sources[name]
    webhooks = notebook.run_sync(notebook.hub.get_webhooks())
    mask = Mask.for_uuids(webhook["uuid"] for webhook in webhooks).text
    try:
        pipeline = parse_pipeline(source, notebook.runner.registry)
    except PfnbError as error:
        return Drawing(name, mask(source), "", f"This pipeline cannot be drawn here: {error}")
    return Drawing(name, mask(source), flowchart(pipeline, mask=mask), tree(pipeline, mask=mask))
