"""A YAML (or JSON) text read into nodes."""

from __future__ import annotations

from pfnb.exceptions import PipelineSyntaxError
from pfnb.language.yaml.nodes import Node

MAX_BYTES = 1024 * 1024


def read_document(source: str, *, first_line: int = 1) -> Node | None:
    """The root node; None for a text without content. Lines count from `first_line`.

    Raises PipelineSyntaxError, with line and column, for text that is not YAML and for YAML that is too big, too deep,
    cyclic, tagged, or has a key twice.
    """
    if len(source.encode("utf-8", "replace")) > MAX_BYTES:
        raise PipelineSyntaxError(f"the text is longer than {MAX_BYTES // 1024} KiB", line=first_line, column=1)
    # Imported here, since loading the library would slow down `%load_ext` noticeably.
    from pfnb.language.yaml.reader import Reader

    return Reader(source, first_line).read()
