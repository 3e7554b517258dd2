"""Words of the metrics: value, criterion, limits, verdict, and the protocols of a metric."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from numpy.typing import NDArray

if TYPE_CHECKING:
    import numpy as np

    from climcomp_metrics.domain import Domain
    from climcomp_metrics.field import FieldSettings
    from climcomp_metrics.level import Level
    from climcomp_metrics.part import Part

State = dict[str, "NDArray[np.generic]"]
"""Mergeable sums of any part of a variable, by the keys that `climcomp_metrics.state` lists."""

Outcome = Literal["pass", "warn", "fail", "n/a", "report"]
Scope = Literal["shard", "variable", "dataset"]


@dataclass(frozen=True, slots=True)
class Value:
    """A metric of one level: a number, or the reason why there is none.

    Parameters
    ----------
    metric
        The id in the table of METRICS, such as "P2".
    level
        The folded level, from 0; None for a value of the whole variable.
    value
        None where the metric cannot be had; `reason` then says why.
    time
        The time step of the worst value, where there is one.
    place
        The rest of its place in words, or what it was taken at ("low end", "period 4 along x").
    detail
        Further numbers for the report, by name.
    sampled
        What part was measured, in words; empty: all values.
    error
        Standard error by chance, where few values can show an effect that is not there. A FAIL
        must go beyond its limit by two of them.
    """

    metric: str
    level: int | None
    value: float | None
    unit: str
    time: int | None = None
    place: str = ""
    reason: str = ""
    detail: Mapping[str, float] = field(default_factory=dict)
    sampled: str = ""
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class Criterion:
    """A limit on a metric, with where it comes from.

    Parameters
    ----------
    classes
        The variable classes it is for: some of "C", "P", "B".
    metric
        "module:Class" of the metric, or "" for those of one shard, which `physical` computes.
    warn, fail
        Default limits; None: none. Without `fail` a metric is reported and never blocks.
    least
        Whether small values are the bad ones (CSI).
    origin
        Who set the limits, named before `source` in every verdict.
    """

    id: str
    name: str
    meaning: str
    classes: str
    metric: str
    unit: str
    warn: float | None
    fail: float | None
    source: str
    scope: Scope = "variable"
    least: bool = False
    origin: str = "METRICS"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force: the defaults of the criteria, and overrides such as "C1.fail".

    Make overrides with `criteria.make_limits`, which checks the names.
    """

    overrides: Mapping[str, float] = field(default_factory=dict)
    overridden_by: str = "recipe"

    def of_criterion(self, criterion: Criterion) -> tuple[float | None, float | None, str]:
        """WARN, FAIL and whose limit decides: "METRICS: ..." or who overrode it."""
        warn = self.overrides.get(f"{criterion.id}.warn", criterion.warn)
        fail = self.overrides.get(f"{criterion.id}.fail", criterion.fail)
        if warn is not None and fail is not None:
            # A stricter FAIL takes the WARN limit with it: nothing may fail without a warning.
            warn = max(warn, fail) if criterion.least else min(warn, fail)
        changed = any(f"{criterion.id}.{end}" in self.overrides for end in ("warn", "fail"))
        default = f"{criterion.origin}: {criterion.source}"
        return warn, fail, self.overridden_by if changed else default


@dataclass(frozen=True, slots=True)
class Verdict:
    """A criterion judged: the worst value over levels and times beside its limits.

    Parameters
    ----------
    criterion, metric
        The id ("P2") and the name ("bias").
    outcome
        "report": the metric has no FAIL limit. "n/a": `reason` says why; neither passes nor blocks.
    source
        Whose limit it was: "METRICS: calibrated", "recipe".
    place
        The worst place in words, with level and time step.
    sampled
        What part was measured; empty: all values.
    """

    criterion: str
    metric: str
    outcome: Outcome
    value: float | None
    unit: str
    warn: float | None
    fail: float | None
    source: str
    place: str = ""
    reason: str = ""
    sampled: str = ""
    detail: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """The verdict as JSON stores it; numbers that JSON lacks become text."""

        def plain(number: float | None) -> float | str | None:
            return number if number is None or math.isfinite(number) else str(number)

        stored: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        stored |= {name: plain(getattr(self, name)) for name in ("value", "warn", "fail")}
        stored["detail"] = {name: plain(number) for name, number in self.detail.items()}
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, object]) -> Verdict:
        """The verdict that `to_dict` gave."""
        known = dict(stored)
        for name in ("value", "warn", "fail"):
            number = known[name]
            known[name] = None if number is None else float(str(number))
        detail = known.get("detail")
        known["detail"] = (
            {name: float(str(number)) for name, number in detail.items()}
            if isinstance(detail, Mapping)
            else {}
        )
        return cls(**known)  # type: ignore[arg-type]  # JSON is checked by what to_dict wrote


class Statistic(Protocol):
    """Sums of a part of a variable that merge in any order and at any adjacency.

    Its keys in a state are "name/level/...": nothing else may be in them, so that a level's part
    can be told from the others'.
    """

    name: ClassVar[str]

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Why a variable cannot have it, in words for the report; empty if it can."""

    def of(self, part: Part) -> State:
        """The sums of a part; empty where the part gives none."""

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts together; neither is changed."""


class Metric(Protocol):
    """A number of one level, from its merged sums."""

    id: ClassVar[str]

    def value(self, level: Level) -> Value:
        """The metric of this level, or the reason why there is none."""
