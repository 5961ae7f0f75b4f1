"""How soon Chromium paints a page, and what it has to fetch for it: on a first visit, and on the next."""

import shutil
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

from measuring import table

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from browsing import chromium, windows

_TIMES = 7
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_FETCHED = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".reduce((sum, one) => sum + one.transferSize, 0)"
)


def painted(address: str, paths: Mapping[str, str]) -> str:
    """Return the table, for pages by what they are; where there is no Chromium, a line that says so."""
    if shutil.which("chromium") is None:
        return "Not painted: Chromium is not installed.\n"
    rows = []
    with chromium() as browser:
        for name, path in paths.items():
            visits: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
            for _ in range(_TIMES):
                with windows(browser, address) as opened:
                    window = opened()
                    for visit in visits:
                        page = window.go(path)
                        time = page.wait_for_function(f"() => {_PAINTED}").json_value()
                        visit.append((time, page.evaluate(_FETCHED)))
            rows.append([name, *(cell for visit in visits for cell in _cells(visit))])
    head = ["", "first visit: painted, ms", "fetched, KB", "next visit: painted, ms", "fetched, KB"]
    return table(
        "(j2) the first paint in Chromium", head, rows,
        f"{_TIMES} times each, with an empty cache, then once more. Limits: 1,000 ms; 500 KB, then 60 KB.",
    )  # fmt: skip


def _cells(visit: list[tuple[float, float]]) -> list[str]:
    times, sizes = zip(*visit, strict=True)
    return [f"**{statistics.median(times):.0f}** (to {max(times):.0f})", f"{statistics.median(sizes) / 1000:.0f}"]
