"""The one way the demo gives up."""

from __future__ import annotations


class DemoError(Exception):
    """The demo cannot go on; the message is for whoever started it."""
