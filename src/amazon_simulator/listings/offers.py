"""What the simulated seller offers in a marketplace: the same children as have traffic, by SKU.

Some children have a second SKU, which the seller sends, with leading zeros, with spaces, or in other case; and some
listings were begun and never completed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from amazon_simulator.catalog import Catalog, Child, Listing
from amazon_simulator.marketplaces import Marketplace

_FIRST_OPENED = date(2021, 1, 4).toordinal()  # of children that were always there
_NOUNS = {
    "en": ("Chalk holder", "Slate board", "Chalk set", "Board eraser"),
    "de": ("Kreidehalter", "Schiefertafel für Anfänger", "Kreide, weiß, 12 Stück", "Tafelschwamm „Größe 3“"),
    "fr": ("Porte-craie", "Ardoise d’écolier", "Craies – boîte de 12", "Éponge « à l’ancienne »"),
    "it": ("Portagesso", "Lavagna per bambini", "Gessi più morbidi", "Cancellino di qualità"),
    "es": ("Portatizas", "Pizarra pequeña", "Tizas para niños", "Borrador ¡fácil!"),
    "pt": ("Porta-giz", "Quadro-negro para crianças", "Giz sem pó", "Apagador de mão"),
    "ja": ("チョークホルダー", "黒板(小)", "チョーク12本セット", "黒板消し ソフトタイプ"),
}
_TAILS = ("", ' 12" "Classic"', " <b>new</b> &amp; improved", " ✏️", " – 2er™", "  two  spaces", " 100% O'Neil, (L)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One SKU in a marketplace. Price in the currency's smallest unit."""

    sku: str
    asin: str | None
    title: str
    description: str
    price: int | None
    quantity: int | None  # None: Amazon keeps the stock
    status: str
    by_amazon: bool
    listing_id: str
    opened: date
    barcode: str | None = None  # by which the product was found, where not by its ASIN


def offers(catalog: Catalog, marketplace: Marketplace, at: datetime) -> list[Offer]:
    """Return what is offered at an instant, in catalog order. A parent's own page is nothing that one can buy."""
    today = at.astimezone(marketplace.zone).date().toordinal()
    there = (
        listing
        for listing in catalog.listings(marketplace)
        if listing.child.buyable and listing.child.launched <= today < listing.child.retired
    )
    return [offer for listing in there for offer in _of_child(listing, marketplace)]


def _of_child(listing: Listing, marketplace: Marketplace) -> Iterator[Offer]:
    child = listing.child
    sent_by_amazon = child.index % 5 != 3
    yield _offer(listing, marketplace, child.sku, by_amazon=sent_by_amazon)
    if second := _second_sku(child):
        yield _offer(listing, marketplace, second, by_amazon=False)
    if child.index % 41 == 7:
        yield Offer(
            sku=f"draft {child.index}", asin=None, title="", description="", price=None, quantity=None,
            status="Incomplete", by_amazon=False, listing_id="", opened=_opened(child),
        )  # fmt: skip


def _second_sku(child: Child) -> str | None:
    if child.index % 9 == 4:
        return f"{child.index:08d}"
    if child.index % 13 == 6:
        return child.sku.lower()
    return f"CK {child.index} / blue (2)" if child.index % 17 == 11 else None


def _offer(listing: Listing, marketplace: Marketplace, sku: str, *, by_amazon: bool) -> Offer:
    child = listing.child
    nouns = _NOUNS[marketplace.language[:2]]
    return Offer(
        sku=sku,
        asin=child.asin,
        title=f"{nouns[child.index % len(nouns)]}{_TAILS[child.index % len(_TAILS)]} {child.index}",
        description=f'<p>No. {child.index}, "as good as ever".<br>&nbsp;</p>' if child.index % 3 else "",
        price=listing.price,
        quantity=None if by_amazon else child.index * 7 % 60,
        status="Inactive" if child.index % 11 == 5 else "Active",
        by_amazon=by_amazon,
        listing_id=f"{child.index:04d}{sum(map(ord, sku + marketplace.code)) % 10_000:04d}LST",
        opened=_opened(child),
        barcode=f"40{child.index:011d}" if child.index % 6 == 1 and marketplace.code != "JP" else None,
    )


def _opened(child: Child) -> date:
    return date.fromordinal(max(child.launched, _FIRST_OPENED))
