"""Who may ask: a sheet shows a token, which can be revoked, and has a rate."""

from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from chalkola.marketplaces import marketplace
from chalkola.store.access import READ_FUNCTIONS
from chalkola.store.connection import Pool
from chalkola.store.sheet_tokens import new_sheet_token, read_sheet_tokens, revoke_sheet_token
from sheeting import NOW, Book, Database


async def test_a_token_is_shown_once_and_kept_as_a_digest(pool: Pool, database: Database) -> None:
    token = await new_sheet_token(pool, "Dashboard", NOW)
    prefix, id_, secret = token.split("_")
    assert prefix == "cs"
    assert len(secret) == 48, "192 bits"
    (kept,) = await read_sheet_tokens(pool)
    assert (kept.id, kept.name, kept.created_at, kept.revoked_at) == (id_, "Dashboard", NOW, None)
    everything = str(database.execute("SELECT t::text FROM sp_sheet_tokens t").fetchall())
    assert secret not in everything


async def test_no_two_tokens_are_alike(pool: Pool) -> None:
    tokens = {await new_sheet_token(pool, "same name", NOW) for _ in range(20)}
    assert len({token.rpartition("_")[2] for token in tokens}) == 20


def test_a_call_is_answered_and_leaves_a_last_use(book: Book) -> None:
    assert book.ask("sheet_status")["ok"] is True
    (row,) = book.database.execute("SELECT last_used_at, now() AS now FROM sp_sheet_tokens").fetchall()
    assert row["now"] - row["last_used_at"] < timedelta(minutes=1)


@pytest.mark.parametrize(
    "shown",
    [
        None, "", "cs", "cs__", "cs_00000000_0000", "Bearer x", "cs_'; DROP TABLE sp_sheet_tokens; --_x",
        "cs_" + "0" * 5000 + "_0",
    ],
)  # fmt: skip
def test_what_is_no_token_gets_a_sentence_without_it(shown: str | None, book: Book) -> None:
    book.token = shown  # type: ignore[assignment]
    code, say = book.refusal("sheet_status")
    assert code == "token_unknown"
    assert "connect the sheet again" in say
    assert not shown or shown not in say


def test_neither_another_secret_nor_another_id_lets_anybody_in(book: Book) -> None:
    _, id_, secret = book.token.split("_")
    for wrong in (f"cs_{id_}_{secret[:-1]}0x", f"cs_{id_}_{secret[:-1]}", f"cs_{id_[:-1]}z_{secret}", f"cs_{id_}_0"):
        book.token = wrong
        assert book.refusal("sheet_status")[0] == "token_unknown"


async def test_a_revoked_token_says_that_it_was(book: Book, pool: Pool) -> None:
    assert await revoke_sheet_token(pool, "test", NOW) == 1
    assert await revoke_sheet_token(pool, "test", NOW) == 0
    code, say = book.refusal("sheet_status")
    assert code == "token_revoked"
    assert '"test" was revoked' in say
    assert book.token not in say


def test_whoever_guesses_is_not_told_that_a_token_was_revoked(book: Book) -> None:
    book.database.execute("SELECT sp_revoke_sheet_token('test')")
    book.token = book.token[:-4] + "0000"
    assert book.refusal("sheet_status")[0] == "token_unknown"


def test_a_token_has_a_burst_and_then_a_rate(book: Book) -> None:
    book.database.execute("UPDATE sp_sheet_tokens SET calls_a_minute = 6, burst = 3")
    assert [book.ask("sheet_status")["ok"] for _ in range(4)] == [True, True, True, False]
    answer = book.ask("sheet_status")
    assert answer["code"] == "slow_down"
    assert 0 < answer["retry_after"] <= 10
    assert "6 calls a minute" in answer["say"]
    # Ten seconds later one more turn has come, and no more.
    book.database.execute("UPDATE sp_sheet_calls SET called_at = called_at - interval '10.5 seconds'")
    assert [book.ask("sheet_status")["ok"] for _ in range(2)] == [True, False]
    book.database.execute("UPDATE sp_sheet_calls SET called_at = called_at - interval '5 minutes'")
    assert [book.ask("sheet_status")["ok"] for _ in range(4)] == [True, True, True, False]


def test_whoever_calls_as_often_as_allowed_is_never_refused_and_twice_as_often_is_half_the_time(book: Book) -> None:
    book.database.execute("UPDATE sp_sheet_tokens SET calls_a_minute = 60, burst = 5")
    answers = []
    for _ in range(80):
        book.database.execute("UPDATE sp_sheet_calls SET called_at = called_at - interval '0.5 seconds'")
        answers.append(book.ask("sheet_status")["ok"])
    assert 40 <= sum(answers) <= 47


def test_one_token_does_not_use_up_anothers_turns(book: Book) -> None:
    book.database.execute("UPDATE sp_sheet_tokens SET calls_a_minute = 1, burst = 1")
    assert book.ask("sheet_status")["ok"] is True
    assert book.ask("sheet_status")["ok"] is False
    (row,) = book.database.execute("SELECT sp_new_sheet_token('another') AS token").fetchall()
    book.token = row["token"]
    assert book.ask("sheet_status")["ok"] is True


def test_calls_of_an_hour_ago_are_forgotten(book: Book) -> None:
    book.ask("sheet_status")
    book.database.execute("UPDATE sp_sheet_calls SET called_at = called_at - interval '2 hours'")
    book.database.execute("UPDATE sp_sheet_tokens SET last_used_at = NULL")
    book.ask("sheet_status")
    assert book.database.execute("SELECT count(*) AS n FROM sp_sheet_calls").fetchall() == [{"n": 1}]


def test_every_function_for_sheets_asks_for_the_token_first_and_has_a_time_out(database: Database) -> None:
    functions = database.execute(
        "SELECT proname, prosrc, proconfig, prosecdef, provolatile, prorettype::regtype::text AS returns,"
        " proargnames[1] AS first FROM pg_proc WHERE proname LIKE 'sheet\\_%'"
    ).fetchall()
    assert {f["proname"] for f in functions} == set(READ_FUNCTIONS)
    for f in functions:
        assert (f["prosecdef"], f["returns"], f["first"], f["provolatile"]) == (True, "jsonb", "token", "v"), f
        assert f["prosrc"].split("BEGIN")[0].count("sp_sheet_enter(token)") == 1, f["proname"]
        assert any(c.startswith("statement_timeout=") for c in f["proconfig"]), f["proname"]
        assert "EXECUTE" not in f["prosrc"].upper()


def test_no_function_behind_them_builds_sql_from_text(database: Database) -> None:
    rows = database.execute(
        "SELECT proname, prosrc FROM pg_proc"
        " WHERE proname LIKE 'sp\\_sheet\\_%' OR proname LIKE 'sp\\_tab\\_%' OR proname LIKE 'sheet\\_%'"
    ).fetchall()
    executing = {row["proname"] for row in rows if "execute" in row["prosrc"].lower()}
    assert executing == {"sp_sheet_cells", "sp_tab_figures"}, (
        "their text is made of the series' names, days and rates alone"
    )
    made = database.execute(
        "SELECT sp_sheet_cells_query(ARRAY[%s], false) AS text", ("units'); DROP TABLE sp_slices; --",)
    ).fetchone()
    assert made is None or "DROP TABLE" not in (made["text"] or "")
    columns = [{"col": 1, "first": "2026-11-01", "last": "2026-11-02", "state": "closed", "has_parents": True,
                "members": [str(marketplace("DE").uuid)], "marketplace": "'); DROP TABLE sp_slices; --"}]  # fmt: skip
    tab = database.execute(
        "SELECT sp_tab_query(%(columns)s, %(columns)s, true, %(target)s) AS text",
        {"columns": Jsonb(columns), "target": "EUR'); DROP TABLE sp_slices; --"},
    ).fetchone()
    assert tab is not None
    assert "sp_month_sums" in tab["text"]
    assert "DROP TABLE" not in tab["text"]
