"""What was typed for a setting, read as the kind of value that it is to be. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Typed:
    """What is given, by name. What is wrong with it piles up in `problems`, each sentence once; what is read then is
    the usual value, or nothing."""

    given: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def problem(self, sentence: str) -> None:
        """Note what is wrong."""
        if sentence not in self.problems:
            self.problems.append(sentence)

    def text(self, name: str) -> str:
        """Return what was typed, as it stands; empty for nothing."""
        return self.given.get(name, "")

    def address(self, name: str, usual: str, danger: str = "would send your credentials unencrypted") -> str:
        """Return an address without a slash at its end; only one on this machine may do without https."""
        value = self.given.get(name, usual)
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self.problem(f"{name}={value!r} is not an address like {usual}.")
        elif parts.scheme == "http" and not on_loopback(value):
            self.problem(f"{name}={value!r} {danger}. Use https.")
        return value.rstrip("/")

    def path(self, name: str) -> Path | None:
        """Return a path, whole."""
        typed = self.text(name)
        return Path(typed).expanduser().resolve() if typed else None

    def day(self, name: str) -> date | None:
        """Return a day."""
        typed = self.text(name)
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self.problem(f"{name}={typed!r} is not a day like 2026-11-20.")
            return None

    def instant(self, name: str) -> datetime | None:
        """Return an instant, which names its time zone."""
        typed = self.text(name)
        try:
            at = datetime.fromisoformat(typed) if typed else None
        except ValueError:
            at = None
        if typed and (at is None or at.tzinfo is None):
            self.problem(f"{name}={typed!r} is not an instant like 2026-11-20T02:00:00+00:00.")
            return None
        return at

    def number(self, name: str, usual: int, least: int, most: int, *, unit: str = "") -> int:
        """Return a whole number from `least` to `most`. A percent sign behind it is as good as none."""
        typed = self.given.get(name, str(usual)).removesuffix("%" if unit == "percent" else "").strip()
        if typed.isdecimal() and least <= int(typed) <= most:
            return int(typed)
        self.problem(f"{name}: {typed!r} is not a number{f' of {unit}' if unit else ''} from {least} to {most}.")
        return usual


def on_loopback(address: str) -> bool:
    """Return whether an address is one of this machine's own."""
    return urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1")
