import gzip
import re
import zlib

from hypothesis import given
from hypothesis import strategies as st
from tests.served import served

from chalkola.surfaces.web.deflating import deflated, joined

TEXTS = st.lists(
    st.binary(max_size=300) | st.builds(lambda one, n: one * n, st.binary(max_size=40), st.integers(0, 3000))
)


@given(texts=TEXTS)
def test_what_is_joined_is_the_texts_one_after_the_other(texts: list[bytes]) -> None:
    stream = joined(map(deflated, texts))
    assert zlib.decompress(stream.coded) == stream.text() == b"".join(texts)


async def test_a_page_comes_in_the_coding_that_is_taken(database_url: str) -> None:
    async with served(database_url, pages=True) as web:

        async def asked(taken: str) -> tuple[str | None, bytes]:
            async with web.client.stream("GET", "/coverage", headers={"Accept-Encoding": taken}) as answer:
                assert "Accept-Encoding" in answer.headers["vary"]
                return answer.headers.get("content-encoding"), b"".join([one async for one in answer.aiter_raw()])

        plain, deflate, zipped = [await asked(one) for one in ("identity", "gzip, deflate, br", "gzip, deflate;q=0")]
    assert [coding for coding, _ in (plain, deflate, zipped)] == [None, "deflate", "gzip"]
    pages = [plain[1], zlib.decompress(deflate[1]), gzip.decompress(zipped[1])]
    assert b"</html>" in pages[0]
    assert len({re.sub(rb'"x-csrf-token": "[^"]+"', b"", page) for page in pages}) == 1
