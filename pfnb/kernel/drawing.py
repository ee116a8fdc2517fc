"""A pipeline to look at: a flowchart where JupyterLab draws it, a tree in text, and its source."""

from __future__ import annotations

from difflib import get_close_matches

from pfnb.exceptions import NotFoundError, PfnbError
from pfnb.kernel.notebook import Notebook
from pfnb.language.parser import parse_pipeline


class Drawing:
    """`mermaid` is empty, and `tree` says why, where a pipeline cannot be read here: it may use commands that another
    notebook has. Secrets are masked in all of them."""

    def __init__(self, name: str, source: str, mermaid: str, tree: str) -> None:
        self.name = name
        self.source = source
        self.mermaid = mermaid
        self.tree = tree

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.kernel.display.visible import visible

        text = visible(f"{self.tree}\n\n{self.source.rstrip()}")
        return {"text/vnd.mermaid": self.mermaid, "text/plain": text} if self.mermaid else {"text/plain": text}

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"


def drawn(notebook: Notebook, name: str) -> Drawing:
    """The pipeline of a listener, of this notebook or another one of this owner. NotFoundError if there is none."""
    from pfnb.language.diagram import flowchart, tree
    from pfnb.language.masking import Mask

    sources = {row["name"]: str(row["source"]) for row in notebook.run_sync(notebook.hub.list_listeners())}
    if name not in sources:
        near = get_close_matches(name, sources, n=1)
        hint = f"did you mean {near[0]}?" if near else "%pipeline list shows those that do"
        raise NotFoundError(f"no pipeline {name} listens: {hint}")
    source = sources[name]
    webhooks = notebook.run_sync(notebook.hub.get_webhooks())
    mask = Mask(frozenset(webhook["uuid"][-6:].lower() for webhook in webhooks)).text
    try:
        pipeline = parse_pipeline(source, notebook.runner.registry)
    except PfnbError as error:
        return Drawing(name, mask(source), "", f"This pipeline cannot be drawn here: {error}")
    return Drawing(name, mask(source), flowchart(pipeline, mask=mask), tree(pipeline, mask=mask))
