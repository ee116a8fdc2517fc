"""Limits on parsing and evaluating an expression, so that no text or payload can bring the process down."""

MAX_EXPRESSION = 65_536
"""Characters of one expression."""

MAX_DEPTH = 64
"""Nesting of brackets, signs, conditions and texts within one expression."""

MAX_INTEGER_BITS = 4096
"""Size of a whole number that an operator may produce (about 1,200 digits)."""

MAX_TEXT = 8_000_000
"""Characters of a text that an expression may produce: more than any payload and its base64 form."""

MAX_ITEMS = 1_000_000
"""Items of a list that an expression may produce."""

MAX_PRODUCED = 24_000_000
"""Total that one evaluation may produce or look at: an item looked at and a character count 1, a new item ITEM_COST."""

ITEM_COST = 8

WORD_COST = 4
"""Cost of each word within `?[…]` and `![…]`, per item that it is evaluated for."""

COMPARED_COST = 20
"""Cost of each item when two lists or maps are compared."""

COMPARED_BESIDES = 8
"""Extra cost, in items, of comparing two lists or maps: even empty ones take time."""

SCANNED_PER_UNIT = 16
"""Characters that Python's C code scans for one unit of MAX_PRODUCED."""

LIGHT = 64
"""Words of an expression, and characters of a text, too few to be counted."""

PORTION = 50_000
"""Work of an evaluation between two checks, which may move it to a thread or end it."""

MEASURED_EVERY = 16_000_000
"""How much a run produces before its memory is measured."""

PATTERN_SECONDS = 0.3
"""Processor time that all regular expressions of one evaluation may take together; it bounds their memory as well."""

FUNCTION_SECONDS = 30.0
"""Processor time that all functions of one evaluation may take together, before the last of them is called."""

WAIT_SECONDS = 30
"""How long an expression waits for one asynchronous function."""

MAX_MATCHED = 1_000_000
"""Characters of a text that a regular expression is applied to."""

MAX_PATTERN = 1_000
"""Characters of a regular expression."""

MAX_PATTERN_WEIGHT = 10_000
"""Characters and classes of a regular expression with its counts, such as `{3}`, expanded."""

MAX_CACHED = 1_024
"""Longest text, in characters, that is cached once parsed."""

CACHE_SIZE = 1_024
"""How many parsed expressions, and separately templates, are cached."""
