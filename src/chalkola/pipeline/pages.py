"""The documents of answers that come in several pages, held until the last of them is fetched.

They are held in memory or in temporary files, by their ids: should another worker have gone on with a pull meanwhile,
or have begun it anew, what is held here is used only as far as it still belongs to it. A run that dies fetches again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalkola.documents import Document, joined


@dataclass(kw_only=True)
class Pages:
    """What has been fetched so far, by pull."""

    _held: dict[int, dict[str, Document]] = field(default_factory=dict)

    def missing(self, pull_id: int, wanted: Sequence[str]) -> list[str]:
        """Return those of the documents that are still to be fetched, in their order."""
        held = self._held.get(pull_id, {})
        return [document_id for document_id in wanted if document_id not in held]

    def keep(self, pull_id: int, document_id: str, page: Document) -> None:
        """Hold a page."""
        self._held.setdefault(pull_id, {})[document_id] = page

    def take(self, pull_id: int, wanted: Sequence[str]) -> Document:
        """Return the pages as one document, and hold nothing of this pull any more."""
        held = self._held.pop(pull_id)
        whole = joined([held[document_id] for document_id in wanted])
        for page in held.values():
            if page is not whole:
                page.close()
        return whole
