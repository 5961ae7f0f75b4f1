"""What a form brings, and who may send one. The door has made sure already that a page of ours sends it."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from chalkola.surfaces.web.guard import note
from chalkola.surfaces.web.house import person_of
from chalkola.surfaces.web.pages.rendering import sorry

Endpoint = Callable[[Request], Awaitable[Response]]


def owners_only(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that refuses whoever may only look."""

    async def guarded(request: Request) -> Response:
        if person_of(request).is_owner:
            return await endpoint(request)
        note(request, "no owner")
        return await sorry(
            request, 403, "Only owners may change this.", "CHALKOLA_OWNERS names them, where the server runs."
        )

    return guarded


async def fields_of(request: Request) -> Mapping[str, str]:
    """Return what was typed, by field; the last value of each, without the spaces around it."""
    found = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    return {name: value.strip() for name, value in found}


def who(request: Request) -> str:
    """Return who changes something, for whoever asks later."""
    return person_of(request).email or "this machine"
