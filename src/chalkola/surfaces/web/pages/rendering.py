"""From a template to an answer. Whatever comes from Amazon or from people is text there, and never HTML."""

from functools import cache
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from chalkola.surfaces.web import static_files
from chalkola.surfaces.web.bodies import answered
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
    """Return a page. A template finds `values`, and what `_shared` names."""
    html = templates().get_template(template).render({**_shared(request), "status": status, **values})
    headers = {"Content-Security-Policy": POLICY, "Vary": "Accept-Encoding, Cookie"}
    return await answered(request, html.encode(), "text/html; charset=utf-8", status=status, headers=headers)


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


def _shared(request: Request) -> dict[str, Any]:
    house = house_of(request)
    return {
        "sections": house.sections, "path": request.url.path, "person": request.scope.get("chalkola.person"),
        "signs_in": house.entry is not None, "now": house.clock.now(),
        "csrf": lambda: csrf.token(house.csrf_key, cookies.read(request, cookies.SESSION)),
        "csrf_field": csrf.FIELD, "csrf_header": csrf.HEADER,
    }  # fmt: skip
