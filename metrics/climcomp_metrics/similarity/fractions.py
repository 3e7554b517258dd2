"""The fractions skill score of rain and its like: METRICS, E8."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import enough, first_reason
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part, sampled_in_words, stride
from climcomp_metrics.similarity.wet import wet_threshold
from climcomp_metrics.similarity.whole_fields import lacks_whole_fields
from climcomp_metrics.statistics import merge_sums

EVERY = 8
NEIGHBOURHOODS = (3, 9)
HIGH_SHARE = 0.95
QUANTILE_VALUES = 2**16
"""Wet values from which a map's 0.95 quantile is taken: right within 0.001 of the values."""


class Fractions:
    """Squared differences of the numbers of events in neighbourhoods, of every 8th map.

    Its keys, with l the level and whole numbers but for the last:
    "fractions/l/sums" (2 thresholds, 2 neighbourhoods, 2): sum of (n_y - n_x)^2 and of n_y^2 +
    n_x^2 over all cells, n the number of events in the neighbourhood;
    "fractions/l/events" (2 thresholds, 3): of x, of y, and in one of them only;
    "fractions/l/high" (2,): the second thresholds of the maps added up, and how many.
    """

    name: ClassVar[str] = "fractions"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Class P on grids with neighbours, whose fields are whole in a shard."""
        if settings.kind != "P":
            return "the score is for positive, heavy-tailed variables only"
        return lacks_whole_fields(settings, max(NEIGHBOURHOODS))

    def of(self, part: Part) -> State:
        """The sums over the sampled maps of a part."""
        # numba takes a second to import, and plans and reports need none of it.
        from climcomp_metrics.kernels.fractions import fraction_sums
        from climcomp_metrics.kernels.jit import read_only

        if not part.has_whole_fields:
            return {}
        step = stride(part.settings, self.name, EVERY)
        wet = _wet(part)
        state: State = {}
        for k, level in enumerate(part.levels()):
            sums = np.zeros((2, len(NEIGHBOURHOODS), 2), np.int64)
            events = np.zeros((2, 3), np.int64)
            highs = np.zeros(2)
            for t in np.flatnonzero((part.times() + level) % step == 0):
                x, y = read_only(part.original[t, k]), read_only(part.decoded[t, k])
                high = _high_threshold(x, y, wet)
                if math.isfinite(high):
                    highs += (high, 1.0)
                for at, threshold in enumerate((wet, high)):
                    if math.isfinite(threshold):
                        fraction_sums(
                            x, y, threshold, part.settings.periodic_x, sums[at], events[at]
                        )
            stem = f"{self.name}/{level}"
            state |= {f"{stem}/sums": sums, f"{stem}/events": events, f"{stem}/high": highs}
        return state

    def merge(self, first: State, second: State) -> State:
        """The sums of both."""
        return merge_sums(first, second)


class FractionsSkillScore:
    """Fractions skill score at 3 and 9 cells, of wet and of high values: the worst (E8).

        1 - sum (f_y - f_x)^2 / (sum f_y^2 + sum f_x^2)

    over all cells of all sampled maps, with f the share of events in the square of 3 x 3 or 9 x 9
    cells around a cell. Source: Roberts and Lean 2008, eq. 5 to 7. 1 for equal maps.

    Events are values of at least 1 mm a day where the unit is one of rain, else values above zero
    ("wet"); and values of at least the 0.95 quantile of the wet values of x in the map ("p95").
    One threshold is put to x and y, so that a bias shows: Roberts and Lean take the quantiles of
    each, which hides it. The quantile is moved half way to the next smaller value, lest rounding
    of values that equal it count. Missing cells (in either) and those beyond the grid are no
    events and stay in the area of the square, as beyond the edges in Roberts and Lean; the first
    and last column are neighbours on a periodic grid.
    """

    id: ClassVar[str] = "E8"
    unit: ClassVar[str] = "1"
    fewest: ClassVar[int] = 100
    """Events of x: with fewer, one that moved weighs as much as the limit."""
    _statistic: ClassVar[Fractions] = Fractions()

    def value(self, level: Level) -> Value:
        """The worst neighbourhood and threshold of this level; all of them as detail."""
        reason = first_reason(level) or self._statistic.lacks(level.settings, level.domain)
        if reason:
            return level.without(self.id, self.unit, reason)
        sampled = sampled_in_words(level.settings, self._statistic.name, EVERY)
        if level.is_exact:
            return level.of(self.id, 1.0, self.unit, sampled=sampled)
        found = level.sums_of(self._statistic.name)
        if not found:
            return level.without(self.id, self.unit, "no sampled map was whole")
        sums, events, high = (np.asarray(found[key]) for key in ("sums", "events", "high"))
        scores, errors = {}, {}
        for at, name in enumerate(("wet", "p95")):
            of_x, of_y, changed = (int(n) for n in events[at])
            if enough(level, max(of_x, of_y), self.fewest):
                continue
            for width, (apart, both) in zip(NEIGHBOURHOODS, sums[at].tolist(), strict=True):
                place = f"{width} x {width} cells, {name}"
                scores[place] = 1.0 - apart / both
                # Changed cells are rare and about independent: their number is known to its root.
                errors[place] = (apart / both) / math.sqrt(max(changed, 1))
        if not scores:
            why = f"{self.fewest} events are needed, there are {int(events[:, :2].max())}"
            return level.without(self.id, self.unit, why)
        worst = min(scores, key=lambda place: scores[place])
        wet = wet_threshold(level.settings.unit, level.domain)
        detail = {**scores, "wet threshold": 0.0 if wet is None else wet}
        if high[1]:
            detail["mean p95 threshold"] = float(high[0] / high[1])
        return level.of(
            self.id, scores[worst], self.unit, place=worst, detail=detail, sampled=sampled,
            error=errors[worst],
        )  # fmt: skip


def _wet(part: Part) -> float:
    """The threshold of "wet", as values of the part's type see it."""
    dtype = part.original.dtype
    threshold = wet_threshold(part.settings.unit, part.domain)
    if threshold is None:
        return float(np.nextafter(dtype.type(0), dtype.type(1)))
    # 1 mm that was stored as the next float32 below is 1 mm.
    return float(dtype.type(threshold))


def _high_threshold(x: NDArray[np.floating], y: NDArray[np.floating], wet: float) -> float:
    """Just below the 0.95 quantile of the wet x of a map; NaN where no value is wet."""
    # Each cell of so many, evenly: a large map has more values than a quantile needs.
    step = -(-x.size // QUANTILE_VALUES)
    values, other = (a.reshape(-1)[::step].astype(np.float64) for a in (x, y))
    values = values[np.isfinite(values) & np.isfinite(other) & (values >= wet)]
    if not values.size:
        return math.nan
    rank = min(int(HIGH_SHARE * values.size), values.size - 1)
    quantile = np.partition(values, rank)[rank]
    below = values[values < quantile]
    low = float(below.max()) if below.size else 0.0
    return 0.5 * (low + float(quantile))
