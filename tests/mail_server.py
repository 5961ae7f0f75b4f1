"""A mail server of the tests' own (aiosmtpd): with a login, STARTTLS or TLS from the start, as a provider has it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "alerts@example.com", "sword/fish@example"


@dataclass
class MailServer:
    """What came in, and what is answered instead."""

    port: int = 0
    ca: Path = Path()
    """The certificate to trust."""
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuses: str = ""
    """An answer to every message, instead of taking it."""
    refused_recipients: set[str] = field(default_factory=set)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.refused_recipients:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.recipients.append(list(envelope.rcpt_tos))
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        return "250 OK"


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def running_mail(
    folder: Path, *, tls: bool = False, starttls: bool = True, login: bool = True
) -> Iterator[MailServer]:
    """Give a mail server on this machine; its certificate's authority is written into `folder`."""
    mail, authority = MailServer(), trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    mail.ca = folder / "mail-ca.pem"
    authority.cert_pem.write_to_path(str(mail.ca))
    secured: dict[str, Any] = {"ssl_context": context} if tls else {"tls_context": context} if starttls else {}
    if login:
        secured |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": starttls and not tls}
    controller = _OnAnyPort(mail, hostname="127.0.0.1", port=0, **secured)
    controller.start()
    try:
        mail.port = controller.port
        yield mail
    finally:
        controller.stop()


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)
