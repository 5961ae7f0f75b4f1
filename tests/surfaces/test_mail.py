"""Alerts by mail, through a real mail server: what they say, how they are secured, and what becomes of refusals."""

from pathlib import Path
from urllib.parse import quote

import pytest

from chalkola.surfaces.alerts.mail import Mail, read_server, write
from chalkola.surfaces.alerts.message import Message, Section, compose
from chalkola.surfaces.alerts.undelivered import Undelivered
from mail_server import PASSWORD, USER, MailServer, running_mail
from told import GITHUB, alert, news

LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
MESSAGE = Message(title="Test message", sections=(Section(title="A test", lines=("It works.",)),))
TO = ("boss@example.com", "team@example.com")


def mail(server: MailServer, *, scheme: str = "smtp", login: str = LOGIN, more: str = "") -> Mail:
    return Mail(smtp_url=f"{scheme}://{login}@127.0.0.1:{server.port}{more}", to=TO)


def trusting(monkeypatch: pytest.MonkeyPatch, server: MailServer) -> None:
    """Have OpenSSL trust the test's certificates, by its own setting."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca))


async def test_a_mail_goes_through_starttls_with_a_login_to_everybody_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_mail(tmp_path) as server:
        trusting(monkeypatch, server)
        said = await mail(server).send(compose(news(alert()), "mail", GITHUB))

    assert said == "accepted by 127.0.0.1"
    (letter,) = server.letters
    assert server.recipients == [list(TO)]
    assert server.encrypted == [True]
    assert letter["Subject"] == "Chalkola: A settled day is not here though its usual hour is over: DE"
    assert (letter["From"], letter["To"]) == (USER, ", ".join(TO))
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "multipart/alternative"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it has no STARTTLS to require
async def test_a_mail_goes_through_tls_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_mail(tmp_path, tls=True) as server:
        trusting(monkeypatch, server)
        await mail(server, scheme="smtps", more="?from=chalkola@example.com").send(MESSAGE)
    assert server.letters[0]["From"] == "chalkola@example.com"
    assert server.encrypted == [True]


def test_a_mail_says_the_same_in_plain_text_and_in_html() -> None:
    outage = alert("outage", "Amazon", message="Amazon <b>says</b> & means 5 > 4.")
    letter = write(compose(news(outage, alert(), over=(alert("restated"),)), "mail", GITHUB), sender=USER, to=TO)
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None

    assert plain.get_content() == (
        "Amazon does not answer\n"
        "----------------------\n"
        "Amazon <b>says</b> & means 5 > 4.\n"
        "Why: Because.\n"
        "Done: This was done.\n"
        "To do: Do that.\n"
        "What this means: https://github.com/me/shop/blob/HEAD/docs/operating.md#outage\n"
        "\n"
        "A settled day is not here though its usual hour is over\n"
        "-------------------------------------------------------\n"
        "DE is what it is.\n"
        "Why: Because.\n"
        "Done: This was done.\n"
        "To do: Do that.\n"
        "What this means: https://github.com/me/shop/blob/HEAD/docs/operating.md#late\n"
        "\n"
        "Over: restated, DE (since 2026-11-20 02:00 UTC).\n"
        "\n"
        "This run: https://github.com/me/shop/actions/runs/7\n"
        "Run it again: https://github.com/me/shop/actions/workflows/daily-pull.yml\n"
    )
    for words in (
        "<li>Amazon &lt;b&gt;says&lt;/b&gt; &amp; means 5 &gt; 4.</li>",
        "<b>To do:</b> Do that.",
        'href="https://github.com/me/shop/actions/runs/7"',
        "✓ Over: restated, DE",
    ):
        assert words in html.get_content()


def test_a_table_is_aligned_in_plain_text_and_a_table_in_html() -> None:
    table = (("", "day", "units"), ("DE", "2026-11-17", "1,234"), ("US", "2026-11-16", "7"))
    letter = write(Message(title="x", sections=(Section(title="Figures", table=table),)), sender=USER, to=TO)
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "DE  2026-11-17  1,234\nUS  2026-11-16      7\n" in plain.get_content()
    assert "<tr><td>DE</td><td align=right>2026-11-17</td><td align=right>1,234</td></tr>" in html.get_content()


async def test_a_wrong_password_is_said_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_mail(tmp_path) as server:
        trusting(monkeypatch, server)
        with pytest.raises(Undelivered) as refused:
            await mail(server, login=f"{quote(USER, safe='')}:hunter2hunter2").send(MESSAGE)
    assert "did not take the message" in refused.value.what
    assert "535" in refused.value.why
    assert "hunter2" not in f"{refused.value} {refused.value.__cause__} {mail(server)!r}"


async def test_a_server_that_refuses_the_message_or_everybody_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_mail(tmp_path) as server:
        trusting(monkeypatch, server)
        server.refuses = "552 5.3.4 message too big"
        with pytest.raises(Undelivered, match="message too big"):
            await mail(server).send(MESSAGE)
        server.refuses, server.refused_recipients = "", set(TO)
        with pytest.raises(Undelivered, match="none of the recipients"):
            await mail(server).send(MESSAGE)
        server.refused_recipients = {TO[0]}
        assert await mail(server).send(MESSAGE) == "accepted by 127.0.0.1, but not for boss@example.com"


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with running_mail(tmp_path) as server:
        with pytest.raises(Undelivered, match="certificate verify failed"):
            await mail(server).send(MESSAGE)
        assert server.letters == []


async def test_a_server_of_this_machine_needs_no_encryption(tmp_path: Path) -> None:
    with running_mail(tmp_path, starttls=False, login=False) as server:
        plain = Mail(smtp_url=f"smtp://127.0.0.1:{server.port}", to=TO)
        assert await plain.send(MESSAGE) == "accepted by 127.0.0.1"
    assert server.letters[0]["From"] == TO[0]


async def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(Undelivered, match=r"The mail server 127\.0\.0\.1:9 did not take the message") as failed:
        await Mail(smtp_url="smtp://127.0.0.1:9", to=TO).send(MESSAGE)
    assert "refused" in failed.value.why


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("imap://swordfish@host", "cannot be read"),
        ("smtp://", "names no host"),
        ("smtp://host:swordfish", "cannot be read"),
    ],
)
async def test_an_address_that_cannot_be_read_is_said_without_it(url: str, said: str) -> None:
    with pytest.raises(Undelivered, match=said) as failed:
        await Mail(smtp_url=url, to=TO).send(MESSAGE)
    assert "swordfish" not in f"{failed.value}"


async def test_a_recipient_that_is_no_address_is_said() -> None:
    with pytest.raises(Undelivered, match="no address"):
        await Mail(smtp_url="smtp://127.0.0.1:9", to=("me@example.com\nBcc: x@y",)).send(MESSAGE)


def test_the_parts_of_an_address_are_read() -> None:
    server = read_server(f"smtps://{LOGIN}@mail.example.com")
    assert (server.host, server.port, server.is_tls) == ("mail.example.com", 465, True)
    assert (server.user, server.password, server.sender) == (USER, PASSWORD, USER)
    assert PASSWORD not in repr(server)
    assert read_server("smtp://apikey:x@host").sender == ""
