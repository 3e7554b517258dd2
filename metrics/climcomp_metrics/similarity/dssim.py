"""Structural similarity of maps of floats, DSSIM: METRICS, T1."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from climcomp_metrics.base import State, Value
from climcomp_metrics.bins import Bins
from climcomp_metrics.conditions import first_reason, has_sigma
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import CONSTANT_SLICE, Level
from climcomp_metrics.part import Part, sampled_in_words, stride
from climcomp_metrics.rows import merge_rows
from climcomp_metrics.similarity.whole_fields import lacks_whole_fields

EVERY = 64
SMALL = 1e-8
"""C1 and C2 of Baker 2022, for values scaled to [0, 1]."""
WINDOW = 11


class StructuralSimilarity:
    """The local index of structural similarity, summed over every 64th map.

    Its keys are "dssim/level/rows": (maps, 3) time step, sum of the index over the cells that are
    finite in both, and how many these are.
    """

    name: ClassVar[str] = "dssim"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Continuous variables on grids with neighbours, whose fields are whole in a shard."""
        if settings.kind != "C":
            return "the index is for continuous variables only"
        return lacks_whole_fields(settings, WINDOW)

    def of(self, part: Part) -> State:
        """One row for each sampled map."""
        # numba takes a second to import, and plans and reports need none of it.
        from climcomp_metrics.kernels.jit import read_only
        from climcomp_metrics.kernels.local_similarity import local_similarity, taps

        settings = part.settings
        if not part.has_whole_fields:
            return {}
        step, weights, state = stride(settings, self.name, EVERY), taps(), State()
        for k, level in enumerate(part.levels()):
            span = sampled_range(settings.bins[level], settings.sigma[level])
            if span is None:
                continue
            low, high = span
            rows = []
            for t in np.flatnonzero((part.times() + level) % step == 0):
                total, count = local_similarity(
                    read_only(part.original[t, k]), read_only(part.decoded[t, k]),
                    low, 1.0 / (high - low), settings.periodic_x, weights, SMALL,
                )  # fmt: skip
                if count:
                    rows.append((part.place.start[0] + t, total, count))
            if rows:
                state[f"{self.name}/{level}/rows"] = np.array(rows, np.float64)
        return state

    def merge(self, first: State, second: State) -> State:
        """The rows of both."""
        return merge_rows(first, second)


class Dssim:
    """Mean structural similarity of the worst sampled map (T1); 1 for equal maps.

    In each window of 11 x 11 cells, with Gaussian weights of SD 1.5 cells, for values scaled to
    [0, 1]:

        (2 mx my + C1) (2 cxy + C2) / ((mx^2 + my^2 + C1) (vx + vy + C2)),  C1 = C2 = 1e-8

    with weighted means m, variances v and covariance c; averaged over the cells, not weighted by
    area. Source: Baker, Pinard and Hammerling 2022, "On a structural similarity index approach for
    floating-point data" (DSSIM), after Wang, Bovik, Sheikh and Simoncelli 2004. Weights are
    normalised by those of the valid cells, as Baker's are, so that missing cells and the ends of
    the grid have no part in a window.

    Where this differs from NCAR's own program (ldcpy): the range is that of the variable's level
    over all times, as the plan's sample knows it, not that of each map; values are not rounded to
    256 grey values first, which would make an error of any size one of a whole grey value wherever
    it crosses from one to the next; cells within five of an edge count, with what their window
    has of the grid, and the first and last column are neighbours on a periodic grid.

    Maps whose SD is under 1e-3 of the median map's are left out.
    """

    id: ClassVar[str] = "T1"
    unit: ClassVar[str] = "1"
    _statistic: ClassVar[StructuralSimilarity] = StructuralSimilarity()

    def value(self, level: Level) -> Value:
        """The worst map of this level."""
        reason = first_reason(level) or self._statistic.lacks(level.settings, level.domain)
        if reason:
            return level.without(self.id, self.unit, reason)
        sampled = sampled_in_words(level.settings, self._statistic.name, EVERY)
        if level.is_exact:
            return level.of(self.id, 1.0, self.unit, sampled=sampled)
        if undefined := has_sigma(level):
            return level.without(self.id, self.unit, undefined)
        rows = level.sums_of(self._statistic.name).get("rows")
        table = np.zeros((0, 3)) if rows is None else np.asarray(rows, dtype=np.float64)
        deviations = level.deviations()
        varied = level.times[deviations > CONSTANT_SLICE * float(np.median(deviations))]
        table = table[np.isin(table[:, 0], varied)]
        if not len(table):
            return level.without(self.id, self.unit, "no sampled map has any variation")
        index = table[:, 1] / table[:, 2]
        worst = int(np.argmin(index))
        return level.of(
            self.id, float(index[worst]), self.unit, time=int(table[worst, 0]), sampled=sampled,
            detail={"mean": float(index.mean()), "maps": float(len(index))},
        )  # fmt: skip


def sampled_range(bins: Bins, sigma: float) -> tuple[float, float] | None:
    """The smallest and largest value of the sample that linear bins were made from.

    `bins.make_bins` reaches beyond them by half their range, at least three sigma, on each side;
    so both come back within the width of a bin. None where bins say nothing of a range: they are
    not linear, or the sample had no variation.
    """
    if bins.scale != "linear" or bins.count <= 3 or not sigma > 0:
        return None
    span = (bins.count - 2) * bins.width
    half = 0.5 * span
    span_of_sample = half if half >= 6.0 * sigma else span - 6.0 * sigma
    margin = 0.5 * (span - span_of_sample)
    if span_of_sample <= bins.width:
        return None
    return bins.low + margin, bins.low + margin + span_of_sample
