from __future__ import annotations

import pytest

from pfnb.hub.receiving.cookies import without_jupyters


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('a=1; _xsrf=2|x; username-127-0-0-1-8888="2|1:0|10:1|23"; b=2', "a=1; b=2"),
        ("jupyterhub-session-id=x; jupyterhub-user-ada=y;jupyter-hub-token=z", None),
        ("USERNAME-localhost-8888=x;a=1", "a=1"),
        ("username=ada; xsrf=1", "username=ada; xsrf=1"),
        ("", None),
    ],
)
def test_an_event_keeps_all_cookies_but_those_of_jupyters_login(sent: str, kept: str | None) -> None:
    headers = without_jupyters((("X-A", ""), ("Cookie", sent)))
    assert headers == (("X-A", ""), *(() if kept is None else (("Cookie", kept),)))
