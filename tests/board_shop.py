"""A shop that is written by hand, at an hour that stands still: in Germany and the United States."""

from datetime import date, timedelta

from sheeting import CLOSED, DAY, Book


def write_shop(book: Book) -> None:
    """Write 70 closed days of a family of two and of a product without one; yesterday is not there yet."""
    for code, times in (("DE", 1), ("US", 2)):
        first = CLOSED - 69 * DAY
        book.lines(code, first, CLOSED)
        book.lines(code, first, CLOSED, dataset="daily_parents")
        for n in range(70):
            write_day(book, code, first + timedelta(n), times)
    for n in range(80):
        book.rate("USD", CLOSED - timedelta(n), "1.25")


def write_day(book: Book, code: str, day: date, times: int = 1) -> None:
    """Write a day: 10, 4 and 6 units a time, the last of them twice as much on the last closed day."""
    more = 2 if day == CLOSED else 1
    figures = (
        ("B0CHILD001", "B0PARENT00", 10, 100),
        ("B0CHILD002", "B0PARENT00", 4, 50),
        ("B0SINGLE01", None, 6 * more, 60),
    )
    for asin, parent, units, sessions in figures:
        book.row(
            code, day, asin, parent, units_ordered=units * times, ordered_product_sales=units * times * 20,
            total_order_items=units * times, sessions=sessions * times, page_views=sessions * times * 2,
            buy_box_percentage=90,
        )  # fmt: skip
    book.parent_row(
        code, day, "B0PARENT00", sessions=120 * times, page_views=280 * times, units_ordered=14 * times,
        ordered_product_sales=280 * times, buy_box_percentage=90,
    )  # fmt: skip
    book.total(
        code, day, units_ordered=(14 + 6 * more) * times, ordered_product_sales=(14 + 6 * more) * times * 20,
        total_order_items=(14 + 6 * more) * times, sessions=200 * times, page_views=420 * times,
        buy_box_percentage=90,
    )  # fmt: skip
