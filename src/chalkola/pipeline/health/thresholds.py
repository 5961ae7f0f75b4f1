"""From where on something is told: what is usual, what may be chosen, and what was. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from chalkola.store.alert_settings import AlertSetting


class Unit(StrEnum):
    """What a threshold is counted in."""

    HOURS = "hours"
    DAYS = "days"
    PERCENT = "percent"
    UNITS = "units"


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """From where on a rule finds something: `usual` unless another figure from `least` to `most` was chosen."""

    rule: str
    name: str
    """A word of ours, by which a choice is kept."""
    unit: Unit
    usual: float
    least: float
    most: float
    means: str

    def allows(self, figure: float) -> bool:
        """Return whether a figure may be chosen."""
        return self.least <= figure <= self.most


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was chosen: figures by rule and threshold, and the rules that are off."""

    figures: Mapping[tuple[str, str], float] = field(default_factory=dict)
    off: frozenset[str] = frozenset()

    def figure(self, threshold: Threshold) -> float:
        """Return a threshold as it counts now, in its unit."""
        return self.figures.get((threshold.rule, threshold.name), threshold.usual)

    def share(self, threshold: Threshold) -> float:
        """Return a threshold of percent as a part of 1."""
        return self.figure(threshold) / 100

    def span(self, threshold: Threshold) -> timedelta:
        """Return a threshold of hours or days as a length of time."""
        figure = self.figure(threshold)
        return timedelta(days=figure) if threshold.unit is Unit.DAYS else timedelta(hours=figure)


def chosen(kept: Iterable[AlertSetting], known: Mapping[str, Iterable[Threshold]]) -> Chosen:
    """Return what was chosen of the rules that are `known`, by their thresholds. A figure that is not allowed, which
    somebody may have written into the database, does not count."""
    settings = [one for one in kept if one.rule in known]
    return Chosen(
        off=frozenset(one.rule for one in settings if not one.enabled),
        figures={
            (one.rule, threshold.name): figure
            for one in settings
            for threshold in known[one.rule]
            if (figure := _number(one.thresholds.get(threshold.name))) is not None and threshold.allows(figure)
        },
    )  # fmt: skip


def typed(thresholds: Iterable[Threshold], fields: Mapping[str, str]) -> tuple[dict[str, float], list[str]]:
    """Return the figures that a person typed, by the names of the thresholds, and what is wrong with them, in
    sentences. What is usual, or was left empty, is not among them."""
    figures: dict[str, float] = {}
    wrong = []
    for one in thresholds:
        text = fields.get(one.name, "").strip().replace(",", ".")
        figure = _number(text) if text else one.usual
        if figure is None or not one.allows(figure):
            wrong.append(f"{one.means}: {one.least:g} to {one.most:g} {one.unit}, and not {text!r}.")
        elif figure != one.usual:
            figures[one.name] = figure
    return figures, wrong


def _number(found: object) -> float | None:
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        return float(found)
    except ValueError:
        return None
