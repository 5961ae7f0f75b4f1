"""The header of Amazon's list of listings: which cell is which, in the languages in which it is known.

We ask for English, but Amazon gives a list that it made within six hours once more, in whatever language that was
(developer-docs.amazon.com/sp-api/docs/report-type-values-inventory). English: the same page, and `fulfilment-channel`
(selling-partner-api-models#4140). Other languages: as developers' code has them; Portuguese is not known.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from chalkola.datasets.reading import NEXT
from chalkola.errors import AnotherQuestion

NAMES: Mapping[str, tuple[str, ...]] = {
    "sku": ("seller-sku", "Händler-SKU", "sku-vendeur", "SKU venditore", "SKU del vendedor", "出品者SKU", "卖家 SKU"),
    "title": (
        "item-name", "Artikelbezeichnung", "nom-produit", "Nome dell'articolo", "Título del producto", "商品名",
        "商品名称",
    ),
    "description": (
        "item-description", "Artikelbeschreibung", "Descrizione dell'articolo", "Descripción del producto",
        "商品描述",
    ),
    "asin": ("asin1",),
    "product_id": (
        "product-id", "Produkt-ID", "id-produit", "Identificativo del prodotto", "Identificador del producto",
        "商品ID",
    ),
    "product_id_type": (
        "product-id-type", "Produkt-ID-Typ", "type-id-produit", "Tipo di identificativo del prodotto",
        "Tipo de identificador de producto", "商品IDタイプ",
    ),
    "price": ("price", "Preis", "prix", "Prezzo", "Precio", "価格", "价格"),
    "quantity": ("quantity", "Menge", "quantité", "Quantità", "Cantidad", "数量"),
    "status": ("status", "état", "stato", "estado", "ステータス", "状态"),
    "channel": (
        "fulfillment-channel", "fulfilment-channel", "Versender", "canal-traitement", "Canale di gestione",
        "Canal de gestión logística", "フルフィルメント・チャンネル", "配送渠道",
    ),
    "listing_id": (
        "listing-id", "Angebotsnummer", "id-offre", "Numero offerta", "Identificador del listing", "出品ID",
        "商品编码",
    ),
    "open_date": (
        "open-date", "Erstellungsdatum", "date-ouverture", "Data di creazione", "Fecha de creación", "出品日",
        "开售日期",
    ),
}  # fmt: skip
"""By what we call them; the first one is Amazon's own name in English."""


def places_of(header: Sequence[str]) -> Mapping[str, int]:
    """Return the place of each column that we know, the first one where a name comes twice.

    Raises `AnotherQuestion` that names a needed column which is not there: the list may be a `custom` one of another
    application.
    """
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        if (ours := _OURS.get(_folded(name))) is not None:
            places.setdefault(ours, place)
    lacking = [NAMES[name][0] for name in ("sku", "title") if name not in places]
    if "asin" not in places and not {"product_id", "product_id_type"} <= places.keys():
        lacking.append("asin1 (or product-id with product-id-type)")
    if lacking:
        begins = ", ".join(name[:40] for name in header[:8])
        raise AnotherQuestion(
            f"The list of listings has no column {', no '.join(lacking)}.",
            why=f"It begins with: {begins} …" if begins else "It is empty.", remedy=NEXT,
        )  # fmt: skip
    return places


def unknown_in(header: Iterable[str], not_kept: Iterable[str]) -> list[str]:
    """Return the columns of an English header that we have never heard of, each once; none of another language's."""
    names = list(header)
    if NAMES["sku"][0] not in names:
        return []
    known = {*map(_folded, not_kept), *_OURS}
    return list(dict.fromkeys(name for name in names if name and _folded(name) not in known))


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", name)).casefold()


_OURS = {_folded(name): ours for ours, names in NAMES.items() for name in names}
