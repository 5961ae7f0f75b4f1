"""What is said to an address that asks for what there is not: the database's own sentence, on a page."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from chalkola.store.board.asking import NotUnderstood, TooSlow
from chalkola.surfaces.web.pages.rendering import sorry


class NotHere(Exception):
    """There is nothing of this name, and why, or where to look."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


Page = Callable[[Request], Awaitable[Response]]


def refusing(made: Page) -> Page:
    """Return a page that says why it cannot be made, where it was asked for something that there is not."""

    @wraps(made)
    async def answer(request: Request) -> Response:
        try:
            return await made(request)
        except NotUnderstood as error:
            return await sorry(request, 400, error.what, error.remedy or "")
        except NotHere as error:
            return await sorry(request, 404, error.what, error.remedy)
        except TooSlow as error:
            return await sorry(request, 503, error.what, error.remedy or "")

    return answer
