"""`python -m amazon_simulator`: the simulated Amazon as a process of its own."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from amazon_simulator.clock import AmazonClock
from amazon_simulator.control import read_faults
from amazon_simulator.marketplaces import MARKETPLACES
from amazon_simulator.mischief import Fault
from amazon_simulator.quotas import ReportTypeQuota
from amazon_simulator.server import Simulator
from amazon_simulator.settings import SimulatorSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Exit code 2, with one sentence, when the arguments cannot be."""
    options = _parser().parse_args(arguments)
    try:
        clock = AmazonClock.parse(options.clock_start, options.clock_speed)
        simulator = Simulator(_settings(options), clock)
    except (ValueError, OSError) as error:
        _refuse(str(error))
    return asyncio.run(_serve(simulator, clock, options.ready_file, until_stdin_closes=options.until_stdin_closes))


def _parser() -> argparse.ArgumentParser:
    defaults = SimulatorSettings()
    parser = argparse.ArgumentParser(prog="python -m amazon_simulator", description="A simulated Amazon on loopback.")
    add = parser.add_argument
    add("--host", default=defaults.host, help="an address on loopback (default: %(default)s)")
    add(
        "--port-base",
        type=int,
        default=0,
        help="seven ports from here on: na, eu, fe, login, documents, control, rates",
    )
    add("--seed", type=int, default=defaults.seed, help="another seed is another shop (default: %(default)s)")
    add("--parents", type=int, default=defaults.parents, help="parent ASINs (default: %(default)s)")
    add("--children", type=int, default=defaults.children, help="child ASINs (default: %(default)s)")
    add("--full-shelves", action="store_true", help="every child has a row every day in every marketplace")
    add("--marketplaces", default=",".join(MARKETPLACES), help="codes, comma between them (default: all twelve)")
    add("--own-accounts", default="", help="marketplaces that are a seller account of their own, like AE")
    add("--clock-start", metavar="INSTANT[@UNIX]", help="Amazon's time now, or at that Unix time (default: real)")
    add("--clock-speed", type=float, default=1.0, help="how many times as fast Amazon's time runs")
    add(
        "--quota",
        default="1/15min,daily=96,scope=app",
        metavar="N/PERIOD[,daily=N][,scope=app|account]",
        help="the sales-and-traffic report's own quota, or off for no quota of any kind (default: %(default)s)",
    )
    add("--processing-seconds", type=float, default=defaults.processing_seconds, help="median, Amazon's time")
    add("--query-processing-seconds", type=float, help="of Data Kiosk's queries (default: as the reports')")
    add("--open-queries", type=int, default=defaults.open_queries, help="unfinished queries of a kind, an account")
    add("--query-page-rows", type=int, default=defaults.query_page_rows, help="rows of a page (default: %(default)s)")
    add("--restated", type=float, default=0.0, metavar="PART", help="part of the rows corrected 3 to 14 days later")
    add("--moved", type=float, default=0.0, metavar="PART", help="part of the children that change their parent")
    add("--retired", type=float, default=0.0, metavar="PART", help="part of the children that go in the two years")
    add("--answered-days", type=int, metavar="DAYS", help="how far back Amazon answers (default: two years)")
    add("--day-zones", default="", metavar="CODE=ZONE,...", help="zones of the marketplaces' days, if not their own")
    add("--without-role", default="", metavar="ACCOUNT,...", help="accounts that Data Kiosk refuses")
    add("--pretty", action="store_true", help="indent the documents")
    add("--foreign-reports", type=int, default=defaults.foreign_reports, help="reports of other applications")
    add("--mischief", type=Path, metavar="FILE", help="JSON list of faults, see docs/simulator.md")
    add("--journal", type=Path, metavar="FILE", help="keep accepted questions here, and start from them")
    add("--until-stdin-closes", action="store_true", help="stop when standard input ends: with its starter")
    add("--ready-file", type=Path, metavar="FILE", help="write the ready line here as well")
    return parser


def _settings(options: argparse.Namespace) -> SimulatorSettings:
    quota = ReportTypeQuota.parse(options.quota)
    return SimulatorSettings(
        host=options.host,
        port_base=options.port_base,
        seed=options.seed,
        parents=options.parents,
        children=options.children,
        full_shelves=options.full_shelves,
        marketplaces=_codes(options.marketplaces),
        own_accounts=_codes(options.own_accounts),
        quotas=quota is not None,
        report_type_quota=quota,
        processing_seconds=options.processing_seconds,
        query_processing_seconds=options.query_processing_seconds,
        open_queries=options.open_queries if quota is not None else None,
        query_page_rows=options.query_page_rows,
        restated=options.restated,
        moved=options.moved,
        retired=options.retired,
        answered_days=options.answered_days,
        day_zones=dict(part.partition("=")[::2] for part in _codes(options.day_zones)),
        without_role=_codes(options.without_role),
        pretty=options.pretty,
        foreign_reports=options.foreign_reports,
        faults=_faults(options.mischief),
        journal=options.journal,
    )


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(",") if code.strip())


def _faults(path: Path | None) -> tuple[Fault, ...]:
    if path is None:
        return ()
    try:
        return tuple(read_faults(json.loads(path.read_text(encoding="utf-8"))))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error


async def _serve(
    simulator: Simulator, clock: AmazonClock, ready_file: Path | None, *, until_stdin_closes: bool
) -> int:
    stopped = _stopped_by_signals(until_stdin_closes=until_stdin_closes)
    try:
        await simulator.start()
    except OSError as error:
        _refuse(f"cannot listen: {error}")
    line = json.dumps(_ready(simulator, clock))
    if ready_file:
        _write_at_once(ready_file, line)
    print(line, flush=True)
    try:
        await _until(stopped)
    finally:
        await simulator.stop()
    return 0


def _ready(simulator: Simulator, clock: AmazonClock) -> dict[str, Any]:
    clock_env = {"CHALKOLA_CLOCK_START": str(clock), "CHALKOLA_CLOCK_SPEED": f"{clock.speed:g}"}
    return {
        "env": simulator.env() | clock_env,
        "control": simulator.urls["control"],
        "accounts": [
            {"key": row.key, "region": row.region, "marketplaces": list(row.codes)} for row in simulator.accounts
        ],
    }


def _write_at_once(path: Path, line: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    half = path.with_name(path.name + ".half")
    half.write_text(line + "\n", encoding="utf-8")
    half.replace(path)


def _stopped_by_signals(*, until_stdin_closes: bool) -> asyncio.Event:
    # signal.signal, not loop.add_signal_handler: Windows' event loop has no such thing.
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    if until_stdin_closes:
        threading.Thread(target=_watch_stdin, args=(loop, stopped), daemon=True).start()
    return stopped


def _watch_stdin(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """Stop when whoever started this process is gone: its end of the pipe closes, however it died."""
    while sys.stdin.buffer.read(4096):
        pass
    with contextlib.suppress(RuntimeError):  # the loop is closed: stopped already
        loop.call_soon_threadsafe(stopped.set)


async def _until(stopped: asyncio.Event) -> None:
    # Woken twice a second, since Windows notices a signal only between two events.
    while not stopped.is_set():
        try:
            await asyncio.wait_for(stopped.wait(), 0.5)
        except TimeoutError:
            continue


def _refuse(sentence: str) -> NoReturn:
    print(f"simulator: {sentence}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main())
