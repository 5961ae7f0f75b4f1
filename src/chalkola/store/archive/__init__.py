"""Amazon's documents, kept as Amazon sent them, so that rows can be rebuilt without asking again.

place.py     what a place for documents can do, and how it says no
folder.py    a folder
storage.py   a bucket of Supabase Storage; refusals.py what its answers mean (pure)
keeping.py   the archive: names, packing, and what happens when a place does not take a document

    async with open_archive(settings) as archive:
        kept = await archive.keep(document, label)      # never raises: a pull goes on without its document
        document = await archive.open(kept.name)

What is kept, where, and what it takes is in the table `sp_documents` (`store/documents.py`): nobody has to list a
bucket to know it.
"""

from chalkola.store.archive.keeping import Archive, Kept, Label, open_archive
from chalkola.store.archive.place import NotKept, Place

__all__ = ["Archive", "Kept", "Label", "NotKept", "Place", "open_archive"]
