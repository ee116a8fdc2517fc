"""Writes the reference: `make docs`."""

from __future__ import annotations

from tests.reference.pages import DOCS, pages

made = pages()
for folder in ("commands", "functions"):
    for stale in (DOCS / folder).glob("*.md"):
        if f"{folder}/{stale.name}" not in made:
            stale.unlink()
for path, text in made.items():
    (DOCS / path).parent.mkdir(parents=True, exist_ok=True)
    (DOCS / path).write_text(text)
