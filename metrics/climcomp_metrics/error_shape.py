"""How errors are distributed and how much neighbours share: pictures for the report.

Errors are in units of the plan's sigma. Their bins are as fine as an error bound needs, wherever
it lies: linear up to 2**-20 sigma, then 32 bins in each doubling up to 16 sigma, on both sides of
zero. Correlations go up to eight steps away: along x and y from whole sampled slices, along time
from runs of steps at a few cells, whose errors are kept as they are, so that pairs across the parts
of a variable are not lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.annual.cells import sampled_cells
from climcomp_metrics.base import State
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import FEWEST_TIMES, Level
from climcomp_metrics.part import Part, sampled_in_words, stride
from climcomp_metrics.statistics import merge_sums

EVERY = 8
LAGS = 9
"""Lag 0 to 8."""

MOST_CELLS = 32
WINDOW = 32
MOST_WINDOWS = 16
"""Along time: so many cells, at so many runs of so many steps; all steps where there are fewer."""

_SMALLEST = 2.0**-20
_OCTAVES = 24
_OCTAVE_BITS = 5
_SHIFT = 52 - _OCTAVE_BITS
_ONE = 1023 << _OCTAVE_BITS
_HALF = _OCTAVES << _OCTAVE_BITS


class ErrorShapes:
    """By level: `counts` (bins,), `totals` (3,), `lags` (2, lags, 2), `steps` (runs, steps, cells).

    `totals` are how many values were seen, how many of them came back exactly, and the sum of
    e/sigma. `lags` are absent for parts of fields and for grids without neighbours. `steps` holds
    e/sigma at the sampled cells and steps, NaN where it was not seen or is missing.
    """

    name: ClassVar[str] = "error_shape"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Errors are told in units of sigma."""
        known = any(np.isfinite(sigma) and sigma > 0 for sigma in settings.sigma)
        return "" if known else "the standard deviation is zero or undefined"

    def of(self, part: Part) -> State:
        """The sums of the sampled slices of each level."""
        settings = part.settings
        state: State = {}
        cells = sampled_cells(settings.shape[2:], part.domain.weights, MOST_CELLS)
        for k, level in enumerate(part.levels()):
            sigma = settings.sigma[level]
            if np.isfinite(sigma) and sigma > 0:
                # Errors of float64 may overflow in units of a small sigma: they only lose their
                # correlation.
                with np.errstate(invalid="ignore", over="ignore"):
                    state |= self._of_level(part, k, level, sigma)
                    if settings.shape[0] >= FEWEST_TIMES:
                        steps = _steps(part, k, sigma, cells)
                        state[f"{self.name}/{level}/steps"] = steps
        return state

    def _of_level(self, part: Part, k: int, level: int, sigma: float) -> State:
        from climcomp_metrics.kernels.error_shape import add_lags, count_sizes, load_errors
        from climcomp_metrics.kernels.jit import read_only

        counts = np.zeros(2 * _HALF, np.int64)
        totals = np.zeros(3)
        lags = np.zeros((2, LAGS, 2))
        e, v = np.empty(part.place.shape[2:]), np.empty(part.place.shape[2:])
        has_lags = part.has_whole_fields and part.settings.horizontal is None
        step = stride(part.settings, self.name, EVERY)
        for t in np.flatnonzero((part.times() + level) % step == 0):
            x, y = read_only(part.original[t, k]), read_only(part.decoded[t, k])
            count, same = load_errors(x, y, 1.0 / sigma, e, v)
            count_sizes(e, v, 1.0 / _SMALLEST, _SHIFT, _ONE, counts)
            totals += count, same, e.sum()
            if has_lags:
                add_lags(e, v, count == e.size, LAGS, lags)
        stem = f"{self.name}/{level}/"
        state: State = {f"{stem}counts": counts, f"{stem}totals": totals}
        if has_lags:
            state[f"{stem}lags"] = lags
        return state

    def merge(self, first: State, second: State) -> State:
        """Sums add up; a sampled step was seen in one part only."""

        def is_steps(key: str) -> bool:
            return key.endswith("/steps")

        merged = merge_sums(
            {key: array for key, array in first.items() if not is_steps(key)},
            {key: array for key, array in second.items() if not is_steps(key)},
        )
        for key in filter(is_steps, first.keys() | second.keys()):
            if key in first and key in second:
                mine = np.asarray(first[key], np.float32)
                merged[key] = np.where(np.isnan(mine), second[key], mine)
            else:
                merged[key] = first[key] if key in first else second[key]
        return merged


def _sampled_steps(times: int) -> NDArray[np.int64]:
    """(runs, steps) the steps that are kept."""
    if times <= WINDOW * MOST_WINDOWS:
        return np.arange(times)[None, :]
    starts = np.linspace(0, times - WINDOW, MOST_WINDOWS).round().astype(np.int64)
    return starts[:, None] + np.arange(WINDOW)


def _steps(part: Part, k: int, sigma: float, cells: NDArray[np.int64]) -> NDArray[np.float32]:
    """(runs, steps, cells) e/sigma where the part holds sampled steps and cells, else NaN."""
    place = part.place
    steps = _sampled_steps(part.settings.shape[0])
    found = np.full((steps.size, cells.size), np.nan, np.float32)
    row, column = np.divmod(cells, part.settings.shape[3])
    row, column, time = row - place.start[2], column - place.start[3], steps - place.start[0]
    time = time.reshape(-1)
    inside = (row >= 0) & (row < place.shape[2]) & (column >= 0) & (column < place.shape[3])
    seen = (time >= 0) & (time < place.shape[0])
    pick = (time[seen][:, None], k, row[inside], column[inside])
    e = (part.decoded[pick].astype(np.float64) - part.original[pick]) / sigma
    found[np.ix_(seen, inside)] = np.where(np.isfinite(e), e, np.nan)
    return found.reshape(*steps.shape, cells.size)


@dataclass(frozen=True, slots=True)
class ErrorShapeSums:
    """What the sampled slices of one level say of its errors, in units of sigma.

    Parameters
    ----------
    counts : (bins,)
        How many errors lie in each bin; the first and the last hold all beyond.
    count, exact
        How many values were seen, and how many came back exactly.
    sampled
        What part was measured, in words; empty: all.
    """

    counts: NDArray[np.int64]
    count: float
    exact: float
    mean: float
    lags: NDArray[np.float64] | None
    steps: NDArray[np.float32] | None
    sampled: str

    def shares(self, edges: NDArray[np.float64]) -> NDArray[np.float64]:
        """(edges - 1,) the share of the values between edges, in sigma and ascending.

        Values are taken to lie evenly inside a bin, which is 2 % of their size wide.
        """
        below = np.concatenate([[0.0], np.cumsum(self.counts)]) / max(self.count, 1.0)
        shares: NDArray[np.float64] = np.diff(np.interp(edges, bin_edges(), below))
        return shares

    def reach(self, beyond: float) -> float:
        """The size in sigma beyond which at most this share of the errors lies: a bin's edge."""
        half = self.counts.size // 2
        sizes = self.counts[half:] + self.counts[half - 1 :: -1]
        outside = np.cumsum(sizes[::-1])[::-1] / max(self.count, 1.0)
        inside = np.flatnonzero(outside > beyond)
        return float(bin_edges()[half + 1 + (int(inside[-1]) if inside.size else 0)])

    def correlation(self, along: Literal["x", "y", "time"]) -> NDArray[np.float64]:
        """(lags,) correlation of e with e so many steps away; empty where it cannot be had.

        Both are taken about the mean of all e and over its variance at lag 0. A lag without a
        pair ends the list.
        """
        if along == "time":
            sums = None if self.steps is None else _time_lags(self.steps)
        else:
            sums = None if self.lags is None else self.lags["xy".index(along)]
        if sums is None or not sums[0, 1] > 0:
            return np.empty(0)
        reach = int(np.argmin(sums[:, 1] > 0)) if (sums[:, 1] == 0).any() else LAGS
        mean = self.mean if along != "time" else _mean_of(self.steps)
        products = sums[:reach, 0] / sums[:reach, 1] - mean**2
        if not products[0] > 0 or reach < 2:
            return np.empty(0)
        found: NDArray[np.float64] = products / products[0]
        return found


def error_shape(level: Level) -> ErrorShapeSums | None:
    """The sums of a level; None where nothing was sampled of it."""
    sums = level.sums_of(ErrorShapes.name)
    if "counts" not in sums:
        return None
    count, exact, total = np.asarray(sums["totals"], np.float64)
    if count == 0:
        return None
    lags, steps = sums.get("lags"), sums.get("steps")
    return ErrorShapeSums(
        np.asarray(sums["counts"], np.int64),
        float(count),
        float(exact),
        float(total / count),
        None if lags is None else np.asarray(lags, np.float64),
        None if steps is None else np.asarray(steps, np.float32),
        sampled_in_words(level.settings, ErrorShapes.name, EVERY),
    )


def bin_edges() -> NDArray[np.float64]:
    """(bins + 1,) in sigma: the outermost ones bound the bins that hold all beyond them."""
    step = np.arange(_HALF + 1, dtype=np.int64)
    edge = ((step + _ONE) << _SHIFT).view(np.float64) - 1.0
    positive: NDArray[np.float64] = edge * _SMALLEST
    return np.concatenate([-positive[:0:-1], positive])


def _mean_of(steps: NDArray[np.float32] | None) -> float:
    return float(np.nanmean(steps, dtype=np.float64)) if steps is not None else 0.0


def _time_lags(steps: NDArray[np.float32]) -> NDArray[np.float64]:
    """(lags, 2) sums of products and pairs along the runs of sampled steps."""
    e = np.nan_to_num(steps.astype(np.float64))
    v = np.isfinite(steps).astype(np.float64)
    sums = np.zeros((LAGS, 2))
    for lag in range(min(LAGS, e.shape[1])):
        end = e.shape[1] - lag
        sums[lag] = (e[:, :end] * e[:, lag:]).sum(), (v[:, :end] * v[:, lag:]).sum()
    return sums
