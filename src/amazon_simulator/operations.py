"""The operations that are imitated: names, methods, paths and quotas as in Amazon's models.

Source: the models of Reports, Data Kiosk, Sales and Sellers in amzn/selling-partner-api-models; an agreement test
compares.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation of the Selling Partner API, with its quota per account and application."""

    name: str
    method: str
    path: str
    rate_per_second: float
    burst: int

    def match(self, method: str, path: str) -> str | None:
        """Return the id in the path ('' when it has none), or None when this is another operation's call."""
        pattern = re.sub(r"\{\w+\}", "([^/]+)", re.escape(self.path).replace(r"\{", "{").replace(r"\}", "}"))
        found = re.fullmatch(pattern, path) if method == self.method else None
        return None if found is None else "".join(found.groups())


def _operation(name: str, method: str, path: str, rate_per_second: float, burst: int) -> Operation:
    return Operation(name=name, method=method, path=path, rate_per_second=rate_per_second, burst=burst)


_REPORTS = "/reports/2021-06-30/reports"
_DOCUMENTS = "/reports/2021-06-30/documents"
_QUERIES = "/dataKiosk/2023-11-15/queries"
_KIOSK_DOCUMENTS = "/dataKiosk/2023-11-15/documents"

DATA_KIOSK = frozenset({"getQueries", "createQuery", "getQuery", "cancelQuery", "getDocument"})

OPERATIONS: tuple[Operation, ...] = (
    _operation("getReports", "GET", _REPORTS, 0.0222, 10),
    _operation("createReport", "POST", _REPORTS, 0.0167, 15),
    _operation("getReport", "GET", f"{_REPORTS}/{{reportId}}", 2.0, 15),
    _operation("cancelReport", "DELETE", f"{_REPORTS}/{{reportId}}", 0.0222, 10),
    _operation("getReportDocument", "GET", f"{_DOCUMENTS}/{{reportDocumentId}}", 0.0167, 15),
    _operation("getQueries", "GET", _QUERIES, 0.0222, 10),
    _operation("createQuery", "POST", _QUERIES, 0.0167, 15),
    _operation("getQuery", "GET", f"{_QUERIES}/{{queryId}}", 2.0, 15),
    _operation("cancelQuery", "DELETE", f"{_QUERIES}/{{queryId}}", 0.0222, 10),
    _operation("getDocument", "GET", f"{_KIOSK_DOCUMENTS}/{{documentId}}", 0.0167, 15),
    _operation("getOrderMetrics", "GET", "/sales/v1/orderMetrics", 0.5, 15),
    _operation("getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", 0.016, 15),
)


def find(method: str, path: str) -> tuple[Operation, str] | None:
    """Return the operation that a call means and the id in its path, or None."""
    for operation in OPERATIONS:
        found = operation.match(method, path)
        if found is not None:
            return operation, found
    return None
