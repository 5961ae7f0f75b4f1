"""Measure the speed that is promised, at full size: `.venv/bin/python benchmarks/run.py [a|b|c|d|e|f] [--small]`.

a  300 reports of 1,000 rows, from createReport to committed rows, beside a bare client that only downloads and copies
b  one document of 1,064 rows into a table of five million
c  one document of 100,000 rows
d  planning two years of ten datasets in twelve marketplaces from the ledger
e  a night in Amazon's time, with Data Kiosk open and closed, beside what quotas and processing allow
f  31,920 rows of trends into a table of five million, beside a plain insert

Without a letter all of them, `--small` with a tenth of the work, to see that they run. Everything that they need (a
PostgreSQL, a simulated Amazon) they start themselves in a temporary folder and stop at the end.
"""

import argparse
import tempfile
from pathlib import Path

import large_document
import loading
import nights
import planning
import reports
import trends
from measuring import machine, others_busy

from chalkola.store.embedded import ensure, stop

BENCHMARKS = {"a": reports, "b": loading, "c": large_document, "d": planning, "e": nights, "f": trends}


def main() -> None:
    """Run the benchmarks that are asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", metavar="a|b|c|d|e|f", help="default: all")
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
