"""Alerts by mail: plain text and HTML in one message, through the mail server of `SMTP_URL`."""

import asyncio
import smtplib
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from html import escape
from urllib.parse import parse_qs, unquote, urlsplit

from chalkola.clock import RealClock
from chalkola.redaction import without_secrets
from chalkola.surfaces.alerts.message import Link, Message, Section, aligned
from chalkola.surfaces.alerts.undelivered import Undelivered

_PATIENCE_SECONDS = 20.0  # machine time, of each step
_PORTS = {"smtp": 587, "smtps": 465}
_SHAPE = "Write SMTP_URL like smtp://user:password@host:587 or smtps://user:password@host."
_COLOURS = {"fault": "#c0392b", "warning": "#d68910", "note": "#2471a3"}


@dataclass(frozen=True, kw_only=True)
class Mail:
    """Mail to some people."""

    smtp_url: str = field(repr=False)
    to: tuple[str, ...]
    name: str = "mail"

    async def send(self, message: Message) -> str:
        """Send a message. Return what the server says. Raises `Undelivered`."""
        server = read_server(self.smtp_url)
        try:
            letter = write(message, sender=server.sender or self.to[0], to=self.to)
        except ValueError:
            raise Undelivered("ALERT_EMAIL_TO, or the sender in SMTP_URL, is no address.", remedy=_SHAPE) from None
        return await asyncio.to_thread(_deliver, server, letter)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server, as `SMTP_URL` names it. `sender` is empty where neither `?from=` nor the user is an address."""

    is_tls: bool
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str

    def __str__(self) -> str:
        return f"the mail server {self.host}:{self.port}"


def read_server(smtp_url: str) -> Server:
    """Return the server that an address names. Raises `Undelivered` where it cannot be read."""
    try:
        parts = urlsplit(smtp_url)
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except (ValueError, KeyError):
        raise Undelivered("SMTP_URL cannot be read.", remedy=_SHAPE) from None  # whose words may hold the password
    if not host:
        raise Undelivered("SMTP_URL names no host.", remedy=_SHAPE)
    sender = next(iter(parse_qs(parts.query).get("from", [])), user if "@" in user else "")
    return Server(
        is_tls=parts.scheme == "smtps", host=host, port=port, user=user, password=password, sender=_one_line(sender)
    )


def _deliver(server: Server, letter: EmailMessage) -> str:
    try:
        with _connected(server) as connection:
            _secure(server, connection)
            if server.user:
                connection.login(server.user, server.password)
            refused = connection.send_message(letter)
    except smtplib.SMTPRecipientsRefused as error:
        raise Undelivered(f"{_capital(server)} accepts none of the recipients.", why=_said(server, error)) from None
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        raise Undelivered(f"{_capital(server)} did not take the message.", why=_said(server, error)) from None
    return f"accepted by {server.host}" + (f", but not for {', '.join(refused)}" if refused else "")


def _connected(server: Server) -> smtplib.SMTP:
    """Return a connection; a first attempt that fails is made once more."""
    try:
        return _connect(server)
    except (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError):
        return _connect(server)


def _connect(server: Server) -> smtplib.SMTP:
    if server.is_tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_PATIENCE_SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=_PATIENCE_SECONDS)


def _secure(server: Server, connection: smtplib.SMTP) -> None:
    if server.is_tls:
        return
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
    elif server.host not in ("127.0.0.1", "localhost", "::1"):
        raise Undelivered(
            f"{_capital(server)} does not offer STARTTLS: alerts and password would go unencrypted.",
            remedy="Use its port for submission, 587, or smtps:// with 465.",
        )


def _said(server: Server, error: Exception) -> str:
    return without_secrets(f"{type(error).__name__}: {_one_line(str(error))}"[:300], server.password)


def _capital(server: Server) -> str:
    return f"T{str(server)[1:]}"


def write(message: Message, *, sender: str, to: Iterable[str]) -> EmailMessage:
    """Return a message as a mail: plain text, and the same in HTML."""
    letter = EmailMessage()
    letter["Subject"] = f"Chalkola: {_one_line(message.title)}"
    letter["From"], letter["To"] = sender, ", ".join(to)
    # A mail's date is the machine's: whoever reads it lives by that.
    letter["Date"], letter["Message-ID"] = format_datetime(RealClock().now()), make_msgid(domain="chalkola.invalid")
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(plain(message))
    letter.add_alternative(html(message), subtype="html")
    return letter


def plain(message: Message) -> str:
    """Return a message as plain text."""
    return "\n".join(_plain(message)).strip() + "\n"


def _plain(message: Message) -> Iterator[str]:
    for section in message.sections:
        if section.title:
            yield section.title
            yield "-" * len(section.title)
        yield from section.lines
        yield from (f"{name}: {said}" for name, said in section.facts)
        yield from aligned(section.table)
        if section.link:
            yield f"{section.link.text}: {section.link.url}"
        yield ""
    yield from message.over
    yield ""
    yield from (f"{link.text}: {link.url}" for link in message.links)


def html(message: Message) -> str:
    """Return a message as HTML, without anything that has to be fetched."""
    body = f"<h2>{escape(message.title)}</h2>" + "".join(map(_html, message.sections))
    body += "".join(f"<p>✓ {escape(line)}</p>" for line in message.over)
    body += f"<p>{' · '.join(map(_anchor, message.links))}</p>" if message.links else ""
    return f'<html><body style="font-family:sans-serif;font-size:14px">{body}</body></html>\n'


def _html(section: Section) -> str:
    colour = _COLOURS.get(section.severity, "#333333")
    lines = "".join(f"<li>{escape(line)}</li>" for line in section.lines)
    facts = "".join(f"<p><b>{name}:</b> {escape(said).replace(chr(10), '<br>')}</p>" for name, said in section.facts)
    head = f'<h3 style="color:{colour}">{escape(section.title)}</h3>' if section.title else ""
    table = f'<table cellpadding="4">{"".join(map(_row, section.table))}</table>' if section.table else ""
    link = f"<p>{_anchor(section.link)}</p>" if section.link else ""
    return f"{head}{f'<ul>{lines}</ul>' if lines else ''}{facts}{table}{link}"


def _row(cells: tuple[str, ...]) -> str:
    first, *others = cells
    return f"<tr><td>{escape(first)}</td>{''.join(f'<td align=right>{escape(cell)}</td>' for cell in others)}</tr>"


def _anchor(link: Link) -> str:
    return f'<a href="{escape(link.url)}">{escape(link.text)}</a>'


def _one_line(text: str) -> str:
    return " ".join(text.split())
