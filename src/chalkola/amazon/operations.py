"""Amazon's operations, as a table. Paths, rates and bursts are Amazon's published ones; a test holds them against
Amazon's models (github.com/amzn/selling-partner-api-models: Reports, Data Kiosk, Sales and Sellers)."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One row of the table: `burst` calls at once, `rate_per_second` come back; each account has its own."""

    name: str
    method: str
    path: str
    rate_per_second: float
    burst: int

    @property
    def creates(self) -> bool:
        """Whether a call that Amazon accepted leaves something behind, so that sending it twice matters."""
        return self.method == "POST"

    def address(self, placeholders: Mapping[str, str]) -> str:
        """Return the path with its placeholders filled in, percent-encoded."""
        return self.path.format(**{name: quote(value, safe="") for name, value in placeholders.items()})


def _row(name: str, method: str, path: str, rate_per_second: float, burst: int) -> Operation:
    return Operation(name=name, method=method, path=path, rate_per_second=rate_per_second, burst=burst)


_REPORTS = "/reports/2021-06-30"
_KIOSK = "/dataKiosk/2023-11-15"

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        _row("createReport", "POST", f"{_REPORTS}/reports", 0.0167, 15),
        _row("getReports", "GET", f"{_REPORTS}/reports", 0.0222, 10),
        _row("getReport", "GET", f"{_REPORTS}/reports/{{reportId}}", 2.0, 15),
        _row("cancelReport", "DELETE", f"{_REPORTS}/reports/{{reportId}}", 0.0222, 10),
        _row("getReportDocument", "GET", f"{_REPORTS}/documents/{{reportDocumentId}}", 0.0167, 15),
        _row("createQuery", "POST", f"{_KIOSK}/queries", 0.0167, 15),
        _row("getQueries", "GET", f"{_KIOSK}/queries", 0.0222, 10),
        _row("getQuery", "GET", f"{_KIOSK}/queries/{{queryId}}", 2.0, 15),
        _row("cancelQuery", "DELETE", f"{_KIOSK}/queries/{{queryId}}", 0.0222, 10),
        _row("getDocument", "GET", f"{_KIOSK}/documents/{{documentId}}", 0.0167, 15),
        _row("getOrderMetrics", "GET", "/sales/v1/orderMetrics", 0.5, 15),
        _row("getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", 0.016, 15),
    )
}
