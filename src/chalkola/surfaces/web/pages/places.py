"""How fresh figures are, and the marketplaces that pages can be switched to."""

from chalkola.store.board.asking import looking
from chalkola.store.board.freshness import read_freshness
from chalkola.store.board.shapes import ALL, Freshness, Scope
from chalkola.surfaces.web.house import House
from chalkola.surfaces.web.pages.asked import Address


async def freshness_and_places(house: House, scope: Scope) -> tuple[Freshness, tuple[str, ...]]:
    """Return how fresh a scope's figures are, and every marketplace that has a closed day, in their order; none where
    nothing has been pulled."""
    async with looking(house.pool) as look:
        return await read_freshness(look, scope, house.clock.now())


def place_options(places: tuple[str, ...], address: Address) -> list[tuple[str, str, str]]:
    """Return what a page is switched by: a name, where it leads, and the marketplace."""
    every = [("All", address.but(place=None), ALL)] if len(places) > 1 else []
    return every + [(code, address.but(place=code, currency=None), code) for code in places]
