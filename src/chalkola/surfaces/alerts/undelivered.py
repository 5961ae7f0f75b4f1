"""A message that did not arrive."""

from chalkola.errors import ChalkolaError


class Undelivered(ChalkolaError):
    """A channel did not take a message. No address or password of it is in the sentences."""
