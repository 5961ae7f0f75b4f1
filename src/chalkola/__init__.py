"""Own your Amazon data: the pull, the ledger and the proof. ARCHITECTURE.md draws the house."""

__version__ = "0.1.0"
