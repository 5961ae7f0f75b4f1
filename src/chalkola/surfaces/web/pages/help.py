"""Help: what the words and figures mean, how a sheet is connected, and what a terminal can tell."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chalkola.store.board.definitions import METRICS
from chalkola.surfaces.web.pages.rendering import page


async def _help(request: Request) -> Response:
    address = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return await page(request, "help.html", address=address, metrics=METRICS)


ROUTES = (Route("/help", _help, methods=["GET"]),)
