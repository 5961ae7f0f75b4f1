"""The days on which TARGET, the euro's payment system, is closed: on those the ECB publishes no rates. Pure.

ecb.europa.eu/press/pr/date/2000/html/pr001214_4.en.html: weekends, New Year's Day, Good Friday, Easter Monday, 1 May,
25 and 26 December, from 2002 until further notice.
"""

from datetime import date, timedelta

_FIXED = {(1, 1), (5, 1), (12, 25), (12, 26)}
_FROM_EASTER = (timedelta(days=-2), timedelta(days=1))


def is_closed(day: date) -> bool:
    """Return whether a day is one of the closing days other than weekends."""
    return (day.month, day.day) in _FIXED or day - easter(day.year) in _FROM_EASTER


def easter(year: int) -> date:
    """Return Easter Sunday of the western churches, by the Gregorian computus of Meeus, Jones and Butcher."""
    golden, century, rest = year % 19, year // 100, year % 100
    skipped = century - century // 4 - (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + skipped + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
