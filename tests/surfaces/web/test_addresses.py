"""Who reaches us, who calls, and who has to wait: values, without any server."""

import pytest

from chalkola.errors import UsageError
from chalkola.surfaces.web.addresses import caller, came_by_https, is_loopback, is_own_name
from chalkola.surfaces.web.command import refuse_strangers
from chalkola.surfaces.web.rpc.guessing import Guesses
from chalkola.surfaces.web.rpc.problems import status_of


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]", "me.localhost"])
def test_only_this_machine_reaches_a_loopback(host: str) -> None:
    assert is_loopback(host)
    refuse_strangers(host, signs_in=False)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "example.com", "", "127.0.0.1.example.com"]
)
def test_others_reach_anything_else_and_have_to_sign_in(host: str) -> None:
    assert not is_loopback(host)
    refuse_strangers(host, signs_in=True)
    with pytest.raises(UsageError) as refused:
        refuse_strangers(host, signs_in=False)
    assert "--only-sheets" in refused.value.remedy


@pytest.mark.parametrize("name", ["127.0.0.1:8800", "localhost", "localhost:8800", "[::1]:8800", "[::1]"])
def test_a_name_of_this_machine_is_known_as_one(name: str) -> None:
    assert is_own_name(name)


@pytest.mark.parametrize("name", ["rebound.example.com", "tunnel.example.com:443", "192.168.1.5:8800", "", ":80"])
def test_a_name_that_somebody_else_gave_us_is_none(name: str) -> None:
    assert not is_own_name(name)


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("8.8.8.8", "", "8.8.8.8"),
        ("8.8.8.8", "1.1.1.1", "8.8.8.8"),  # no proxy: what it says of itself is its own
        ("127.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("100.64.0.3", "6.6.6.6, 1.1.1.1", "1.1.1.1"),  # the first it may have written itself
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("2001:4860:4860::8888", "", "2001:4860:4860::/64"),
        ("::ffff:8.8.8.8", "", "8.8.8.8"),
        ("", "", "unknown"),
    ],
)
def test_a_call_counts_against_whoever_made_it(peer: str, forwarded: str, counted: str) -> None:
    assert caller(peer, forwarded) == counted


def test_a_proxy_is_believed_that_it_was_asked_by_https_and_nobody_else() -> None:
    assert came_by_https("http", "100.64.0.3", "https")
    assert not came_by_https("http", "8.8.8.8", "https")
    assert not came_by_https("http", "127.0.0.1", "http")
    assert came_by_https("https", "8.8.8.8", "")


def test_ten_tokens_may_be_tried_and_then_one_every_ten_seconds() -> None:
    guesses, now, looked_at = Guesses(), 0.0, 0
    for second in range(3600):
        now = float(second)
        for n in range(5):
            if guesses.wait("8.8.8.8", f"{second} {n}", now) == 0:
                looked_at += 1
                guesses.note("8.8.8.8", f"{second} {n}", now, was_right=False)
    assert looked_at == 10 + 359
    assert 0 < guesses.wait("8.8.8.8", "another", now) <= 10
    assert guesses.wait("1.1.1.1", "another", now) == 0


def test_the_same_wrong_token_counts_once_however_often_a_sheet_repeats_it() -> None:
    guesses = Guesses()
    for _ in range(1000):
        assert guesses.wait("8.8.8.8", "mistyped", 0) == 0
        guesses.note("8.8.8.8", "mistyped", 0, was_right=False)


def test_a_token_that_was_right_never_waits_until_it_is_wrong() -> None:
    guesses = Guesses()
    guesses.note("8.8.8.8", "mine", 0, was_right=True)
    for n in range(20):
        guesses.note("8.8.8.8", f"guess {n}", 0, was_right=False)
    assert guesses.wait("8.8.8.8", "mine", 0) == 0
    guesses.note("8.8.8.8", "mine", 0, was_right=False)
    assert guesses.wait("8.8.8.8", "mine", 0) > 0


def test_memory_stays_bounded_whoever_guesses_what() -> None:
    guesses = Guesses()
    for n in range(30_000):
        guesses.note(f"address {n}", "x", 0, was_right=False)
        guesses.note("8.8.8.8", f"good {n}", 0, was_right=True)
    assert len(guesses.pace._full_at) <= 10_000
    assert len(guesses._good) <= 2_000


@pytest.mark.parametrize(
    ("sqlstate", "status"),
    [("57014", 500), ("57P01", 503), ("42883", 404), ("22P02", 400), ("53400", 500), ("", 400)],
)
def test_an_error_has_the_status_that_postgrest_gives_it(sqlstate: str, status: int) -> None:
    assert status_of(sqlstate) == status
