"""The snapshot tabs: what is in each of them, and where.

Three programs keep to it: the script in `sheets/` and `chalkola sheets push` write the tabs, the workbook of
`chalkola sheets template` reads them with formulas. All tabs are hidden; their names begin with an underscore.

`_US`, `_DE`, ...  one for each marketplace: a row for each child and parent, sorted by `key`
`_ALL`             the same for all marketplaces together, money in one currency
`_daily`           a row for each marketplace and day, 400 days
`_meta`            what is known of them: `META` below; written last

A tab begins at A1 with the columns' names; a formula finds a column by its name and never by its letter. An absent
figure is an empty cell. A day is a real date (a number that is shown as yyyy-mm-dd), a text is a text even where it
looks like a number. A tab is never deleted, moved or made smaller: formulas would lose what they refer to. What is
written over is emptied below the last row.
"""

from dataclasses import dataclass

METRICS = ("units", "sales", "sessions", "page_views", "buy_box")
EARLY_METRICS = ("units", "sales", "sessions")
"""What is known of a day that Amazon has not settled."""
FACTS = ("key", "level", "asin", "sku", "skus", "parent_asin", "title", "price")
DAILY_COLUMNS = (
    "key", "marketplace", "date", "state", "units", "order_items", "sales", "currency", "sessions", "page_views",
    "buy_box", "cvr", "rate",
)  # fmt: skip
MONEY = ("sales", "price")


@dataclass(frozen=True, kw_only=True)
class Versus:
    """A period to compare with: the end of its columns' names, and how it is called in a cell."""

    slug: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Period:
    """A period that snapshot tabs have figures of, and those it can be compared with, the usual one first."""

    slug: str
    words: str
    versus: tuple[Versus, ...]


def _period(slug: str, words: str, usual: tuple[str, str]) -> Period:
    others = (usual, ("year_ago", "a year ago"))
    return Period(slug=slug, words=words, versus=tuple(Versus(slug=f"{slug}_{end}", words=w) for end, w in others))


PERIODS = (
    _period("last_day", "Last closed day", ("week_ago", "a week ago")),
    _period("last_7", "Last 7 days", ("week_ago", "a week ago")),
    _period("last_30", "Last 30 days", ("month_ago", "a month ago")),
    _period("mtd", "Month to date", ("month_ago", "a month ago")),
)
EARLY = "yesterday"
SLUGS = tuple(slug for p in PERIODS for slug in (p.slug, *(v.slug for v in p.versus)))

ITEM_COLUMNS = (
    *FACTS,
    *(f"{metric}_{slug}" for metric in METRICS for slug in SLUGS),
    *(f"{metric}_{EARLY}" for metric in EARLY_METRICS),
)
"""The columns of item tabs. Their order may change and others may be added: a formula goes by the name."""

META = ("version", "freshness", "currency", "fx_date", "made_at", "written_at", "written_by")
"""`_meta`: these names in A1:A7, their values beside them in B. `written_by` is `script` or `push`."""
META_TABLE_ROW = 9
META_TABLE = ("tab", "marketplace", "rows", "last_closed")
"""Below, from row 9: these names, and a line for each of the other tabs. The day of `_ALL` is the common one."""

ITEM_ROWS, DAILY_ROWS, COLUMNS = 3_000, 6_000, 100
"""How far formulas look: a tab's grid has at least as many rows (the columns' names included) and columns."""
META_ROWS = 60


def tab_of(code: str) -> str:
    """Return the tab of a marketplace's code, or of ALL."""
    return f"_{code}"
