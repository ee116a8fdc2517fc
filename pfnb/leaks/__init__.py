"""Finds webhook secrets where others can read them: in files, notebooks and git history."""

from pfnb.leaks.finder import Finder
from pfnb.leaks.halt import Halt
from pfnb.leaks.leak import Leak
from pfnb.leaks.masks import mask
from pfnb.leaks.scan import Scan, scan

__all__ = ["Finder", "Halt", "Leak", "Scan", "mask", "scan"]
