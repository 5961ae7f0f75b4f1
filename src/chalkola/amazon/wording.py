"""What Amazon's words mean where its status does not say it. None of these sentences is documented, so the lists are
short: a question that is wrongly taken for too large is halved for nothing, and asked again for a turn each."""

import re
from collections.abc import Iterable

_NUMBER = r"(?:\d[\d,]*|one|two|three|ten)"
_NOT_AN_AGE = r"(?!\s+(?:years?|months?)\b)(?!\s+\w+\s+(?:ago|old|back|before|in\s+the\s+past)\b)"
_MEASURE = r"(?:maximum|limits?|size|length|complexity|depth|cost|number|characters|days|filters|asins)"


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE | re.DOTALL)


_TOO_LARGE = _any_of(
    (
        r"\btoo\s+(?:large|big|long|complex|many|much|expensive)\b",
        # "The request size exceeded the maximum accepted size." (the models, of a 413)
        rf"\bexceed(?:s|ed|ing)?\b(?=.{{0,60}}\b{_MEASURE}\b)",
        rf"\b{_MEASURE}\b.{{0,40}}\bexceed(?:s|ed|ing)?\b",
        # "Member must have length less than or equal to 8000" (how AWS words a constraint)
        r"\blength\s+less\s+than\s+or\s+equal\s+to\s+\d",
        rf"\b(?:more|longer|larger|greater)\s+than\s+{_NUMBER}\b{_NOT_AN_AGE}",
        rf"\b(?:at\s+most|maximum\s+of)\s+{_NUMBER}\b{_NOT_AN_AGE}",
    )
)
_OF_QUOTAS = _any_of((r"quota", r"throttl", r"\brate\b", r"frequen", r"concurren", r"\btoo\s+many\s+requests\b"))
"""What is too much in these is the number of calls: a smaller question would not help."""
_UNAUTHORIZED = _any_of(
    (
        # "Unauthorized to access requested fields." (selling-partner-api-models#5290)
        r"\bunauthori[sz]ed\b",
        r"\bnot\s+authori[sz]ed\b",
        r"\bforbidden\b",
        # "Access to requested resource is denied." (#5293)
        r"\baccess\b.{0,60}\bdenied\b",
        r"\bnot\s+have\s+(?:\w+\s+){0,2}(?:permission|access)\b",
    )
)
_TOO_OLD = _any_of(
    (
        # "startDate is more than two years ago": no such sentence is documented
        rf"\b(?:more|older|longer|earlier)\s+than\s+{_NUMBER}\s+(?:years?|months?|days?)\b.{{0,20}}\b(?:ago|old|back|past|before)\b",
        rf"\b(?:within|in)\s+the\s+(?:last|past)\s+{_NUMBER}\s+(?:years?|months?|days?)\b",
        r"\btoo\s+(?:old|far\s+(?:back|in\s+the\s+past))\b",
    )
)
_OF_THE_PAGE = re.compile(r"token\b", re.IGNORECASE)


def says_too_large(words: str) -> bool:
    """Return whether Amazon's words say that less has to be asked at once."""
    return bool(_TOO_LARGE.search(words)) and not _OF_QUOTAS.search(words)


def says_too_old(words: str) -> bool:
    """Return whether Amazon's words say that it does not answer for days so long ago."""
    return bool(_TOO_OLD.search(words))


def says_unauthorized(words: str) -> bool:
    """Return whether Amazon's words say that the account may not have what it asked for."""
    return bool(_UNAUTHORIZED.search(words))


def names_the_page(words: str) -> bool:
    """Return whether Amazon's words are about the token of a page (`paginationToken`, `nextToken`)."""
    return bool(_OF_THE_PAGE.search(words))
