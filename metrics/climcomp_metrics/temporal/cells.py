"""What the merged sums of `season` say of each cell, once its months' means are taken out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State
from climcomp_metrics.conditions import rounding
from climcomp_metrics.level import FEWEST_TIMES, Level
from climcomp_metrics.sigma import FEWEST_PER_MONTH
from climcomp_metrics.statistics import find_statistic
from climcomp_metrics.temporal.chosen import chosen_in_words
from climcomp_metrics.temporal.season import PRODUCTS
from climcomp_metrics.temporal.years import TREND

CONSTANT_CELL = 0.05
"""A cell whose SD is under this share of the median cell's stays out of ratios, as METRICS says of
slices: oceans under ice, deserts where it drizzled once. Our own choice: in 60 days of POP's sea
surface 5 % of the cells are under 0.015 of the median (ice) and 10 % under 0.24 (weather). With the
thousandth that METRICS has for slices, 0.01 sigma of error came to 0.37 of such cells' own SD."""

FEWEST_PAIRS = 0.5
"""Share of a cell's valid steps that must have a neighbour for its lag-1 correlation to be told."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """The stratified cells of a level that have 30 valid steps or more.

    Variances and covariances are about means by calendar month, where every month that occurs has
    three steps or more in the record, else about the mean: the same that sigma is made of.

    Parameters
    ----------
    counts, x, e, beside_x, beside_e : (12, cells)
        Valid steps of each month, sums of x (about the level's reference) and of e over them, and
        over the steps beside them.
    pairs : (12, 12, cells)
        Neighbours in both months, once each, in the upper triangle.
    products
        (cells,) each, named as in `season.PRODUCTS`.
    trend
        (cells,) each, named as in `years.TREND`.
    by_month
        Whether deviations are about the means by calendar month.
    floor
        Standard deviations up to it are rounding.
    sampled
        What part of the cells it is, in words; empty: all.
    """

    counts: Floats
    x: Floats
    e: Floats
    beside_x: Floats
    beside_e: Floats
    pairs: Floats
    products: dict[str, Floats]
    trend: dict[str, Floats]
    by_month: bool
    floor: float
    sampled: str

    @property
    def size(self) -> int:
        """How many cells there are."""
        return int(self.counts.shape[1])

    @cached_property
    def n(self) -> Floats:
        """(cells,) valid steps."""
        total: Floats = self.counts.sum(axis=0)
        return total

    @cached_property
    def neighbours(self) -> Floats:
        """(cells,) pairs of steps that follow each other."""
        total: Floats = self.pairs.sum(axis=(0, 1))
        return total

    def means(self, sums: Floats) -> Floats:
        """(12, cells) the mean to take out in each month."""
        if self.by_month:
            return sums / np.maximum(self.counts, 1.0)
        return np.broadcast_to(sums.sum(axis=0) / np.maximum(self.n, 1.0), sums.shape)

    def _moment(self, products: str, a: Floats, b: Floats) -> Floats:
        u, v = self.means(a), self.means(b)
        total: Floats = self.products[products] - (u * b + v * a - self.counts * u * v).sum(axis=0)
        return total / self.n

    @cached_property
    def variance_x(self) -> Floats:
        """(cells,) mean square of x about its means; 0 where it is nothing but rounding."""
        moment = self._moment("xx", self.x, self.x)
        noise = np.maximum(1e-13 * self.products["xx"] / self.n, self.floor**2)
        return np.where(moment > noise, moment, 0.0)

    @cached_property
    def variance_e(self) -> Floats:
        """(cells,) mean square of e about its means."""
        return np.maximum(self._moment("ee", self.e, self.e), 0.0)

    @cached_property
    def covariance(self) -> Floats:
        """(cells,) mean product of the deviations of x and of e."""
        return self._moment("xe", self.x, self.e)

    @cached_property
    def freedom(self) -> Floats:
        """(cells,) degrees of freedom: valid steps less the means that were taken out."""
        means = (self.counts > 0).sum(axis=0) if self.by_month else 1
        return np.maximum(self.n - means, 1.0)

    @cached_property
    def sigma(self) -> Floats:
        """(cells,) sigma_i, corrected for the means that were taken out."""
        return np.sqrt(self.variance_x * self.n / self.freedom)

    def _lag(self, products: str, quantities: str) -> Floats:
        """Mean over neighbours of the product of their deviations."""
        sums = {"x": (self.x, self.beside_x), "e": (self.e, self.beside_e)}
        (a, beside_a), (b, beside_b) = (sums[name] for name in quantities)
        u, v = self.means(a), self.means(b)
        both = np.einsum("mnc,mc,nc->c", self.pairs, u, v)
        both += np.einsum("mnc,mc,nc->c", self.pairs, v, u)
        taken = (u * beside_b + v * beside_a).sum(axis=0) - both
        if a is b:
            taken = 0.5 * taken
        total: Floats = self.products[products] - taken
        return total / np.maximum(self.neighbours, 1.0)

    @cached_property
    def lag_x(self) -> Floats:
        """(cells,) lag-1 autocovariance of x."""
        return self._lag("lag_xx", "xx")

    @cached_property
    def lag_e(self) -> Floats:
        """(cells,) lag-1 autocovariance of e."""
        return self._lag("lag_ee", "ee")

    @cached_property
    def lag_cross(self) -> Floats:
        """(cells,) mean over neighbours of x(t) e(t + 1) + e(t) x(t + 1), as deviations."""
        return self._lag("lag_xe", "xe")

    @cached_property
    def varies(self) -> NDArray[np.bool_]:
        """(cells,) where x varies by more than rounding and is no near-constant cell."""
        some = self.sigma[self.sigma > 0]
        least = CONSTANT_CELL * float(np.median(some)) if some.size else 0.0
        return self.sigma > least

    def where(self, chosen: NDArray[np.bool_]) -> Cells:
        """Only these cells."""
        return replace(
            self,
            counts=self.counts[:, chosen],
            x=self.x[:, chosen],
            e=self.e[:, chosen],
            beside_x=self.beside_x[:, chosen],
            beside_e=self.beside_e[:, chosen],
            pairs=self.pairs[:, :, chosen],
            products={name: values[chosen] for name, values in self.products.items()},
            trend={name: values[chosen] for name, values in self.trend.items()},
        )


def has_season(level: Level) -> str | None:
    """The record has 30 dated steps, so that there are sums along time."""
    if reason := find_statistic("season").lacks(level.settings, level.domain):
        return reason
    return None if level.sums_of("season") else "no sums along time were made of this level"


def read_cells(level: Level) -> Cells:
    """The cells of a level, of all its regions, that have 30 valid steps or more."""
    regions: dict[str, State] = {}
    for key, array in level.sums_of("season").items():
        rows, columns, rest = key.split("/", 2)
        regions.setdefault(f"{rows}/{columns}", {})[rest] = array
    parts = [regions[name] for name in sorted(regions)]

    def joined(read: Callable[[State], Floats]) -> Floats:
        return np.concatenate([read(part) for part in parts], axis=-1)

    counts, x, e, beside_x, beside_e = joined(_months)
    clock = level.domain.clock
    steps = np.bincount(clock.month, minlength=13)[1:] if clock else np.zeros(12)
    products = joined(lambda part: np.asarray(part["products"], np.float64))
    trend = joined(lambda part: np.asarray(part["trend"], np.float64))
    every = Cells(
        counts=counts,
        x=x,
        e=e,
        beside_x=beside_x,
        beside_e=beside_e,
        pairs=joined(_pairs),
        products=dict(zip(PRODUCTS, products, strict=True)),
        trend=dict(zip(TREND, trend, strict=True)),
        by_month=bool(steps[steps > 0].min(initial=FEWEST_PER_MONTH) >= FEWEST_PER_MONTH),
        floor=rounding(level),
        sampled=chosen_in_words(level.settings, counts.shape[-1]),
    )
    return every.where(every.n >= FEWEST_TIMES)


def _months(part: State) -> Floats:
    """(5, 12, cells): how many, then the four sums, with zeros for months that a part lacks."""
    whole = np.zeros((5, 12, part["products"].shape[-1]))
    for month in range(1, 13):
        if f"month/{month}" in part:
            whole[0, month - 1] = part[f"count/{month}"]
            whole[1:, month - 1] = part[f"month/{month}"]
    return whole


def _pairs(part: State) -> Floats:
    """(12, 12, cells)."""
    whole = np.zeros((12, 12, part["products"].shape[-1]))
    for key, array in part.items():
        if key.startswith("pairs/"):
            m, n = key.removeprefix("pairs/").split("-")
            whole[int(m) - 1, int(n) - 1] = array
    return whole
