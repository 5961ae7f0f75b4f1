"""Secrets are struck out of a text, and nothing else is."""

import pytest

from chalkola.redaction import without_secrets

ACCESS, SIGNED = "Atza|IwEBIA-x_1.2", "X-Amz-Algorithm=AWS4&X-Amz-Credential=AKIA%2F1&X-Amz-Signature=5ecre7"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"You sent {ACCESS}, which is old", "You sent [hidden], which is old"),
        ("form refresh_token=Atzr%7CIwEB&client_id=a", "form refresh_token=[hidden]&client_id=a"),
        ('{"access_token": "opaque", "expires_in": 3600}', '{"access_token": "[hidden]", "expires_in": 3600}'),
        ('{\\"refresh_token\\":\\"opaque\\"}', '{\\"refresh_token\\":\\"[hidden]\\"}'),
        ("x-amz-access-token: opaque\r\naccept: */*", "x-amz-access-token: [hidden]\r\naccept: */*"),
        ("{'x-amz-access-token': 'opaque', 'a': 'b'}", "{'x-amz-access-token': '[hidden]', 'a': 'b'}"),
        ("Authorization: Bearer opaque", "Authorization: Bearer [hidden]"),
        ("secret amzn1.oa2-cs.v1.dead-beef.", "secret [hidden]"),
        (f"GET https://s3.example/d?{SIGNED} failed", "GET https://s3.example/d?[hidden] failed"),
        (f'"https://s3.example/d?{SIGNED}", "b"', '"https://s3.example/d?[hidden]", "b"'),
        ("cut: X-Amz-Signature=5ecre7", "cut: X-Amz-Signature=[hidden]"),
        (r'"d?X-Amz-Date=1\u0026X-Amz-Signature=5ecre7"', r'"d?[hidden]\u0026X-Amz-Signature=[hidden]"'),
        ("http://h/d?AWSAccessKeyId=A&Signature=5ecre7&b=1", "http://h/d?AWSAccessKeyId=A&Signature=[hidden]&b=1"),
        ("postgresql://me:hunter2@db:5432/x?sslmode=on", "postgresql://[hidden]@db:5432/x?sslmode=on"),
        ("host=db password=hunter2 user=me", "host=db password=[hidden] user=me"),
        ("https://hooks.slack.com/services/T0/B0/x1", "https://hooks.slack.com/services/[hidden]"),
        ("key sb_secret_abc123", "key [hidden]"),
        ("?token=cs_k3f9_0123456789abcdefXYZ,", "?token=[hidden],"),
        ("key eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2Vydmlj.x-_1", "key [hidden]"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str, left: str) -> None:
    assert without_secrets(text) == left
    assert without_secrets(left) == left, "twice is as good as once"


@pytest.mark.parametrize(
    "text",
    [
        "DE 2026-11-17  sales_and_traffic.report: 60 rows, proven",
        "find it at https://developer-docs.amazon.com/sp-api/docs?page=2#x and set SP_REFRESH_TOKEN_EU",
        "The refresh token is refused: invalid_grant. The password of the role is wrong.",
        "postgresql://db.example.com:5432/postgres, me@example.com",
        "Data Kiosk answers 401: authorise the app again",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert without_secrets(text, "five5", "") == text


def test_known_secrets_are_found_in_every_spelling_and_the_longest_first() -> None:
    known = 'p"ä|ss word'
    text = 'plain p"ä|ss word, form p%22%C3%A4%7Css%20word, JSON p\\"\\u00e4|ss word, longer p"ä|ss words'
    assert (
        without_secrets(text, known, known + "s") == "plain [hidden], form [hidden], JSON [hidden], longer [hidden]"
    )
    assert without_secrets("me:corr%20ect@", "corr%20ect") == without_secrets("me:corr ect@", "corr%20ect")
