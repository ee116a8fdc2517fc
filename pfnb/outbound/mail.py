"""The mail server of `mail.send`: its address from the environment, and sending a message to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from pfnb.exceptions import MissingPackageError, OutboundError, ParameterError

SECONDS = 60.0
"""How long one message may take."""
_PORTS = {"smtp": 587, "smtps": 465}
_EXAMPLE = "smtp://user:password@mail.example.org:587 or smtps://user:password@mail.example.org"


@dataclass(frozen=True, slots=True)
class MailServer:
    """`is_tls`: TLS from the beginning (`smtps`); otherwise STARTTLS is used where the server offers it, and demanded for a
    password, which would be readable on the way."""

    host: str
    port: int
    is_tls: bool
    username: str | None
    password: str | None = field(repr=False)
    sender: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> MailServer:
        """ParameterError if PFNB_SMTP_URL is missing or wrong. The error does not repeat it: it may have a password."""
        text = environ.get("PFNB_SMTP_URL", "").strip()
        if not text:
            raise ParameterError(f"mail.send needs a mail server: set PFNB_SMTP_URL, such as {_EXAMPLE}")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            host = None
        if not host:
            raise ParameterError(f"PFNB_SMTP_URL must be an address such as {_EXAMPLE}")
        username = None if parts.username is None else unquote(parts.username)
        password = None if parts.password is None else unquote(parts.password)
        named = environ.get("PFNB_MAIL_FROM", "").strip() or (username if username and "@" in username else "")
        return cls(host, port, parts.scheme == "smtps", username, password, named)

    async def send(self, message: EmailMessage, recipients: Sequence[str]) -> list[str]:
        """Send a message. Returns the recipients whom the server refused, while it took others. OutboundError if it took nobody,
        or does not answer."""
        try:
            import aiosmtplib
        except ImportError:
            raise MissingPackageError("mail.send needs aiosmtplib: pip install 'pfnb[mail]'") from None
        needs_tls = self.password is not None and not self.is_tls and self.host not in ("localhost", "127.0.0.1", "::1")
        try:
            refused, _ = await aiosmtplib.send(
                message,
                sender=parseaddr(str(message["From"]))[1],
                recipients=list(recipients),
                hostname=self.host,
                port=self.port,
                username=self.username if self.password is not None else None,
                password=self.password,
                use_tls=self.is_tls,
                start_tls=True if needs_tls else None,
                timeout=SECONDS,
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            raise OutboundError(
                f"the mail server {self.host} refused the user of PFNB_SMTP_URL ({error.code})"
            ) from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            said = "; ".join(f"{one.recipient}: {one.code} {one.message}" for one in error.recipients)
            raise OutboundError(f"the mail server {self.host} refused all recipients: {said}") from None
        except aiosmtplib.SMTPResponseException as error:
            raise OutboundError(f"the mail server {self.host} answered {error.code} {error.message}") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise OutboundError(f"the mail server {self.host}:{self.port} cannot be used: {error}") from None
        return sorted(refused)
