"""A shop for the board."""

from typing import Any

import psycopg
import pytest

from board_shop import write_shop
from sheeting import Book, opened


@pytest.fixture
def book(database: psycopg.Connection[dict[str, Any]]) -> Book:
    """A hand that writes into a fresh database."""
    return opened(database)


@pytest.fixture
def shop(book: Book) -> Book:
    """The same hand, after it has written a small shop."""
    write_shop(book)
    return book
