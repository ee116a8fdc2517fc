"""Logging in with a username and a password, as `curl -u` does: the owner with the hub's token, users with their own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.people import logins

INFO = "/api/v3/command/iam.authinfo"
WORDS = "correct horse"


@pytest.fixture
async def grace(owner: httpx.AsyncClient) -> str:
    """An API token of a user who has a password, too."""
    made = {"username": "grace", "password": WORDS, "roleNames": "CAN_PIPE_%"}
    await owner.post("/api/v3/command/iam.user.create", params=made)
    return (await owner.post("/api/v3/command/iam.apitoken", params={"username": "grace"})).text


async def curl(*words: str) -> tuple[int, str]:
    """Status and body that the real program gets."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--noproxy", "*", "-w", "\n%{http_code}", *words, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    body, _, status = output.decode().rpartition("\n")
    return int(status), body


async def _name(anyone: httpx.AsyncClient, name: str, password: str, **headers: str) -> str | int:
    answer = await anyone.get(INFO, auth=(name, password), headers=headers)
    return str(answer.json()["username"]) if answer.status_code == 200 else answer.status_code


def _failures(folder: Path) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in (folder / "hub" / "audit.log").read_text().splitlines()]
    return [entry for entry in entries if entry["event"] == "login.failed"]


async def test_owner_and_users_log_in_by_token_and_by_password(
    server: LocalServer, anyone: httpx.AsyncClient, grace: str
) -> None:
    assert await _name(anyone, "ada", server.token) == "ada"
    assert await _name(anyone, "grace", grace) == "grace"
    assert await _name(anyone, "grace", WORDS) == "grace"


async def test_a_name_that_does_not_belong_to_the_token_is_refused(
    server: LocalServer, anyone: httpx.AsyncClient, grace: str, tmp_path: Path
) -> None:
    assert await _name(anyone, "grace", server.token) == 401
    assert await _name(anyone, "ada", grace) == 401
    assert await _name(anyone, "", grace) == 401
    assert [entry["target"] for entry in _failures(tmp_path)] == ["grace", "ada", ""]
    log = (tmp_path / "hub" / "audit.log").read_text()
    assert server.token not in log
    assert grace not in log


async def test_guessing_is_slowed_down_and_no_answer_tells_that_a_guess_was_right(
    anyone: httpx.AsyncClient, grace: str, tmp_path: Path
) -> None:
    assert await _name(anyone, "grace", WORDS) == "grace"
    tries = [await _name(anyone, "grace", f"wrong horse {n}") for n in range(logins.FREE_TRIES + 1)]
    assert tries == [401] * logins.FREE_TRIES + [429]
    assert await _name(anyone, "grace", WORDS) == 429
    assert [entry["via"] for entry in _failures(tmp_path)] == ["login"] * logins.FREE_TRIES
    assert "horse" not in (tmp_path / "hub" / "audit.log").read_text()


async def test_parallel_requests_with_the_right_password_are_no_guesses(anyone: httpx.AsyncClient, grace: str) -> None:
    names = await asyncio.gather(*(_name(anyone, "grace", WORDS) for _ in range(30)))
    assert set(names) == {"grace"}


async def test_a_deleted_users_password_is_refused_at_once(
    owner: httpx.AsyncClient, anyone: httpx.AsyncClient, grace: str
) -> None:
    assert await _name(anyone, "grace", WORDS) == "grace"
    await owner.post("/api/v3/command/iam.user.delete", params={"username": "grace"})
    assert await _name(anyone, "grace", WORDS) == 401


async def test_only_programs_are_asked_for_a_password(anyone: httpx.AsyncClient) -> None:
    asked = await anyone.get(INFO)
    assert (asked.status_code, asked.headers["WWW-Authenticate"]) == (401, 'Basic realm="pfnb", charset="UTF-8"')
    browser = await anyone.get(INFO, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})
    assert (browser.status_code, "WWW-Authenticate" in browser.headers) == (401, False)


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Mode": "navigate"}, {"User-Agent": "Mozilla/5.0"}]
)
async def test_what_a_browser_repeats_by_itself_lets_nobody_in(
    server: LocalServer, anyone: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert await _name(anyone, "ada", server.token, **headers) == 401


@pytest.mark.parametrize(
    "sent", ["Basic", "Basic !!!", "Basic YWRh", "Basic /w==", "Basic " + "A" * 5000, "Digest a=b"]
)
async def test_a_header_that_is_no_login_is_refused(anyone: httpx.AsyncClient, sent: str) -> None:
    assert (await anyone.get(INFO, headers={"Authorization": sent})).status_code == 401


async def test_lines_of_curl_as_the_guide_has_them(server: LocalServer, grace: str) -> None:
    url = f"{server.url}/api/v3"
    text = "pipeline:\n  - log: {message: 'hi'}\n  - body.set: 'done'\n"
    status, made = await curl(
        "-u", f"ada:{server.token}", "-X", "POST", f"{url}/command/webhook.put?eventKey=order.new"
    )
    assert (status, json.loads(made)["eventKey"]) == (200, "order.new")
    status, answer = await curl("-u", f"grace:{WORDS}", f"{url}/command/log?message=hi")
    assert status == 200, answer
    status, answer = await curl("-u", f"grace:{grace}", "-H", "Content-Type: application/yaml", "--data-binary", text,
                                f"{url}/pipeline")  # fmt: skip
    assert status == 200, answer
    status, answer = await curl("-u", "grace:wrong horse", f"{url}/command/log?message=hi")
    assert (status, json.loads(answer)["statusMessage"]) == (401, "the username or the password is wrong")
    status, _ = await curl("--anyauth", "-u", f"grace:{WORDS}", f"{url}/command/iam.authinfo")
    assert status == 200
