"""The environment variables of pfnb, for `pfnb --help` and the reference."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Bound(NamedTuple):
    default: Any
    help: str


CAPACITY: Final = {
    "PFNB_MAX_CONNECTIONS": Bound(
        4096, "Maximum number of open connections. Beyond it, a new connection replaces the one that was idle for longest."
    ),
    "PFNB_CONNECTIONS_PER_ADDRESS": Bound(
        1024, "Maximum number of open connections of one address (for IPv6, of one /64 network). Trusted proxies have no limit."
    ),
    "PFNB_MAX_UPLOADS": Bound(512, "Maximum number of requests of unknown callers that are received at once."),
    "PFNB_UPLOADS_PER_ADDRESS": Bound(256, "Maximum number of requests of unknown callers of one address that are received "
    "at once."),
    "PFNB_MAX_WAITING": Bound(512, "Maximum number of callers that wait for the answer of a pipeline at once (wait=true)."),
    "PFNB_HEAD_SECONDS": Bound(20.0, "Seconds within which the head of a request must arrive."),
    "PFNB_BODY_SECONDS": Bound(30.0, "Seconds within which the body of a request must arrive."),
    "PFNB_IDLE_SECONDS": Bound(75.0, "Seconds after which a connection without a request is closed."),
    "PFNB_TRUSTED_PROXIES": Bound(
        (), "Addresses or networks of your reverse proxies, whose X-Forwarded-For or Forwarded is trusted."
    ),
}  # fmt: skip
"""Limits on unknown callers: the flag --max-uploads is the same as PFNB_MAX_UPLOADS."""


SIZES: Final = {
    "PFNB_MAX_PAYLOAD": Bound("25MB", "The largest body of a request to any webhook, such as 25MB, 512kB or 26214400."),
    "PFNB_WEBHOOK_PAYLOAD": Bound("", "The maxPayloadLength of new webhooks that have none. Default: PFNB_MAX_PAYLOAD."),
}  # fmt: skip
"""Limits on request bodies: the flag --max-payload is the same as PFNB_MAX_PAYLOAD. 1kB is 1,024 bytes."""


def setting_of(variable: str) -> str:
    """The name of a bound, as it is in Python."""
    return variable.removeprefix("PFNB_").lower()


VARIABLES: Final = {
    "JUPYTERHUB_PUBLIC_HUB_URL": "JupyterHub's address for browsers; with the prefix, it leads to this server or service.",
    "JUPYTERHUB_PUBLIC_URL": "The address of this server or service for browsers. JupyterHub sets it where it knows it.",
    "JUPYTERHUB_SERVICE_NAME": "Set by JupyterHub when it starts `pfnb serve` as a service; only then the next two apply.",
    "JUPYTERHUB_SERVICE_PREFIX": "The path below which JupyterHub's proxy leads here.",
    "JUPYTERHUB_SERVICE_URL": "Where JupyterHub's proxy expects the service: host and port.",
    "JUPYTERHUB_USER": "The owner of what a notebook creates. JupyterHub sets it. Default: the operating system's user.",
    "PFNB_ALLOW_TARGETS": "Private targets that may be called: hosts, `*.example.org`, addresses, networks; by commas or spaces.",
    "PFNB_PROFILES": "What `@instance.profiles()` returns, with commas between them.",
    "PFNB_MAIL_FROM": "The sender of `mail.send`, such as `Orders <orders@example.org>`. Default: the user of PFNB_SMTP_URL.",
    "PFNB_SMTP_URL": "The mail server of `mail.send`: smtp://user:password@host:587 (STARTTLS) or smtps://… (TLS).",
    "PFNB_SQL_SHOP": "The database `shop` of `sql.query`, and likewise for any other name: "
    "postgresql+psycopg://user:password@host/shop, or the path of an SQLite file.",
    "PFNB_SQL_WRITE": "The databases of `sql.query` that may be changed, such as `shop`, with commas between them.",
    "PFNB_STAGE": "What `@instance.stage()` returns. Default: `local`.",
    "PFNB_DATA_DIR": "Where a hub within a kernel keeps its events. Default: in memory.",
    "PFNB_FUNCTIONS": "Who may store and run Python functions: `admin` (default), `all`, or `off`.",
    "PFNB_DRIVE": "Where `drive.*` keeps files: a folder, or a URL of fsspec such as s3://bucket/folder, whose package must be "
    "installed. Default: `drive` in the data directory.",
    "PFNB_HUB": "The hub of the Jupyter Server that has started this kernel. The server sets it; nobody else should.",
    "PFNB_INSTANCE_ENV": "Variables that `@instance.env()` may read, with commas or spaces between them. Default: none.",
    "PFNB_LOG": "For services: the level, such as INFO, from which a kernel writes the logs of its listeners to its output.",
    "PFNB_NOTEBOOK": "The notebook's name, for kernels that cannot find it out.",
    "PFNB_PORT": "The port of a hub that starts within a kernel, or with `pfnb serve` or `pfnb run`.",
    "PFNB_PUBLIC_URL": "The address, such as https://hooks.example.org/pfnb, by which callers outside know the hub that starts "
    "within a kernel, in a Jupyter Server, or with `pfnb serve` or `pfnb run`.",
    "PFNB_TOKEN": "The token of the hub that PFNB_URL names, or that `pfnb serve` starts.",
    "PFNB_URL": "The hub to use, such as http://127.0.0.1:8899/pfnb.",
    **{variable: bound.help for variable, bound in {**CAPACITY, **SIZES}.items()},
}

SECRET_WORDS: Final = ("AUTH", "BEARER", "CREDENTIAL", "KEY", "PASS", "SECRET", "SECURE", "SEED", "TOKEN", "PFNB_HUB")
"""Parts of the names of environment variables that may hold a secret."""
_OF_SERVERS: Final = ("JPY_", "JUPYTERHUB_", "PFNB_DATA_DIR", "PFNB_DRIVE", "PFNB_SMTP_URL", "PFNB_SQL_", "PFNB_URL")
"""Name prefixes of variables that lead to a server, or to a hub's data."""
FOR_COMMANDS: Final = ("PFNB_SMTP_URL", "PFNB_SQL_")
"""Beginnings of the names of secret variables that commands of stored pipelines read."""


def is_secret(name: str) -> bool:
    """Whether a variable of this name may hold a secret, or lead to one."""
    return name.upper().startswith(_OF_SERVERS) or any(word in name.upper() for word in SECRET_WORDS)


def for_children(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process that needs no rights of ours."""
    return {name: value for name, value in environ.items() if not is_secret(name)}


def for_workers(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for the process that runs stored pipelines."""
    return for_children(environ) | {name: value for name, value in environ.items() if name.startswith(FOR_COMMANDS)}
