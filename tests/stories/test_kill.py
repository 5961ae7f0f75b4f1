"""The worker is killed from outside, ten times, at every kind of moment; nothing is lost and nothing is doubled.

The moments are aimed at by watching the ledger, the simulated Amazon's count of calls, and the database's sessions:

    intent     the ledger says 'asking' and has no ticket: the question is about to leave, or has left
    ticket     the ledger has a ticket: Amazon is at work on it
    download   Amazon has given the document's address and the document is on its way
    commit     the rows are in the transaction that loads them, and it has not been committed
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg

from processes import REPORTS_ONLY, Amazon, Machine, kill, simulated_amazon
from truth import asked_twice, wrong_cells

SEED = 20261120
CODES = ("US", "UK", "DE", "JP")
DAYS = [date(2026, 11, 14) + timedelta(days=n) for n in range(4)]
SLOW = [
    {"kind": "slow_answer", "operation": "createReport", "seconds": 0.15, "times": None},
    {"kind": "slow_body", "seconds": 0.3, "times": None},
]

LOADED_TABLES = ("sp_daily_asin_data", "sp_daily_totals")


def test_a_worker_killed_at_ten_moments_loses_nothing_and_asks_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    dice = random.Random(SEED)
    moments = ["intent"] * 3 + ["ticket"] * 2 + ["download"] * 2 + ["commit"] * 3
    dice.shuffle(moments)
    with (
        simulated_amazon(tmp_path, speed=300, marketplaces=CODES, without_role=REPORTS_ONLY) as amazon,
        Machine(home=tmp_path, url=database_url, amazon=amazon) as machine,
    ):
        amazon.goes_wrong(*SLOW)
        hit = Counter(killed_at(moment, machine, dice) for moment in moments)
        print(f"killed at {dict(hit)}")  # seen with -rP
        last = machine.start(DAYS[0], DAYS[-1])

        assert last.wait(timeout=120) == 0, machine.output()[-2000:]
        assert set(hit) == {"intent", "ticket", "download", "commit"}
        assert sum(hit.values()) == 10
        assert wrong_cells(database_url, amazon, [(c, d) for c in CODES for d in DAYS]) == []
        assert machine.rows("SELECT id, stage FROM sp_pulls WHERE finished_at IS NULL") == []
        states = machine.rows("SELECT DISTINCT dataset, state FROM sp_slices ORDER BY 1")
        assert [(row["dataset"], row["state"]) for row in states] == [
            ("daily_parents", "closed"), ("daily_totals", "proven"), ("fx_rates", "proven"),
            ("sales_and_traffic", "proven"),
        ], "parents are in Data Kiosk only"  # fmt: skip
        assert machine.rows("SELECT count(*) FROM sp_data_pulls WHERE status = 'completed'")[0]["count"] == 16
        lost = machine.rows("SELECT coalesce(sum(lost_asks), 0)::int AS lost FROM sp_pulls")[0]["lost"]
        twice = asked_twice(amazon.journal)
        assert sum(twice.values()) - len(twice) <= lost, f"asked twice, and the ledger does not say so: {twice}"
        assert twice == {}, "looking finds every question whose answer was lost"


def killed_at(moment: str, machine: Machine, dice: random.Random) -> str:
    """Start a worker, kill it at this kind of moment and return at which kind it has been hit in the end."""
    worker = machine.start(DAYS[0], DAYS[-1])
    with moved_to(moment, machine, dice, lambda: worker.poll() is None) as still_there:
        assert worker.poll() is None, f"the worker ended before {moment}: {machine.output()[-2000:]}"
        kill(worker)
        return moment if still_there() else "ticket"  # the ticket had come when the process died


@contextmanager
def moved_to(
    moment: str, machine: Machine, dice: random.Random, lives: Callable[[], bool]
) -> Iterator[Callable[[], bool]]:
    """Wait until the worker is at this kind of moment and a little longer. Give what says whether it still is."""
    match moment:
        case "intent":
            _await(lambda: _asking(machine), lives)
            time.sleep(dice.uniform(0, 0.12))
            yield lambda: _asking(machine)
        case "ticket":
            _await(lambda: _has_ticket(machine), lives)
            time.sleep(dice.uniform(0, 0.4))
            yield lambda: _has_ticket(machine)
        case "download":
            before = _underway(machine.amazon)
            _await(lambda: _underway(machine.amazon) > before, lives)
            time.sleep(dice.uniform(0, 0.15))
            yield lambda: _underway(machine.amazon) > before
        case _:
            with psycopg.connect(machine.url) as connection:
                # Whoever writes to this table waits, with the rows of the other one in its open transaction or not.
                connection.execute(f"LOCK TABLE {dice.choice(LOADED_TABLES)} IN SHARE MODE".encode())
                _await(lambda: _waits_for_a_table(machine), lives)
                yield lambda: _waits_for_a_table(machine)


def _await(happens: Callable[[], bool], lives: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not happens():
        if not lives() or time.monotonic() > ends:
            return
        time.sleep(0.005)


def _asking(machine: Machine) -> bool:
    # The ones that earlier kills left behind are 'asking' too, with an older lease.
    query = "SELECT FROM sp_pulls WHERE stage = 'asking' AND lease_until > clock_timestamp() + interval '59 s'"
    return machine.finds(query)


def _has_ticket(machine: Machine) -> bool:
    return machine.finds("SELECT FROM sp_pulls WHERE stage = 'asked'")


def _underway(amazon: Amazon) -> int:
    return amazon.calls("getReportDocument") - amazon.calls("download") - amazon.calls("download", 0)


def _waits_for_a_table(machine: Machine) -> bool:
    return machine.finds("SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
