"""Places for Amazon's documents: a folder, and a bucket of Supabase Storage as strict as Supabase's."""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from chalkola.documents import Document, document_of
from chalkola.errors import Fault
from chalkola.settings import Bucket, Supabase, read_settings
from chalkola.store.archive import Archive, Kept, Label, NotKept, open_archive
from chalkola.store.archive.folder import Folder
from chalkola.store.archive.refusals import said
from chalkola.store.archive.storage import Storage
from storage_server import RESTRICTED, SECRET_KEY, SERVICE_ROLE_KEY, StorageServer, Stored, running_storage
from storage_server import Bucket as BucketThere

LABEL = Label(
    source="sales_and_traffic.report", account="EU", day=date(2026, 11, 18), pull_id=7,
    asked_at=datetime(2026, 11, 20, 2, 0, 13, tzinfo=UTC),
)  # fmt: skip
PATH = "sales_and_traffic.report/EU/2026-11-18/7-20261120T020013.json.gz"
SENT = gzip.compress(b'{"salesAndTrafficByAsin": []}')


@pytest.fixture
def storage() -> Iterator[StorageServer]:
    with running_storage() as running:
        yield running


@asynccontextmanager
async def archive_in(storage: StorageServer, **given: str) -> AsyncIterator[Archive]:
    """Give an archive that does not wait long before it tries again."""
    async with open_archive(read_settings({**storage.env(), **given})) as archive:
        assert isinstance(archive.place, Storage)
        archive.place.again_after_seconds = 0.01
        yield archive


async def kept(storage: StorageServer, *documents: bytes, key: str = SECRET_KEY) -> list[Kept | None]:
    """Keep documents, one after the other; return what became of each."""
    async with archive_in(storage, SUPABASE_SERVICE_KEY=key) as archive:
        return [await archive.keep(document_of(content), LABEL) for content in documents]


async def why(storage: StorageServer, *documents: bytes, key: str = SECRET_KEY) -> str:
    found = (await kept(storage, *(documents or (SENT,)), key=key))[-1]
    assert found is not None
    assert (found.state, found.name) == ("failed", None)
    return found.why or ""


@pytest.mark.parametrize("key", [SECRET_KEY, SERVICE_ROLE_KEY])
async def test_a_document_comes_back_as_it_was_from_a_bucket_that_is_made_private(
    storage: StorageServer, key: str
) -> None:
    async with archive_in(storage, SUPABASE_SERVICE_KEY=key) as archive:
        found = await archive.keep(document_of(SENT), LABEL)

        assert found == Kept(state="kept", name=f"supabase:chalkola/{PATH}", byte_count=len(SENT))
        back = await archive.open(found.name or "")
        assert back is not None
        assert back.raw.seek(0) == 0
        assert back.raw.read() == SENT
    assert storage.buckets["chalkola"].public is False
    assert storage.objects() == {PATH: Stored(SENT, "application/gzip")}


async def test_what_is_not_compressed_is_compressed_on_its_way_and_reads_the_same(storage: StorageServer) -> None:
    plain = b'{"childAsin": "B0000000"}\n' * 10_000
    async with archive_in(storage) as archive:
        found = await archive.keep(document_of(plain), LABEL)

        assert found is not None
        assert found.byte_count == len(storage.objects()[PATH].content) < len(plain) // 50
        back = await archive.open(found.name or "")
        assert back is not None
        assert back.content() == plain


async def test_the_same_answer_fetched_again_takes_the_place_of_the_first(storage: StorageServer) -> None:
    again = gzip.compress(b"{}")
    assert all(found and found.state == "kept" for found in await kept(storage, SENT, again))
    assert storage.objects()[PATH].content == again


async def test_a_large_document_is_sent_in_pieces_and_read_in_pieces(storage: StorageServer) -> None:
    sizes: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            sizes.append(size if size is not None else -1)
            return super().read(size)

    large = gzip.compress(b"", compresslevel=0) + b"\0" * 20_000_000
    async with archive_in(storage) as archive:
        found = await archive.keep(Document(raw=Watched(large), size_bytes=len(large)), LABEL)
        assert found is not None
        assert found.state == "kept"
        back = await archive.open(found.name or "")
        assert back is not None
        assert back.raw.fileno() > 0, "it lies in a temporary file"
    assert len(storage.objects()[PATH].content) == len(large)
    assert max(sizes) <= 256 * 1024
    assert min(sizes) > 0


async def test_a_document_that_is_too_large_is_left_out_and_the_next_one_is_kept(storage: StorageServer) -> None:
    storage.limit_bytes = len(SENT)
    large, next_one = await kept(storage, SENT + b"\0", SENT)

    assert large is not None
    assert (large.state, large.name, large.byte_count) == ("too large", None, len(SENT) + 1)
    assert "is too large for the bucket chalkola of Supabase Storage" in (large.why or "")
    assert "Supabase says: The object exceeded the maximum allowed size (413)." in (large.why or "")
    assert "free plan takes 50 MB" in (large.why or "")
    assert next_one is not None
    assert next_one.state == "kept"


async def test_a_limit_of_the_gateways_own_is_a_document_too_large_as_well(storage: StorageServer) -> None:
    storage.buckets["chalkola"] = BucketThere()
    async with archive_in(storage) as archive:
        await archive.look()
        storage.answers(413, b"<html>413 Request Entity Too Large</html>")
        found = await archive.keep(document_of(SENT), LABEL)
    assert found is not None
    assert found.state == "too large"


async def test_a_project_whose_room_is_used_up_says_so_and_what_to_do(storage: StorageServer) -> None:
    storage.restricted = True
    said = await why(storage)
    assert "Supabase has restricted the project" in said
    assert RESTRICTED.rstrip(".") in said
    assert "CHALKOLA_ARCHIVE_KEPT_DAYS" in said


@pytest.mark.parametrize("key", [SECRET_KEY + "x", SERVICE_ROLE_KEY + "x"])
async def test_a_wrong_key_is_said_in_supabases_words_and_never_repeated(storage: StorageServer, key: str) -> None:
    said = await why(storage, key=key)
    assert "Supabase does not let us into the bucket chalkola" in said
    assert "Unregistered API key (401)" in said or "signature verification failed (403)" in said
    assert "swordfish" not in said


async def test_a_key_that_is_refused_reads_as_no_bucket_and_is_told_from_one_that_is_gone(
    storage: StorageServer,
) -> None:
    storage.buckets["chalkola"] = BucketThere()
    async with archive_in(storage, SUPABASE_SERVICE_KEY=SERVICE_ROLE_KEY + "x") as archive:
        with pytest.raises(Fault, match="does not let us into"):
            await archive.open(f"supabase:chalkola/{PATH}")


@pytest.mark.parametrize("code", ['"code":"EntityTooLarge",', ""])
def test_an_answer_means_what_its_body_says_with_the_newer_codes_and_without(code: str) -> None:
    body = f'{{"statusCode":"413",{code}"error":"Payload too large","message":"The object exceeded it"}}'
    answer = said(400, body.encode())
    assert (answer.status, answer.words, answer.is_busy, answer.is_missing) == (
        413, "The object exceeded it", False, False
    )  # fmt: skip
    assert said(502, b"<html>Bad gateway</html>").is_busy
    assert said(400, b"null").status == 400
    assert (
        said(400, b"Bearer sb_secret_swordfish is wrong", "sb_secret_swordfish").words == "Bearer [hidden] is wrong"
    )


async def test_a_public_bucket_takes_nothing_of_ours(storage: StorageServer) -> None:
    storage.buckets["chalkola"] = BucketThere(public=True)
    assert "is public: nothing is kept there" in await why(storage)
    assert storage.objects() == {}


async def test_a_bucket_that_takes_pictures_only_is_named_with_what_to_do(storage: StorageServer) -> None:
    storage.buckets["chalkola"] = BucketThere(allowed_mime_types=["image/png"])
    assert "takes no gzip files" in await why(storage)


async def test_a_short_disturbance_costs_a_second_try_and_no_document(storage: StorageServer) -> None:
    storage.answers(503, b"upstream connect error")
    storage.cuts_uploads = 1
    async with archive_in(storage) as archive:
        found = await archive.keep(document_of(SENT), LABEL)
        assert found is not None
        assert found.state == "kept"
        assert storage.objects()[PATH].content == SENT
        storage.answers(502, b"<html>Bad gateway</html>")
        assert await archive.open(found.name or "") is not None
        storage.cuts_answers = 1
        assert await archive.open(found.name or "") is not None


async def test_a_place_that_is_away_is_tried_twice_and_then_left_alone_for_a_while(storage: StorageServer) -> None:
    storage.answers(544, b'{"statusCode":"544","error":"DatabaseTimeout","message":"timed out"}', times=100)
    async with archive_in(storage) as archive:
        archive.left_alone_seconds = 1.0
        away = [await archive.keep(document_of(SENT), LABEL) for _ in range(50)]
        assert {found and found.state for found in away} == {"failed"}
        assert len(storage.asked) == 2
        storage.next_answers.clear()
        await asyncio.sleep(1.0)

        found = await archive.keep(document_of(SENT), LABEL)

        assert found is not None
        assert found.state == "kept"


async def test_a_bucket_that_somebody_removes_is_made_again(storage: StorageServer) -> None:
    async with archive_in(storage) as archive:
        archive.left_alone_seconds = 0
        await archive.keep(document_of(SENT), LABEL)
        del storage.buckets["chalkola"]
        lost = await archive.keep(document_of(SENT), LABEL)
        assert lost is not None
        assert "is not there" in (lost.why or "")
        await archive.keep(document_of(SENT), LABEL)
    assert PATH in storage.objects()


async def test_an_address_that_is_no_project_of_supabases_is_told_from_one_that_does_not_answer(
    storage: StorageServer,
) -> None:
    storage.answers(200, b"<html>Welcome</html>", times=2)
    assert "does not answer like a project of Supabase's" in await why(storage)
    gone = StorageServer(url="http://127.0.0.1:9")
    assert "cannot be reached. The connection failed: no connection." in await why(gone)


async def test_documents_are_removed_by_hundreds_whether_they_are_there_or_not(
    storage: StorageServer,
) -> None:
    paths = [f"a/EU/2026-11-18/{number}.json.gz" for number in range(1201)]
    storage.buckets["chalkola"] = BucketThere(objects=dict.fromkeys(paths, Stored(b"", "application/gzip")))
    place = Storage(project=Supabase(url=storage.url, key=SECRET_KEY), bucket=Bucket(name="chalkola"))
    await place.remove([*paths, "a/EU/2026-11-18/gone.json.gz"])
    await place.close()
    assert storage.objects() == {}
    assert len(storage.asked) == 3


async def test_what_is_not_in_the_bucket_is_none_and_a_place_out_of_use_is_a_fault(storage: StorageServer) -> None:
    storage.buckets["chalkola"] = BucketThere()
    async with archive_in(storage) as archive:
        assert await archive.open(f"supabase:chalkola/{PATH}") is None
        with pytest.raises(Fault, match="The bucket other of Supabase Storage is not there"):
            await archive.open(f"supabase:other/{PATH}")
        storage.restricted = True
        with pytest.raises(Fault, match="restricted"):
            await archive.open(f"supabase:chalkola/{PATH}")


async def test_documents_that_were_kept_elsewhere_before_are_read_from_there(
    storage: StorageServer, tmp_path: Path
) -> None:
    home = {"CHALKOLA_HOME": str(tmp_path)}
    async with open_archive(read_settings(home)) as folder:
        first = await folder.keep(document_of(SENT), LABEL)
    async with open_archive(read_settings({**home, **storage.env()})) as bucket:
        second = await bucket.keep(document_of(SENT), LABEL)
        assert first is not None
        assert second is not None
        assert await bucket.open(first.name or "") is not None
    async with open_archive(read_settings({**home, **storage.env(), "CHALKOLA_ARCHIVE": "off"})) as off:
        assert await off.keep(document_of(SENT), LABEL) is None
        assert await off.open(second.name or "") is not None
    async with open_archive(read_settings(home)) as folder:
        assert await folder.open(second.name or "") is None, "nobody says where the project is"


async def test_a_folder_keeps_whole_documents_or_none_and_loses_empty_folders_with_its_last(tmp_path: Path) -> None:
    place = Folder(folder=tmp_path)
    archive = Archive(place=place)
    found = await archive.keep(document_of(SENT), LABEL)
    assert found == Kept(state="kept", name=PATH, byte_count=len(SENT))
    assert in_folder(tmp_path) == [*Path(PATH).parts]

    await place.remove([PATH, PATH])

    assert in_folder(tmp_path) == []
    assert await archive.open(PATH) is None


async def test_a_folder_that_cannot_be_written_costs_the_copy_and_not_the_pull(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = Folder(folder=tmp_path / "file")
    found = await Archive(place=place).keep(document_of(SENT), LABEL)
    assert found is not None
    assert found.state == "failed"
    assert "name another folder in CHALKOLA_ARCHIVE" in (found.why or "")
    with pytest.raises(NotKept):
        await place.look()


def in_folder(path: Path) -> list[str]:
    return [found.name for found in sorted(path.rglob("*"))]
