"""The table of products as a file: all pages of what is shown, with the figures of the period it is held against."""

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chalkola.store.board.definitions import BY_KEY, Definition
from chalkola.store.board.products import every_product, products
from chalkola.store.board.shapes import ProductRow, ProductsPage
from chalkola.store.relations import Column, Kind
from chalkola.surfaces.exports import Format, writing
from chalkola.surfaces.web.house import house_of
from chalkola.surfaces.web.pages.asked import read_products
from chalkola.surfaces.web.pages.refusing import Page, refusing

_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def in_csv(text: str) -> str:
    """Return a text as a spreadsheet will show it and not carry it out: one that begins like a formula has an
    apostrophe before it. owasp.org/www-community/attacks/CSV_Injection"""
    return f"'{text}" if text.startswith(_RISKY) else text


def columns_of(metrics: Sequence[Definition], currency: str) -> tuple[Column, ...]:
    """Return a file's columns: what a product is, then each metric of the period, and before."""
    texts = [Column(name=name, kind=Kind.TEXT, type="text") for name in ("asin", "title", "sku")]
    figures = []
    for metric in metrics:
        unit = f"_{currency.lower()}" if metric.unit == "money" else ""
        kind, scale = (Kind.INTEGER, 0) if metric.unit == "count" else (Kind.NUMERIC, metric.decimals)
        for side in ("", "_before", "_change"):
            name = f"{metric.key}{unit}{side}"
            figures.append(Column(name=name, kind=kind, type=kind.value, precision=18, scale=scale))
    return (*texts, Column(name="children", kind=Kind.INTEGER, type="int4"), *figures)


def lines_of(rows: Sequence[ProductRow], metrics: Sequence[Definition], *, form: Format) -> bytes:
    """Return rows as the writers of files take them: CSV in UTF-8, nothing where nothing is known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    spelt = in_csv if form is Format.CSV else str
    for row in rows:
        cells = [row.cells[metric.key] for metric in metrics]
        figures = [
            _number(value, metric)
            for metric, cell in zip(metrics, cells, strict=True)
            for value in (cell.value, cell.then, cell.change)
        ]
        texts = [spelt(_whole(text)) for text in (row.asin, row.title, row.sku)]
        writer.writerow([*texts, row.children, *figures])
    return out.getvalue().encode()


def _whole(text: str | None) -> str:
    """Return a text without carriage returns: Python's writer leaves a lone one unquoted, where it ends the row."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


def _number(value: Decimal | None, metric: Definition) -> str:
    return "" if value is None else f"{round(value, metric.decimals):f}"


def _download(form: Format) -> Page:
    @refusing
    async def answer(request: Request) -> Response:
        house, query, now = house_of(request), read_products(request.query_params), house_of(request).clock.now()
        seen = await products(house.pool, now, query)
        rows = [row async for row in every_product(house.pool, now, query)]
        body = await asyncio.to_thread(_written, form, rows, seen)
        name = f"{_stem(seen)}.{form}"
        return Response(
            body, media_type=_TYPES[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    return answer


def _written(form: Format, rows: Sequence[ProductRow], seen: ProductsPage) -> bytes:
    metrics = [BY_KEY[key] for key in seen.query.metrics]
    with tempfile.TemporaryDirectory(prefix="chalkola-") as folder:
        path = Path(folder, "file")
        with writing(form, path, columns_of(metrics, seen.currency)) as write:
            write(lines_of(rows, metrics, form=form))
        return path.read_bytes()


def _stem(seen: ProductsPage) -> str:
    words = ("products", seen.query.scope.place, str(seen.span.first or ""), "to", str(seen.span.last or ""))
    return re.sub(r"[^\w-]", "", "_".join(words))


ROUTES = tuple(Route(f"/products.{form}", _download(form), methods=["GET"]) for form in _TYPES)
