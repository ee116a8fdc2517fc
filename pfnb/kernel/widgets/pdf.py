"""The first page of a PDF as a picture, drawn in a separate process: a stranger's file must not crash the kernel.

Run as a module, this reads a PDF from stdin and writes a PNG to stdout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from pfnb.environment import for_children
from pfnb.exceptions import MissingPackageError, PreviewError

_SECONDS = 15.0
_WIDTH = 900
_TALLEST = 4
"""The picture is at most this many times as high as `_WIDTH`; longer pages are scaled down."""


def draw_first_page(data: bytes) -> bytes:
    """A PNG. MissingPackageError without the extra, PreviewError if it cannot be drawn. Slow: call it in a thread."""
    missing = [module for module in ("pypdfium2", "PIL") if find_spec(module) is None]
    if missing:
        raise MissingPackageError("previews of PDF files need the extra [previews]: pip install 'pfnb[previews]'")
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=data, capture_output=True, timeout=_SECONDS, check=False, env=for_children(os.environ)
        )
    except subprocess.TimeoutExpired:
        raise PreviewError(f"this PDF was not drawn within {_SECONDS:g} seconds") from None
    if done.returncode:
        raise PreviewError("this PDF cannot be drawn: it is damaged, or needs a password")
    return done.stdout


def _draw(data: bytes) -> bytes:
    import io

    import pypdfium2  # type: ignore[import-untyped]

    page = pypdfium2.PdfDocument(data)[0]
    width, height = page.get_size()
    scale = min(_WIDTH / width, _WIDTH * _TALLEST / height)
    picture = io.BytesIO()
    page.render(scale=scale).to_pil().save(picture, "PNG")
    return picture.getvalue()


if __name__ == "__main__":
    sys.stdout.buffer.write(_draw(sys.stdin.buffer.read()))
