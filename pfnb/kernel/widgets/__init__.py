"""Displays that live: their Python side here, their browser side in `static`. Imported when one is asked for, never before."""
