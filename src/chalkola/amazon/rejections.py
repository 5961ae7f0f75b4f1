"""What Amazon rejects for good: a 4xx, as a refusal that still knows its status and all of Amazon's words."""

from chalkola.amazon.answers import Reply, short, words
from chalkola.errors import Refusal

_LONGEST_SAID = 5_000
_REMEDY = "This pull is given up; the others go on."


class Rejected(Refusal):
    """Amazon's answer is a 4xx. `said` is its words at length: what they mean, a driver may know better."""

    def __init__(self, what: str, *, status: int, said: str) -> None:
        super().__init__(what, why=f'Amazon says (HTTP {status}): "{short(said)}".', remedy=_REMEDY)
        self.status, self.said = status, said


def rejected(what: str, reply: Reply, *, hide: str = "") -> Rejected:
    """Return the refusal that a reply is. `hide` is struck out of Amazon's words."""
    return Rejected(what, status=reply.status, said=words(reply.content, hide=hide, longest=_LONGEST_SAID))


def found(reply: Reply) -> Reply:
    """Return a reply that is none of "not found". Raises `Rejected` for a 404."""
    if reply.status != 404:
        return reply
    raise rejected(f"Amazon does not find what {reply.operation} (account {reply.account}) asks for.", reply)
