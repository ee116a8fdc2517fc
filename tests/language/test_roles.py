"""Roles are names with wildcards; what they grant, and what they include."""

from __future__ import annotations

import pytest

from pfnb.language.roles import EVERYTHING, grants, includes


@pytest.mark.parametrize(
    ("roles", "wanted", "granted"),
    [
        ({"CAN_PIPE_log"}, "CAN_PIPE_log", True),
        ({"CAN_PIPE_log"}, "CAN_PIPE_log.more", False),
        ({"CAN_PIPE_webhook.%"}, "CAN_PIPE_webhook.receive.logs", True),
        ({"CAN_PIPE_webhook.%"}, "CAN_PIPE_webhooks", False),
        ({"CAN_PIPE_%.get"}, "CAN_PIPE_webhook.get", True),
        ({"CAN_PIPE_%"}, "CAN_RUN_AS_SOURCE", False),
        ({"CAN_PIPE_a.b"}, "CAN_PIPE_aXb", False),
        (EVERYTHING, "CAN_PIPE_anything", True),
        (EVERYTHING, "CAN_RUN_AS_TARGET", False),
        (set(), "CAN_PIPE_log", False),
    ],
)
def test_a_role_grants_what_it_names(roles: set[str], wanted: str, granted: bool) -> None:
    assert grants(roles, wanted) is granted


def test_a_wildcard_includes_narrower_ones() -> None:
    assert includes({"CAN_PIPE_webhook.%"}, {"CAN_PIPE_webhook.put", "CAN_PIPE_webhook.receive.%"})
    assert not includes({"CAN_PIPE_webhook.put"}, {"CAN_PIPE_webhook.%"})
