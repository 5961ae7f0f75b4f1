"""Coming in to the pages as somebody, by the provider of the tests' own; and sending forms as a page does."""

import re

import httpx2

from openid_provider import ANN, Provider
from served import Served


async def enter(web: Served, provider: Provider, email: str) -> None:
    """Sign the client of a server in under an address."""
    provider.claims = {**ANN, "email": email}
    web.client.cookies.clear()
    left = await web.client.get("/sign-in/google")
    came = await web.client.get(left.headers["location"])
    assert (await web.client.get(came.headers["location"])).status_code == 303


async def csrf_token(client: httpx2.AsyncClient, path: str) -> str:
    """Return the token that a page shows."""
    shown = re.findall(r'x-csrf-token": "([^"]+)"', (await client.get(path)).text)
    return str(shown[0])


async def send(web: Served, path: str, fields: dict[str, str], *, of: str = "") -> httpx2.Response:
    """Send a form as the page `of` does, or the one at the same path."""
    token = await csrf_token(web.client, of or path)
    return await web.client.post(path, data={"csrf_token": token, **fields})
