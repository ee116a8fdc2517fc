"""A webhook's secret gets into no log, wherever in a request it is and whoever logs it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from pfnb.http.log_mask import MaskedLogs
from pfnb.hub.stores.sql.store import SqlStore
from pfnb.hub.stores.sqlite.dialect import Sqlite
from tests.live.environment import own_environment
from tests.live.jupyter_server import jupyter_server
from tests.live.served import served

KNOWN = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
UNKNOWN = "1c1d7b9f-7e7c-4f2f-8e6f-6c9a4a7a47ce"
KERNEL = "aa11bb22-cc33-4d44-8e55-ff6677889900"
SPELLINGS = ("{}", "{upper}", "{bare}")


def spelled(uuid: str) -> Iterator[str]:
    for each in SPELLINGS:
        yield each.format(uuid, upper=uuid.upper(), bare=uuid.replace("-", ""))


def requests(prefix: str, uuid: str) -> Iterator[bytes]:
    """Requests that have the uuid where it belongs, where it does not, and where nothing can be read."""
    paths = (
        f"{prefix}hook/{uuid}",
        f"{prefix}api/v3/command/webhook.receive/{uuid}",
        f"{prefix}api/v3/command/webhook.receive?uuid={uuid}&timeout=soon&wait=true",
        f"{prefix}api/v3/command/webhook.receive?a=b%26uuid%3d{uuid}&uuid=no",
        f"{prefix}api/v3/command/{uuid}",
        f"{prefix}api/v3/pipeline:uuid:{uuid}",
        f"/nowhere/{uuid}",
        f"/nowhere?uuid={uuid}",
        f"/{uuid}%zz?token={uuid}",
        f"http://example.org/hook/{uuid}",
    )
    for path in paths:
        for method in ("GET", "POST", "BREW"):
            yield f"{method} {path} HTTP/1.1\r\nHost: h\r\nReferer: http://x/hook/{uuid}?uuid={uuid}\r\n\r\n".encode()
    for broken in (
        f"GET {prefix}hook/{uuid} HTTP/9\r\nHost: h\r\n\r\n",
        f"GET {prefix}hook/{uuid}\r\n\r\n",
        f"{uuid}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: h\r\ntoken {uuid}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: {uuid}, {uuid}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: h\r\ntoken: {uuid}\x00\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {uuid}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {uuid}\r\n\r\n",
        f"POST {prefix}hook/{uuid} HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data\r\nContent-Length: 1\r\n\r\nx",
    ):
        yield broken.encode()


def send_all(url: str, prefix: str, uuids: tuple[str, ...]) -> None:
    parts = urlsplit(url)
    for uuid in uuids:
        for spelling in spelled(uuid):
            for request in requests(prefix, spelling):
                with socket.create_connection((str(parts.hostname), int(parts.port or 0)), 20) as connection:
                    connection.sendall(request)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        continue


def no_secret(text: str, *uuids: str) -> None:
    plain = text.lower().replace("-", "")
    for uuid in uuids:
        start = uuid.replace("-", "")[:12]
        lines = [line for line in plain.splitlines() if start in line]
        assert lines == []


def test_no_log_of_serve_has_the_uuid_of_a_webhook(tmp_path: Path) -> None:
    with served(tmp_path, "--access-log") as hub:
        client = hub.client()
        client.command("webhook.put", uuid=KNOWN, eventKey="lead.created")
        client.close()
        send_all(hub.url, "/pfnb/", (KNOWN, UNKNOWN))
        assert httpx.get(f"{hub.url}/healthz", trust_env=False).status_code == 200
    text = hub.log.read_text()
    assert "hook/…6936bd" in text
    no_secret(text, KNOWN, UNKNOWN)


def test_no_log_of_a_jupyter_server_has_it_and_jupyters_own_ids_are_readable(tmp_path: Path) -> None:
    log = tmp_path / "jupyter.log"
    with jupyter_server(tmp_path, own_environment(tmp_path), "t0ken", log) as server:
        headers = {"Authorization": "token t0ken"}
        put = {"uuid": KNOWN, "eventKey": "lead.created"}
        httpx.post(f"{server.hub_url}/api/v3/command/webhook.put", params=put, headers=headers, trust_env=False)
        send_all(server.url, "/pfnb/", (KNOWN, UNKNOWN))
        httpx.get(f"{server.url}api/kernels/{KERNEL}", headers=headers, trust_env=False)
    text = log.read_text()
    assert "…6936bd" in text
    assert f"api/kernels/{KERNEL}" in text
    no_secret(text, KNOWN, UNKNOWN)


@contextmanager
def masked() -> Iterator[None]:
    logs = MaskedLogs(lambda: {KNOWN})
    logs.begin()
    try:
        yield
    finally:
        logs.end()


def _fail(log: logging.Logger) -> None:
    try:
        raise ValueError(f"HTTPServerRequest(uri='/hook/{UNKNOWN}')")
    except ValueError:
        log.exception("Uncaught exception %s", f"GET /hook/{UNKNOWN}", stack_info=True)


@pytest.mark.parametrize(
    "write",
    [
        _fail,
        lambda log: log.error("%(uri)s", {"uri": f"/{UNKNOWN}"}),
        lambda log: log.warning(f"Malformed HTTP message: token {UNKNOWN}"),
        lambda log: log.warning("Authorization: token abcdefgh12345678 %s", UNKNOWN),
    ],
)
def test_the_filter_masks_messages_arguments_and_tracebacks(
    write: Callable[[logging.Logger], None], caplog: pytest.LogCaptureFixture
) -> None:
    filters = list(logging.getLogger("tornado.application").filters)
    with masked():
        write(logging.getLogger("tornado.application"))
    assert "…7a47ce" in caplog.text or "••" in caplog.text
    no_secret(caplog.text, UNKNOWN)
    assert "abcdefgh12345678" not in caplog.text
    assert logging.getLogger("tornado.application").filters == filters


def test_a_stored_secret_is_masked_wherever_it_occurs(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("tests.stored")
    logs = MaskedLogs(frozenset, lambda: ["a secret, in plain words"])
    logs.begin(log)
    log.error("the answer was: %s", {"text": "a secret, in plain words"})
    logs.end()
    assert "the answer was" in caplog.text
    assert "plain words" not in caplog.text


def test_the_address_that_jupyter_logs_for_its_user_stays_whole(caplog: pytest.LogCaptureFixture) -> None:
    """Jupyter makes its token of 48 hex digits. The first 32 of them look like a uuid."""
    address = f"http://localhost:8888/lab?token={'8792ac2101a64c02' * 3}"
    log = logging.getLogger("tests.jupyter")
    logs = MaskedLogs(lambda: {KNOWN})
    logs.begin(log)
    log.error("%s", address)
    log.error("http://localhost:8888/lab?token=%s", UNKNOWN)
    log.error("http://localhost:8888/lab?token=%s0123456789", KNOWN)
    logs.end()
    assert address in caplog.text
    no_secret(caplog.text, KNOWN, UNKNOWN)


def test_a_failing_statement_says_nothing_of_its_values(tmp_path: Path) -> None:
    store = SqlStore(Sqlite(tmp_path / "db"), tmp_path)
    with pytest.raises(sa.exc.OperationalError) as failed, store.database.engine.connect() as connection:
        connection.execute(sa.text("SELECT :secret FROM nothing"), {"secret": KNOWN})
    store.database.engine.dispose()
    assert KNOWN not in str(failed.value)


@pytest.mark.parametrize(
    "path",
    ["/x/{}", "/a_{}", "/x%2F{}", "/x/{}/y", "/x?token={}", "/%70fnb_{}", "/webhook.receive;{}"],
)
def test_no_log_of_requests_has_a_token_in_its_path(path: str, caplog: pytest.LogCaptureFixture) -> None:
    api, own = "pfnb_Zk3j9QmR8s_T2vWxYzA1bC4dE6fG7hI8jK9lM0nO", "Zk3j9QmR8s_T2vWxYzA1bC4dE6fG7hI8"
    with masked():
        for token in (api, own):
            logging.getLogger("pfnb.access").warning("404 GET %s 0.3 ms", path.format(token))
    assert "T2vWxYzA1b" not in caplog.text


def test_no_log_has_the_address_that_a_pipeline_calls(tmp_path: Path) -> None:
    """Services of others have their secrets in it, such as `?key=…`."""
    with served(tmp_path, environment={"PFNB_ALLOW_TARGETS": "127.0.0.1"}) as hub:
        client = hub.client()
        text = f'pipeline:\n  - http.get: {{url: "{hub.url}/healthz?key=in-the-query"}}\n'
        client.command("pipeline.put", path="global/app/a", value=text)
        assert client.command("pipeline.start", key="global/app/a") == {"status": "ok"}
        client.close()
    assert "in-the-query" not in hub.log.read_text()
