"""Measure the speed that is promised, at full size: `.venv/bin/python benchmarks/run.py [a|b|...|j] [--small]`.

a  300 reports of 1,000 rows, from createReport to committed rows, beside a bare client that only downloads and copies
b  one document of 1,064 rows into a table of five million
c  one document of 100,000 rows
d  planning two years of ten datasets in twelve marketplaces from the ledger
e  a night in Amazon's time, with Data Kiosk open and closed, beside what quotas and processing allow
f  31,920 rows of trends into a table of five million, beside a plain insert
g  two years of twelve marketplaces, in Amazon's time and in ours
h  one document of 1,064 rows through a stand-in of Supabase's API, beside DATABASE_URL (needs Node.js)
i  what sheets ask of 4.3 million rows, by the functions that answer them
j  the dashboard over 7.8 million rows, with eight people who click at once

Without a letter all of them, `--small` with a tenth of the work, to see that they run. Everything that they need (a
PostgreSQL, a simulated Amazon) they start themselves in a temporary folder and stop at the end.
"""

import argparse
import tempfile
from pathlib import Path

import dashboard
import large_document
import loading
import nights
import planning
import reports
import sheets
import through_api
import trends
from measuring import machine, others_busy

import history
from chalkola.store.embedded import ensure, stop

BENCHMARKS = {
    "a": reports,
    "b": loading,
    "c": large_document,
    "d": planning,
    "e": nights,
    "f": trends,
    "g": history,
    "h": through_api,
    "i": sheets,
    "j": dashboard,
}


def main() -> None:
    """Run the benchmarks that are asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", metavar="a|b|...|j", help="default: all")
    parser.add_argument("--small", action="store_true", help="a tenth of the work")
    options = parser.parse_args()
    if unknown := set(options.which) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="chalkola-benchmark-", ignore_cleanup_errors=True) as folder:
        cluster = ensure(Path(folder))
        try:
            print(f"{machine()}, PostgreSQL {cluster.version} (embedded, fsync on), {others_busy()}\n", flush=True)
            for letter in options.which or BENCHMARKS:
                print(BENCHMARKS[letter].measure(cluster.url, Path(folder), small=options.small), flush=True)
        finally:
            stop(Path(folder))


if __name__ == "__main__":
    main()
