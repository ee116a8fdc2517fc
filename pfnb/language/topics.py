"""Event keys as AMQP topics, so that a listener here matches exactly what a RabbitMQ binding would."""

from __future__ import annotations

import re
from functools import lru_cache

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

WORD = "*"
WORDS = "#"
_EVENT_PATTERN = re.compile(r"([A-Za-z0-9_-]+|\*|#)(\.([A-Za-z0-9_-]+|\*|#))*")
_EVENT_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class Topic:
    """A compiled pattern: words separated by dots; `*` matches exactly one word, `#` any number of words, none included."""

    __slots__ = ("_collapsed", "_literal", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._literal = not {WORD, WORDS} & set(pattern.split("."))
        words = pattern.split(".") if pattern else []
        # "#.#" means what "#" means; collapsing keeps matching proportional to pattern × key.
        self._collapsed = [word for at, word in enumerate(words) if word != WORDS or at == 0 or words[at - 1] != WORDS]

    def matches(self, key: str) -> bool:
        """Whether the pattern matches this event key."""
        if self._literal:
            return key == self.pattern
        words = key.split(".") if key else []
        return _match(self._collapsed, words)


def _match(pattern: list[str], words: list[str]) -> bool:
    """Walk the pattern with the set of all possible positions in the key; no backtracking, so no blow-up."""
    possible = {0}
    for part in pattern:
        if part == WORDS:
            possible = set(range(min(possible), len(words) + 1))
        else:
            possible = {at + 1 for at in possible if at < len(words) and part in (WORD, words[at])}
        if not possible:
            return False
    return len(words) in possible


@lru_cache(maxsize=1024)
def compile_topic(pattern: str) -> Topic:
    """The compiled form of a pattern."""
    return Topic(pattern)


def topic_matches(pattern: str, key: str) -> bool:
    """Whether `key` (such as `webhook.lead.created`) matches `pattern` (such as `webhook.lead.*` or `webhook.#`)."""
    return compile_topic(pattern).matches(key)


def check_event_key(key: object) -> str:
    """The key itself; ParameterError if it is not a text, or cannot be routed as a topic."""
    if not isinstance(key, str) or len(key) > 255 or not _EVENT_KEY.fullmatch(key):
        raise ParameterError(
            f"{shown(key)} is not a valid event key: use words of letters, digits, - and _ joined by dots, "
            "such as webhook.lead.created"
        )
    return key


def check_event_pattern(pattern: str) -> str:
    """The pattern itself; ParameterError if it cannot match an event key."""
    if len(pattern) > 255 or not _EVENT_PATTERN.fullmatch(pattern):
        raise ParameterError(
            f"{shown(pattern)} is not a valid event key or pattern: use words of letters, digits, - and _ joined by dots, * for "
            "one word and # for any number of words, such as webhook.lead.*"
        )
    return pattern
