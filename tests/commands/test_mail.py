"""`mail.send`, with a real mail server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from pfnb.exceptions import AccessDeniedError, OutboundError, ParameterError
from pfnb.language import ANONYMOUS
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]


class Mailbox:
    """Keeps what is sent, and refuses who is nobody."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 there is nobody"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def mail(self) -> EmailMessage:
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail


def _accepts(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    is_right = (data.login, data.password) == (b"ada", b"pass word")
    return AuthResult(success=is_right, handled=is_right)


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        authenticator=_accepts,
        auth_require_tls=False,
        auth_exclude_mechanism=[],
    )
    server.start()
    monkeypatch.setenv("PFNB_SMTP_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("PFNB_MAIL_FROM", "Orders <orders@example.org>")
    yield mailbox
    server.stop()


def sending(**parameters: str) -> str:
    return "pipeline:\n  - mail.send:\n" + "".join(f"      {name}: {value}\n" for name, value in parameters.items())


async def test_a_mail_arrives_with_its_subject_and_text(run: Any, mailbox: Mailbox) -> None:
    text = sending(to="Ada <ada@example.org>, bob@example.org", subject="'Grüße #{body}'", message="'Hello #{body}!'")
    result = await run(text, body="Ada")
    assert result.body == "Ada"
    mail = mailbox.mail()
    assert (mail["From"], mail["To"]) == ("Orders <orders@example.org>", "Ada <ada@example.org>, bob@example.org")
    assert mail["Subject"] == "Grüße Ada"
    assert mail.get_content().strip() == "Hello Ada!"
    assert mailbox.envelopes[0].rcpt_tos == ["ada@example.org", "bob@example.org"]
    assert mail["Date"]
    assert mail["Message-ID"].endswith("@example.org>")


async def test_the_older_name_and_the_body_as_the_message(run: Any, mailbox: Mailbox) -> None:
    await run("pipeline:\n  - mail: {to: ada@example.org, subject: hi}", body={"total": 7})
    assert mailbox.mail().get_content().split() == ["{", '"total":', "7", "}"]


async def test_the_message_may_be_called_body(run: Any, mailbox: Mailbox) -> None:
    await run(sending(to="ada@example.org", body="Hello"))
    assert mailbox.mail().get_content().strip() == "Hello"


async def test_html_is_sent_as_html(run: Any, mailbox: Mailbox) -> None:
    await run(sending(to="ada@example.org", message='"<p>Hello <b>Ada</b></p>"'))
    assert mailbox.mail().get_content_type() == "text/html"


async def test_who_gets_a_blind_copy_is_not_in_the_mail(run: Any, mailbox: Mailbox) -> None:
    await run(sending(to="ada@example.org", cc="cy@example.org", bcc="[bob@example.org]", replyTo="desk@example.org"))
    assert sorted(mailbox.envelopes[0].rcpt_tos) == ["ada@example.org", "bob@example.org", "cy@example.org"]
    assert mailbox.mail()["Bcc"] is None
    assert "bob" not in mailbox.mail().as_string()
    assert (mailbox.mail()["Cc"], mailbox.mail()["Reply-To"]) == ("cy@example.org", "desk@example.org")


async def test_a_stored_template_is_filled_with_its_model_or_the_run(run: Any, mailbox: Mailbox) -> None:
    await run(
        "headers: {exprPrefix: '§'}\npipeline:\n"
        "  - property.put: {path: global/app/demo/template/mail, value: 'Hello ${body.name}, ${vars.total}'}"
    )
    text = "vars: {total: 7}\n" + sending(to="ada@example.org", message="$uri:property:global/app/demo/template/mail")
    await run(text, body={"name": "Ada"})
    assert mailbox.mail().get_content().strip() == "Hello Ada, 7"


async def test_a_template_from_a_stranger_sees_only_the_model(run: Any, mailbox: Mailbox) -> None:
    text = "vars: {key: s3cret}\n" + sending(to="ada@example.org", message="'#{body}'")
    await run(text, body={"path": "x", "value": "${vars.key}"})
    assert "s3cret" not in mailbox.mail().get_content()


async def test_attachments_are_files_properties_and_values(run: Any, mailbox: Mailbox) -> None:
    await run("pipeline:\n  - property.put: {path: global/app/demo/notes.txt, value: remember}")
    text = sending(
        to="ada@example.org",
        message="see there",
        attachments="'$uri:property:global/app/demo/notes.txt'",
    )
    await run(text)
    (note,) = mailbox.mail().iter_attachments()
    assert (note.get_filename(), note.get_content()) == ("notes.txt", "remember")
    mailbox.envelopes.clear()
    await run(sending(to="ada@example.org", message="x", attachments="['#{body}', plain]"), body={"a": 1})
    first, second = mailbox.mail().iter_attachments()
    assert (first.get_filename(), first.get_content()) == ("file-1.json", b'{"a": 1}')
    assert second.get_content() == "plain"
    mailbox.envelopes.clear()
    text = sending(to="ada@example.org", message="x", attachments="\"#{@resolve.uri('$uri:property:' + body)}\"")
    await run(text, body="global/app/demo/notes.txt")
    (note,) = mailbox.mail().iter_attachments()
    assert note.get_content() == "remember"


@pytest.mark.parametrize("attachments", ["'#{body}'", "'#{body[0]}'", "['#{body[0]}', x]"])
@pytest.mark.parametrize(
    "named", ["property:global/app/demo/notes.txt", "pipeline:global/app/demo/pipeline/a", "user:ada"]
)
async def test_an_address_that_data_brings_is_not_followed(
    run: Any, mailbox: Mailbox, attachments: str, named: str
) -> None:
    await run("pipeline:\n  - property.put: {path: global/app/demo/notes.txt, value: a secret}")
    text = sending(to="ada@example.org", message="x", attachments=attachments)
    with pytest.raises(ParameterError, match="is not attached, since expressions"):
        await run(text, body=[f"$uri:{named}"])
    assert mailbox.envelopes == []


async def test_no_reference_in_an_attached_value_is_good_for_anything_elsewhere(run: Any, mailbox: Mailbox) -> None:
    code = f".hmac-{'a' * 43}"
    await run("pipeline:\n  - property.put: {path: global/app/demo/notes.txt, value: '#{body}'}", body=f"x{code}")
    await run(
        "pipeline:\n  - var.set: {key: a, value: '$uri:property:global/app/demo/notes.txt'}\n"
        "  - mail.send: {to: ada@example.org, message: x, attachments: ['#{vars.a}', '#{body}']}",
        body={"content": f"$uri:attachment:1{code}"},
    )
    assert [b"hmac-" in one.get_payload(decode=True) for one in mailbox.mail().iter_attachments()] == [False, False]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"to": "''"}, "needs a recipient"),
        ({"to": "nobody"}, "to must be an address such as"),
        ({"to": '"ada@example.org\\nBcc: eve@example.org"'}, "in one line"),
        ({"to": "[5]"}, "to must be an address, or a list"),
        ({"to": "ädä@example.org"}, "only its domain may have letters beyond ASCII"),
        ({"to": "ada@example.org", "from": "no"}, "from must be an address"),
        ({"to": "ada@example.org", "model": "[1]"}, "model must be a map"),
        ({"to": "ada@example.org", "sbject": "x"}, 'did you mean "subject"'),
    ],
)
async def test_a_wrong_mail_says_what_would_be_right(
    run: Any, mailbox: Mailbox, parameters: dict[str, str], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        await run(sending(**parameters))
    assert mailbox.envelopes == []


async def test_a_subject_from_a_stranger_begins_no_header(run: Any, mailbox: Mailbox) -> None:
    await run(sending(to="ada@example.org", subject='"#{body}"', message="x"), body="hi\r\nBcc: eve@example.org")
    assert mailbox.envelopes[0].rcpt_tos == ["ada@example.org"]
    assert mailbox.mail()["Subject"] == "hi Bcc: eve@example.org"


async def test_refused_recipients_are_named(run: Any, mailbox: Mailbox, logged: list[tuple[str, str]]) -> None:
    with pytest.raises(OutboundError, match=r"refused all recipients: nobody@example\.org: 550 there is nobody"):
        await run(sending(to="nobody@example.org", message="x"))
    await run(sending(to="[nobody@example.org, ada@example.org]", message="x"))
    assert logged == [("WARN", "the mail server took the mail, but not for nobody@example.org")]


async def test_the_password_is_used_and_appears_nowhere(
    run: Any, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    port = os.environ["PFNB_SMTP_URL"].rpartition(":")[2]
    monkeypatch.setenv("PFNB_SMTP_URL", f"smtp://ada:pass%20word@127.0.0.1:{port}")
    await run(sending(to="ada@example.org", message="x"))
    assert len(mailbox.envelopes) == 1
    monkeypatch.setenv("PFNB_SMTP_URL", f"smtp://ada:wrong@127.0.0.1:{port}")
    with pytest.raises(OutboundError, match="refused the user of PFNB_SMTP_URL") as caught:
        await run(sending(to="ada@example.org", message="x"))
    assert "wrong" not in str(caught.value)


async def test_a_server_that_is_away_or_unknown_is_an_error(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PFNB_MAIL_FROM", "a@example.org")
    monkeypatch.delenv("PFNB_SMTP_URL", raising=False)
    with pytest.raises(ParameterError, match="set PFNB_SMTP_URL"):
        await run(sending(to="ada@example.org", message="x"))
    monkeypatch.setenv("PFNB_SMTP_URL", "mail.example.org")
    with pytest.raises(ParameterError, match="PFNB_SMTP_URL must be an address"):
        await run(sending(to="ada@example.org", message="x"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        monkeypatch.setenv("PFNB_SMTP_URL", f"smtp://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(OutboundError, match="cannot be used"):
        await run(sending(to="ada@example.org", message="x"))


async def test_what_answers_nonsense_is_an_error(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nonsense(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    monkeypatch.setenv("PFNB_SMTP_URL", f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    monkeypatch.setenv("PFNB_MAIL_FROM", "a@example.org")
    async with server:
        with pytest.raises(OutboundError):
            await run(sending(to="ada@example.org", message="x"))


async def test_strangers_may_not_send_mail(run: Any, mailbox: Mailbox) -> None:
    with pytest.raises(AccessDeniedError, match=r"may not run mail\.send"):
        await run(sending(to="ada@example.org", message="x"), user=ANONYMOUS)
