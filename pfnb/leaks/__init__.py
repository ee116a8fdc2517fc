"""Secrets of webhooks in places where others can read them: in files, in notebooks, in the history of git."""

from pfnb.leaks.finder import Finder
from pfnb.leaks.leak import Leak
from pfnb.leaks.masks import mask
from pfnb.leaks.scan import Scan, scan

__all__ = ["Finder", "Leak", "Scan", "mask", "scan"]
