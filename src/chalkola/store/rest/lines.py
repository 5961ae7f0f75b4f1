"""Lines of CSV as COPY would read and write them, without COPY. Pure."""

from psycopg import sql

from chalkola.store.database import Selected, Shape


def as_query(selected: Selected) -> sql.Composed:
    """Return the query that gives rows as lines of CSV, in one column."""
    cells = (_cell(expression, in_quotes) for expression, _, in_quotes in selected.columns)
    return sql.SQL("SELECT {} {}").format(sql.SQL(" || ',' || ").join(cells), selected.source)


def typed(shape: Shape) -> sql.Composed:
    """Return what selects staged cells as columns of these names and types."""
    each = (
        sql.SQL("(cells[{}])::" + type_ + " AS {}").format(sql.Literal(place), sql.Identifier(name))
        for place, (name, type_) in enumerate(shape, start=1)
    )
    return sql.SQL(", ").join(each)


def names(shape: Shape) -> sql.Composed:
    """Return the names of columns."""
    return sql.SQL(", ").join(sql.Identifier(name) for name, _ in shape)


def _cell(expression: sql.Composable, in_quotes: bool) -> sql.Composed:
    form = (
        """coalesce('"' || replace(({})::text, '"', '""') || '"', 'null')"""
        if in_quotes
        else "coalesce(({})::text, 'null')"
    )
    return sql.SQL(form).format(expression)
