"""The columns of the All Listings Report, and what they are called.

English: Amazon's page of inventory reports; "Deprecated column" and `fulfilment-channel` in Europe: models#3999,
models#4140. Other languages: as developers' code has them, which leaves gaps. Japan's list has its ASIN in the
product id alone, unless it is a custom one.
"""

from collections.abc import Mapping, Sequence

from amazon_simulator.listings.question import ListQuestion

COLUMNS = (
    "item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date", "image-url",
    "item-is-marketplace", "product-id-type", "zshop-shipping-fee", "item-note", "item-condition", "zshop-category1",
    "zshop-browse-path", "zshop-storefront-feature", "asin1", "asin2", "asin3", "will-ship-internationally",
    "expedited-shipping", "zshop-boldface", "product-id", "bid-for-featured-placement", "add-delete",
    "pending-quantity", "fulfillment-channel", "merchant-shipping-group", "status",
)  # fmt: skip
_IN_EUROPE = ("Minimum order quantity", "Sell remainder")
_IN_JAPAN = (
    "item-name", "listing-id", "seller-sku", "price", "quantity", "open-date", "product-id-type", "item-note",
    "item-condition", "will-ship-internationally", "expedited-shipping", "product-id", "pending-quantity",
    "fulfillment-channel", "merchant-shipping-group", "points", "status",
)  # fmt: skip
_CUSTOM = ("seller-sku", "asin1", "item-name", "listing-id", "price", "product-id-type", "product-id")
_DEPRECATED = {
    "image-url", "zshop-shipping-fee", "zshop-category1", "zshop-browse-path", "zshop-storefront-feature", "asin2",
    "asin3", "zshop-boldface", "bid-for-featured-placement",
}  # fmt: skip
_TRANSLATED: Mapping[str, Mapping[str, str]] = {
    "de": {
        "item-name": "Artikelbezeichnung", "item-description": "Artikelbeschreibung", "listing-id": "Angebotsnummer",
        "seller-sku": "Händler-SKU", "price": "Preis", "quantity": "Menge", "open-date": "Erstellungsdatum",
        "item-is-marketplace": "Artikel ist Marketplace-Angebot", "product-id-type": "Produkt-ID-Typ",
        "item-note": "Anmerkung zum Artikel", "item-condition": "Artikelzustand", "asin1": "ASIN 1",
        "will-ship-internationally": "Internationaler Versand", "expedited-shipping": "Expressversand",
        "product-id": "Produkt-ID", "fulfillment-channel": "Versender",
        "merchant-shipping-group": "Händlerversandgruppe", "status": "Status",
    },
    "fr": {
        "item-name": "nom-produit", "listing-id": "id-offre", "seller-sku": "sku-vendeur", "price": "prix",
        "quantity": "quantité", "open-date": "date-ouverture", "product-id-type": "type-id-produit",
        "item-note": "note-état-article", "item-condition": "état-produit", "product-id": "id-produit",
        "fulfillment-channel": "canal-traitement", "status": "état",
    },
    "it": {
        "item-name": "Nome dell'articolo", "item-description": "Descrizione dell'articolo",
        "listing-id": "Numero offerta", "seller-sku": "SKU venditore", "price": "Prezzo", "quantity": "Quantità",
        "open-date": "Data di creazione", "product-id-type": "Tipo di identificativo del prodotto",
        "asin1": "ASIN 1", "product-id": "Identificativo del prodotto", "fulfillment-channel": "Canale di gestione",
        "status": "stato",
    },
    "es": {
        "item-name": "Título del producto", "item-description": "Descripción del producto",
        "listing-id": "Identificador del listing", "seller-sku": "SKU del vendedor", "price": "Precio",
        "quantity": "Cantidad", "open-date": "Fecha de creación",
        "product-id-type": "Tipo de identificador de producto", "asin1": "ASIN 1",
        "product-id": "Identificador del producto", "fulfillment-channel": "Canal de gestión logística",
        "status": "estado",
    },
    "ja": {
        "item-name": "商品名", "listing-id": "出品ID", "seller-sku": "出品者SKU", "price": "価格", "quantity": "数量",
        "open-date": "出品日", "product-id-type": "商品IDタイプ", "item-note": "コンディション説明",
        "item-condition": "コンディション", "will-ship-internationally": "国外へ配送可",
        "expedited-shipping": "迅速な配送", "product-id": "商品ID", "pending-quantity": "在庫数",
        "fulfillment-channel": "フルフィルメント・チャンネル", "points": "ポイント", "status": "ステータス",
    },
}  # fmt: skip


def columns_of(question: ListQuestion) -> Sequence[str]:
    """Return the columns of a list, by their English names in the United States."""
    if question.custom:
        return _CUSTOM
    if question.marketplace.code == "JP":
        return _IN_JAPAN
    return (*COLUMNS, *_IN_EUROPE) if question.marketplace.region == "eu" else COLUMNS


def header(question: ListQuestion, columns: Sequence[str]) -> list[str]:
    """Return what columns are called in the language of a list."""
    translated = _TRANSLATED.get(question.language, {})
    return [translated.get(column, _in_english(question, column)) for column in columns]


def _in_english(question: ListQuestion, column: str) -> str:
    if question.marketplace.region == "eu":
        return "Deprecated column" if column in _DEPRECATED else column.replace("fulfillment", "fulfilment")
    return column
