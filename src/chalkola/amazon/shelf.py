"""Where finished documents wait: an address that lives five minutes, the bytes behind it, and the words of one that
says why Amazon gave up. Both APIs keep them alike; only the names differ."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chalkola.amazon.answers import Reply, sentences, short
from chalkola.amazon.documents import UrlExpired, download
from chalkola.amazon.rejections import found
from chalkola.amazon.transport import Transport
from chalkola.calls import DOWNLOAD
from chalkola.clock import Clock
from chalkola.documents import Document
from chalkola.errors import Refusal
from chalkola.redaction import without_secrets
from chalkola.settings import Account

_LONGEST_REASON = 500


class _Details(msgspec.Struct, rename="camel"):
    error_details: str


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The documents of one API. `parameter` names the id in the operation's path, `address` reads its answer."""

    transport: Transport
    clock: Clock
    operation: str
    parameter: str
    address: Callable[[Reply], str]

    async def fetch(self, account: Account, document_id: str, *, paid: bool) -> Document:
        """Return a document. An address that is dead on arrival is asked for once more."""
        try:
            return await self._download(account, document_id, paid=paid)
        except UrlExpired:
            return await self._download(account, document_id, paid=False)

    async def reason(self, account: Account, document_id: str) -> str:
        """Return what a document says in at most 500 characters; it may be gzipped, JSON or plain text."""
        document = await self.fetch(account, document_id, paid=False)
        try:
            return short(without_secrets(_reason(document.content())), _LONGEST_REASON)
        except Refusal as refusal:
            return short(str(refusal), _LONGEST_REASON)
        finally:
            document.close()

    async def _download(self, account: Account, document_id: str, *, paid: bool) -> Document:
        path = {self.parameter: document_id}
        reply = await self.transport.call(account, self.operation, path=path, paid=paid)
        telling = self.transport.teller.telling(DOWNLOAD, account.key)
        return await download(self.transport.downloads, self.address(found(reply)), self.clock, telling)


def _reason(content: bytes) -> str:
    """Return the words of one of the two shapes that Amazon uses, else the whole text: the shape is undocumented."""
    try:
        return msgspec.json.decode(content, type=_Details).error_details
    except msgspec.DecodeError:
        return sentences(content) or content.decode("utf-8", errors="replace")
