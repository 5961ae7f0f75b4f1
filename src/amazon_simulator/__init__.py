"""A small Amazon on loopback: Login with Amazon, Sellers, Reports, Data Kiosk and Sales over a seeded shop.

Written from Amazon's documentation, apart from any client. `docs/simulator.md` says what it imitates and how sure
that is.
"""

from amazon_simulator.clock import AmazonClock
from amazon_simulator.mischief import KINDS, LIST_KINDS, QUERY_KINDS, Fault
from amazon_simulator.quotas import ReportTypeQuota
from amazon_simulator.server import Simulator
from amazon_simulator.settings import SimulatorSettings

__all__ = [
    "KINDS", "LIST_KINDS", "QUERY_KINDS", "AmazonClock", "Fault", "ReportTypeQuota", "Simulator", "SimulatorSettings",
]  # fmt: skip
