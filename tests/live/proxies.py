"""Real nginx and Caddy before a hub, with a certificate of an authority made for the test."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

NAME = "localhost"
"""A host name that every machine knows."""
START_SECONDS = 15.0


@dataclass(frozen=True)
class Certificate:
    """Files of a server's certificate, and of the authority that its clients trust."""

    chain: Path
    key: Path
    authority: Path

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which another process trusts it."""
        return {"SSL_CERT_FILE": str(self.authority)}


def certificate(folder: Path) -> Certificate:
    authority = trustme.CA()
    made = authority.issue_cert(NAME)
    files = Certificate(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    files.chain.write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
    made.private_key_pem.write_to_path(str(files.key))
    authority.cert_pem.write_to_path(str(files.authority))
    return files


@contextmanager
def nginx(folder: Path, server: str, port: int) -> Iterator[None]:
    """nginx with this `server` block, until the block ends. It listens at `port`."""
    config = folder / "nginx.conf"
    config.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        "events {}\n"
        f"http {{\n access_log off;\n"
        + "".join(
            f" {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"{server}}}\n"
    )
    with _running(
        [_found("nginx"), "-p", str(folder), "-c", str(config), "-e", str(folder / "start.log")], folder, port
    ):
        yield


@contextmanager
def caddy(folder: Path, site: str, port: int) -> Iterator[None]:
    """Caddy with this site, until the block ends. It listens at `port`."""
    config = folder / "Caddyfile"
    config.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + site)
    with _running([_found("caddy"), "run", "--config", str(config), "--adapter", "caddyfile"], folder, port):
        yield


def _found(program: str) -> str:
    """Programs of Debian's sbin are not on every user's PATH."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin") or program


def is_missing(program: str) -> bool:
    return shutil.which(_found(program)) is None


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    log = folder / "proxy.log"
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment)
    try:
        end = time.monotonic() + START_SECONDS
        while not _accepts(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _accepts(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
