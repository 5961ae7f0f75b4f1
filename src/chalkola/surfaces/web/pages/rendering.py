"""From a template to an answer. Whatever comes from Amazon or from people is text there, and never HTML."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from chalkola.surfaces.web import static_files
from chalkola.surfaces.web.bodies import answered
from chalkola.surfaces.web.deflating import Stream
from chalkola.surfaces.web.entry import cookies, csrf
from chalkola.surfaces.web.house import house_of
from chalkola.surfaces.web.pages import spelling
from chalkola.surfaces.web.rpc.problems import Problem

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src"
    " 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load: our own files, and no script or style that stands in the page itself."""


@cache
def templates() -> Environment:
    """Return where templates are. Everything is escaped; a name that is not given is an error, and no empty text."""
    environment = Environment(
        loader=PackageLoader("chalkola.surfaces.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.policies["json.dumps_function"] = lambda value, **_: msgspec.json.encode(value).decode()
    environment.globals.update(static=static_files.address, spelling=spelling)
    return environment


async def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page. A template finds `values`, and what `shared` and `own` name."""
    person = request.scope.get("chalkola.person")
    given = {**shared(request), **own(request), "is_inside": person is not None, "person": person, "status": status}
    return await sent(request, rendered(template, {**given, **values}).encode(), status=status)


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """Return what a template makes of values."""
    return templates().get_template(template).render(values)


async def sent(
    request: Request, html: bytes | Stream, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer that brings a page."""
    always = {"Content-Security-Policy": POLICY, "Vary": "Accept-Encoding, Cookie"}
    given = {**always, **(headers or {})}
    return await answered(request, html, "text/html; charset=utf-8", status=status, headers=given)


async def sorry(request: Request, status: int, what: str, remedy: str = "") -> Response:
    """Return why there is nothing else, what happened and what to do: as a page, for a program as JSON, and as a
    sentence where a part of a page was asked for, which then stays as it is."""
    if request.url.path.startswith("/api/"):
        body = Problem(status=status, code=str(status), message=what, hint=remedy or None).body()
        return await answered(request, body, "application/json", status=status)
    if request.headers.get("hx-request-type") == "partial":
        return await answered(
            request, f"{what} {remedy}".strip().encode(), "text/plain; charset=utf-8", status=status
        )
    return await page(request, "sorry.html", status=status, what=what, remedy=remedy)


def shared(request: Request) -> dict[str, Any]:
    """Return what all templates find, whoever looks."""
    house = house_of(request)
    return {
        "sections": house.sections, "path": request.url.path, "now": house.clock.now(), "csrf_field": csrf.FIELD,
        "csrf_header": csrf.HEADER,
    }  # fmt: skip


def own(request: Request) -> dict[str, Callable[[], str]]:
    """Return what is each one's own: a token for changes, and who they are, with what ends their session."""
    house, person = house_of(request), request.scope.get("chalkola.person")

    def token() -> str:
        return csrf.token(house.csrf_key, cookies.read(request, cookies.SESSION))

    def who() -> str:
        if person is None or house.entry is None:
            return ""
        return Markup(rendered("who.html", {"person": person, "csrf": token, "csrf_field": csrf.FIELD}))

    return {"csrf": token, "who": who}
