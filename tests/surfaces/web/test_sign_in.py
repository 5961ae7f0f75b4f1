"""Signing in, against a provider of the tests' own: who is let in, who is not, and what a session is good for."""

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import psycopg
import pytest

from openid_provider import ANN, Provider, openid_provider
from served import Served, served


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with openid_provider() as running:
        yield running


@pytest.fixture
async def web(database_url: str, provider: Provider) -> AsyncIterator[Served]:
    async with served(database_url, pages=True, sign_in=provider.sign_in()) as running:
        yield running


async def journey(web: Served, back: str = "/", client: httpx2.AsyncClient | None = None) -> httpx2.Response:
    """Go to the provider and back. Return what is answered at the end of the way back."""
    browser = client or web.client
    left = await browser.get(f"/sign-in/google?back={back}")
    assert left.status_code == 302, left.text
    came = await browser.get(left.headers["location"])
    return await browser.get(came.headers["location"])


def cookie(answer: httpx2.Response, name: str) -> str:
    """Return a cookie as it is set, with its attributes."""
    (found,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}=")]
    return found


async def test_whoever_is_not_signed_in_is_led_there_and_back_to_the_page_they_wanted(web: Served) -> None:
    asked = await web.client.get("/?day=1&x=%26")
    assert (asked.status_code, urlsplit(asked.headers["location"]).path) == (303, "/sign-in")
    page = await web.client.get(asked.headers["location"])
    (way,) = re.findall(r'href="(/sign-in/google[^"]*)"', page.text)
    left = await web.client.get(way.replace("&amp;", "&"))
    came = await web.client.get(left.headers["location"])
    done = await web.client.get(came.headers["location"])
    assert (done.status_code, done.headers["location"]) == (303, "/?day=1&x=%26")
    page = await web.client.get(done.headers["location"])
    assert page.status_code == 200
    assert "Ann Ng" in page.text
    assert "viewer" in page.text


async def test_nothing_but_what_asks_for_a_token_is_there_for_a_stranger(web: Served) -> None:
    for path in ("/", "/nothing", "/today", "/docs", "/openapi.json", "/sign-out", "/sign-internal", "/health/x"):
        answer = await web.client.get(path)
        assert (answer.status_code, urlsplit(answer.headers["location"]).path) == (303, "/sign-in"), path
    assert (await web.client.get("/api/v1/products")).status_code == 401
    part = await web.client.get("/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in")
    assert (await web.client.get("/health")).status_code == 200
    assert (await web.client.post("/rest/v1/rpc/none", json={})).status_code == 404


STRANGERS = (
    ({"email": "ann@example.org", "hd": "example.org"}, "Only addresses of example.com"),
    ({"email": "ann@example.com", "hd": None}, "another"),  # a private account under a company's address
    ({"email": "ann@example.com", "hd": "example.org"}, "another"),
    ({"email": "ann@evil.example.com"}, "Only addresses of example.com"),
    ({"email": "ann@example.com@evil.org", "hd": "evil.org"}, "Only addresses of example.com"),
    ({"email": "@example.com"}, "Only addresses of example.com"),
    ({"email_verified": False}, "not verified"),
    ({"email_verified": "true"}, "not verified"),
    ({"email_verified": None}, "not verified"),
    ({"email": None}, "not verified"),
)


async def test_who_is_not_of_the_domain_or_not_verified_is_refused(web: Served, provider: Provider) -> None:
    for claims, why in STRANGERS:
        provider.claims = {**ANN, **claims}
        done = await journey(web)
        assert done.status_code == 403, claims
        assert why in done.text
        assert (await web.client.get("/")).status_code == 303, "and is not signed in"


UNPROVEN: tuple[tuple[str, dict[str, object]], ...] = (
    ("stranger", {}), ("secret", {}), ("nobody", {}), ("itself", {"nonce": "another"}), ("itself", {"nonce": None}),
    ("itself", {"aud": "another-client", "azp": None}), ("itself", {"aud": "another-client"}),
    ("itself", {"iss": "https://evil.example.org"}), ("itself", {"exp": 1_000_000_000}),
    ("itself", {"exp": None}),
)  # fmt: skip


async def test_an_id_token_that_proves_nothing_is_refused(web: Served, provider: Provider) -> None:
    for signs_as, claims in UNPROVEN:
        provider.signs_as, provider.claims = signs_as, {**ANN, **claims}
        assert (await journey(web)).status_code == 403, (signs_as, claims)
        assert (await web.client.get("/")).status_code == 303
    assert web.broken == []


async def test_a_forged_state_a_stolen_one_and_one_used_twice_are_refused(web: Served, provider: Provider) -> None:
    left = await web.client.get("/sign-in/google")
    came = (await web.client.get(left.headers["location"])).headers["location"]
    forged = re.sub(r"state=[^&]+", "state=forged", came)
    async with httpx2.AsyncClient(base_url=web.address) as other:
        assert (await other.get(came)).status_code == 403, "another browser than the one that began"
    assert (await web.client.get(forged)).status_code == 403
    assert (await web.client.get(came)).status_code == 403, "the forged one has ended this way"
    assert (await web.client.get("/sign-in/done")).status_code == 403
    assert (await web.client.get("/sign-in/done?error=access_denied")).status_code == 403
    assert (await journey(web)).status_code == 303
    assert (await web.client.get(came)).status_code == 403
    assert web.broken == []


async def test_the_journey_has_a_state_a_nonce_and_a_challenge_of_its_own_each_time(
    web: Served, provider: Provider
) -> None:
    await journey(web)
    await journey(web)
    first, second = provider.asked
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != second[name]
    assert first["scope"].split() == ["openid", "email", "profile"]
    assert first["hd"] == "example.com"
    assert first["redirect_uri"] == f"{web.address}/sign-in/done"


async def test_one_is_led_back_to_our_own_pages_only(web: Served) -> None:
    for evil in (
        "https://evil.example.org/", "//evil.example.org", "/\\evil.example.org", "%2F%2Fevil.example.org",
        "javascript:alert(1)", "/sign-out", "/a%0d%0aSet-Cookie:x=1",
    ):  # fmt: skip
        done = await journey(web, evil)
        assert done.headers["location"] == "/", evil
        web.client.cookies.clear()


async def test_the_cookie_is_for_us_alone(web: Served) -> None:
    done = await journey(web)
    kept = cookie(done, "chalkola")
    assert all(word in kept for word in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"))
    assert "Secure" not in kept, "by http on this machine"
    https = {"X-Forwarded-Proto": "https", "Host": "figures.example.com"}
    left = await web.client.get("/sign-in/google", headers=https)
    assert cookie(left, "__Host-chalkola-login").endswith("Secure")
    back = parse_qs(urlsplit(left.headers["location"]).query)["redirect_uri"]
    assert back == ["https://figures.example.com/sign-in/done"]


async def test_a_session_that_is_ended_opens_nothing_any_more_even_when_its_cookie_was_kept(web: Served) -> None:
    await journey(web)
    page = await web.client.get("/")
    kept = dict(web.client.cookies)
    (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page.text))
    out = await web.client.post("/sign-out", data={"csrf_token": token})
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert (await web.client.get("/")).status_code == 303
    async with httpx2.AsyncClient(base_url=web.address, cookies=kept) as thief:
        assert (await thief.get("/")).status_code == 303


async def test_the_database_keeps_no_cookie_and_who_was_there(web: Served, database_url: str) -> None:
    await journey(web)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT digest, email, name, ended_at FROM sp_web_sessions").fetchall()
    ((digest, email, name, ended),) = rows
    assert (email, name, ended) == ("ann@example.com", "Ann Ng", None)
    assert web.client.cookies["chalkola"].encode() not in bytes(digest)


async def test_a_made_up_cookie_is_nobodys(web: Served) -> None:
    for word in ("x", "'; DROP TABLE sp_web_sessions; --", "a" * 3000):
        async with httpx2.AsyncClient(base_url=web.address, cookies={"chalkola": word}) as other:
            assert (await other.get("/")).status_code == 303
    assert web.broken == []


async def test_an_owner_is_one_by_the_settings_of_today(database_url: str, provider: Provider) -> None:
    provider.claims["email"] = "Owner@example.com"
    async with served(database_url, pages=True, sign_in=provider.sign_in()) as web:
        await journey(web)
        kept = dict(web.client.cookies)
        assert "owner</p>" in (await web.client.get("/")).text.replace("\n", "")
    async with served(database_url, pages=True, sign_in=provider.sign_in(owners=frozenset())) as web:
        web.client.cookies.update(kept)
        assert "viewer</p>" in (await web.client.get("/")).text.replace("\n", "")
    async with served(database_url, pages=True, sign_in=provider.sign_in(domains=("example.org",))) as web:
        web.client.cookies.update(kept)
        assert (await web.client.get("/")).status_code == 303
    async with served(database_url, pages=True, sign_in=provider.sign_in(session_secret="t" * 40)) as web:
        web.client.cookies.update(kept)
        assert (await web.client.get("/")).status_code == 303, "a new secret signs everybody out"


async def test_a_change_that_no_page_of_ours_asks_for_is_refused(web: Served) -> None:
    await journey(web)
    page = await web.client.get("/")
    (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page.text))
    async with httpx2.AsyncClient(base_url=web.address) as other:
        await journey(web, client=other)
        (others,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', (await other.get("/")).text))

    async def refused(data: dict[str, str] | None, **headers: str) -> bool:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await web.client.post("/sign-out", data=data, headers=named)).status_code == 403

    assert await refused(None)
    assert await refused({"csrf_token": ""})
    assert await refused({"csrf_token": "AAAA"})
    assert await refused({"csrf_token": "é" * 44})
    assert await refused({"csrf_token": others}), "another session's"
    assert await refused({"csrf_token": token}, Origin="https://evil.example.org")
    assert await refused({"csrf_token": token}, Origin="null")
    assert await refused({"csrf_token": token}, Sec_Fetch_Site="cross-site")
    assert await refused({"csrf_token": token}, Sec_Fetch_Site="same-site")
    assert (await web.client.get("/")).status_code == 200, "still signed in"
    assert not await refused({"csrf_token": token}, Origin=web.address, Sec_Fetch_Site="same-origin")


async def test_a_part_of_a_page_shows_its_token_in_a_header(web: Served) -> None:
    await journey(web)
    page = await web.client.get("/")
    (token,) = re.findall(r'hx-headers:inherited=\'\{"x-csrf-token": "([^"]+)"\}\'', page.text)
    out = await web.client.post("/sign-out", headers={"X-CSRF-Token": token, "Content-Type": "application/json"})
    assert out.status_code == 303


async def test_pages_load_nothing_but_our_own_files_and_have_no_script_of_their_own(web: Served) -> None:
    pages = [await web.client.get("/sign-in")]
    await journey(web)
    pages.append(await web.client.get("/"))
    pages.append(await web.client.get("/nothing"))
    assert pages[-1].status_code == 404
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'; style-src 'self'" in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page.text)
        for address in re.findall(r'(?:src|href)="([^"#]+)"', page.text):
            assert address.startswith("/")
            if address.startswith("/static/"):
                file = await web.client.get(address)
                assert (file.status_code, file.headers["cache-control"]) == (
                    200, "public, max-age=31536000, immutable",
                ), address  # fmt: skip


async def test_who_tries_to_sign_in_too_often_has_to_wait(web: Served) -> None:
    codes = [(await web.client.get("/sign-in/google")).status_code for _ in range(12)]
    assert codes == [302] * 10 + [429] * 2
    answer = await web.client.get("/sign-in/google")
    assert int(answer.headers["retry-after"]) <= 7


async def test_google_that_does_not_answer_is_said(web: Served, provider: Provider) -> None:
    provider.is_down = True
    answer = await web.client.get("/sign-in/google")
    assert answer.status_code == 502
    assert "Google does not answer" in answer.text
    provider.is_down = False
    assert (await journey(web)).status_code == 303
    assert web.broken == []


async def test_a_name_made_of_html_is_shown_as_text(web: Served, provider: Provider) -> None:
    provider.claims["name"] = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    await journey(web)
    page = (await web.client.get("/")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


async def test_where_nobody_signs_in_the_pages_are_for_this_machine_alone(database_url: str) -> None:
    async with served(database_url, pages=True) as web:
        page = await web.client.get("/")
        assert page.status_code == 200
        for headers in (
            {"Host": "rebound.example.org"}, {"Host": "192.168.1.5:8800"}, {"X-Forwarded-For": "8.8.8.8"},
            {"Forwarded": "for=8.8.8.8"}, {"Host": ""},
        ):  # fmt: skip
            answer = await web.client.get("/", headers=headers)
            assert answer.status_code == 403, headers
            assert "for this machine alone" in answer.text
        assert (await web.client.post("/rest/v1/rpc/none", json={}, headers={"Host": "tunnel.example.org"})
                ).json()["code"] == "PGRST202", "a token is enough for a sheet, by whatever way it comes"  # fmt: skip
        assert (await web.client.get("/sign-in")).headers["location"] == "/"
        forged = await web.client.post("/sign-out")
        assert forged.status_code == 403


async def test_an_error_that_nobody_foresaw_shows_nothing_of_itself(web: Served, database_url: str) -> None:
    await journey(web)
    word = web.client.cookies["chalkola"]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE sp_web_sessions RENAME COLUMN email TO address")
    async with httpx2.AsyncClient(base_url=web.address, cookies={"chalkola": word + "x"}) as other:
        answer = await other.get("/")
    assert (answer.status_code, answer.text) == (500, "Something went wrong here. The server's log says what.")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [type(error).__name__ for error in web.broken] == ["Fault"]


def test_the_accounts_of_the_tests_are_what_google_would_say() -> None:
    assert {"sub", "email", "email_verified", "hd"} <= set(ANN)
