"""The statistic of cells along time: by month, from step to step, and by year.

Its keys are `season/level/y0-y1/x0-x1/...`, arrays over the stratified cells of that region:

- `month/m` (4, cells): sums over the steps of calendar month m of x, e, and of the x and e of the
  steps before and after; `count/m` (cells): how many steps are valid
- `pairs/m-n` (cells): neighbouring steps of which one is in month m and the other in n >= m
- `products` (6, cells) as `PRODUCTS`
- `stretches` and `ends` as `intervals` has them; `years`, ... and `trend` as `years` has them

Neighbours count where both are valid and the record has no gap between them. With these sums the
means of any months can be taken out at the end: with a mean u of x and v of e in each month,
sum (x - u)(e - v) = sum x e - sum u e - sum v x + sum u v, and the sums over neighbours likewise,
where sum u(t) e(t + 1) + u(t + 1) e(t) needs of each month only the sum of e beside its steps.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp.source.calendar import GAP_STEPS
from climcomp_metrics.base import State
from climcomp_metrics.clock import Clock
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import FEWEST_TIMES
from climcomp_metrics.part import Part
from climcomp_metrics.statistics import merge_sums
from climcomp_metrics.temporal.chosen import Series, cells_of, region_of, series_of
from climcomp_metrics.temporal.intervals import join, one_stretch
from climcomp_metrics.temporal.years import merge_years, years_of

PRODUCTS = ("xx", "ee", "xe", "lag_xx", "lag_ee", "lag_xe")
"""Sums of squares and products; over neighbours x(t) x(t + 1), e(t) e(t + 1), and
x(t) e(t + 1) + e(t) x(t + 1)."""

_OTHERS = ("stretches", "ends", "years", "year_sums", "year_counts", "trend")


class Season:
    """Sums along time at no more than 4,096 cells a level; lives as long as the process."""

    name: ClassVar[str] = "season"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Records under 30 steps, or without dates, have no seasons to speak of."""
        steps = settings.shape[0]
        if steps < FEWEST_TIMES:
            return f"{FEWEST_TIMES} time steps are needed, not {steps}"
        if domain.clock is None or domain.clock.steps != steps:
            return "the dates of the time steps are not known"
        return ""

    def of(self, part: Part) -> State:
        """The sums of each level of the part."""
        clock, cells = part.domain.clock, cells_of(part)
        if clock is None or cells.size == 0 or part.place.shape[0] == 0:
            return {}
        times = part.times()
        labels = 2 * clock.month[times] + _follows(clock)[times]
        state: State = {}
        for k, level in enumerate(part.levels()):
            stem = f"{self.name}/{level}/{region_of(part)}"
            # Squares of values near the largest number: the metrics say so.
            with np.errstate(over="ignore", invalid="ignore"):
                blocks = [
                    _sums_of(series, clock, times, labels) for series in series_of(part, k, cells)
                ]
            for name in blocks[0]:
                whole = [block[name] for block in blocks]
                one = name in ("stretches", "years")  # the same for all cells
                state[f"{stem}/{name}"] = whole[0] if one else np.concatenate(whole, axis=-1)
        return state

    def merge(self, first: State, second: State) -> State:
        """Sums add up; ends that meet give the neighbours that neither part saw."""
        merged = {**first, **second}
        theirs, mine = _by_region(first), _by_region(second)
        for stem in theirs.keys() & mine.keys():
            joined = _merge_region(theirs[stem], mine[stem])
            merged |= {f"{stem}/{name}": array for name, array in joined.items()}
        return merged


def _follows(clock: Clock) -> NDArray[np.int64]:
    """(time,) 1 where a step comes after the one before without a gap."""
    step = np.diff(clock.seconds, prepend=clock.seconds[:1])
    return ((step > 0) & (step <= GAP_STEPS * clock.usual_step_seconds)).astype(np.int64)


def _by_region(state: State) -> dict[str, State]:
    """The arrays of each level and region by the rest of their keys."""
    found: dict[str, State] = {}
    for key, array in state.items():
        name, level, rows, columns, rest = key.split("/", 4)
        found.setdefault(f"{name}/{level}/{rows}/{columns}", {})[rest] = array
    return found


def _sums_of(
    series: Series, clock: Clock, times: NDArray[np.int64], labels: NDArray[np.int64]
) -> State:
    """All arrays of some cells of a part."""
    x, e, valid = series.x, series.e, series.valid
    months = labels // 2
    state = _neighbours(x, e, valid, months, labels[1:] % 2 == 1)
    products: NDArray[np.float64] = np.asarray(state["products"], np.float64)
    for i, (a, b) in enumerate(((x, x), (e, e), (x, e))):
        np.einsum("tc,tc->c", a, b, out=products[i])
    for month in np.unique(months):
        rows = months == month
        sums = np.asarray(state[f"month/{month}"], np.float64)
        sums[0], sums[1] = x[rows].sum(axis=0), e[rows].sum(axis=0)
        state[f"count/{month}"] = valid[rows].sum(axis=0, dtype=np.int32)
    ends = np.where(valid[[0, -1], None], np.stack([x[[0, -1]], e[[0, -1]]], axis=1), np.nan)
    state["stretches"], state["ends"] = one_stretch(int(times[0]), labels, ends)
    return state | years_of(x, e, valid, clock, times)


def _neighbours(
    x: NDArray[np.float64],
    e: NDArray[np.float64],
    valid: NDArray[np.bool_],
    months: NDArray[np.int64],
    follow: NDArray[np.bool_],
) -> State:
    """What pairs of steps add: rows 3 to 5 of `products`, rows 2 and 3 of `month`, and `pairs`.

    Parameters
    ----------
    x, e, valid : (time, cells)
    months : (time,)
    follow : (time - 1,)
        Whether a step and the next are neighbours.
    """
    beside = np.zeros((2, *x.shape))
    link = follow[:, None]
    for values, sums in zip((x, e), beside, strict=True):
        np.multiply(values[1:], link, out=sums[:-1])
        sums[1:] += values[:-1] * link
    if not valid.all():
        beside[:, ~valid] = 0.0
    products = np.zeros((len(PRODUCTS), x.shape[1]))
    # Each pair is met from both of its steps.
    products[3] = 0.5 * np.einsum("tc,tc->c", x, beside[0])
    products[4] = 0.5 * np.einsum("tc,tc->c", e, beside[1])
    products[5] = np.einsum("tc,tc->c", x, beside[1])
    state: State = {"products": products}
    for month in np.unique(months):
        sums = np.zeros((4, x.shape[1]))
        beside[:, months == month].sum(axis=1, out=sums[2:])
        state[f"month/{month}"] = sums
    both = valid[1:] & valid[:-1] & link
    kinds = np.sort(np.stack([months[1:], months[:-1]], axis=1), axis=1)
    for m, n in np.unique(kinds, axis=0):
        rows = (kinds == (m, n)).all(axis=1)
        state[f"pairs/{m}-{n}"] = both[rows].sum(axis=0, dtype=np.int32)
    return state


def _merge_region(first: State, second: State) -> State:
    sums = [{k: v for k, v in part.items() if k not in _OTHERS} for part in (first, second)]
    merged = merge_sums(*sums)
    tables = [np.asarray(part["stretches"], np.int64) for part in (first, second)]
    ends = [np.asarray(part["ends"], np.float64) for part in (first, second)]
    merged["stretches"], merged["ends"], seams = join(tables, ends)
    for labels, before, after in zip(seams.labels, seams.before, seams.after, strict=True):
        pair = np.stack([before, after])  # (2, quantities, cells)
        valid = np.isfinite(pair[:, 0])
        x, e = np.where(valid[:, None], pair, 0.0).swapaxes(0, 1)
        met = _neighbours(x, e, valid, labels // 2, labels[1:] % 2 == 1)
        merged = merge_sums(merged, met)
    return merged | merge_years(first, second)
