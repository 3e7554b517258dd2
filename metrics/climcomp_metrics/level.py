"""The merged sums of one level, as the metrics ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.bins import Bins
from climcomp_metrics.columns import CELL, SLICE, TILE
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.histogram import Histogram
from climcomp_metrics.statistics import STATISTICS

FEWEST_TIMES = 30
"""METRICS: below 30 steps a standard deviation in time says little."""

CONSTANT_SLICE = 1e-3
"""METRICS: a slice whose SD is under this share of the median slice SD stays out of ratios."""


@dataclass(frozen=True)
class Region:
    """The cells of one horizontal box: sums along time about the level's reference."""

    rows: slice
    columns: slice
    count: NDArray[np.int32]  # (y, x)
    sums: dict[str, NDArray[np.float64]]  # each (y, x), named as in `columns.CELL`
    maxima: NDArray[np.floating]  # (2, y, x) of x and of y; -inf where nothing is valid


@dataclass(frozen=True)
class Level:
    """One level of a variable with all its sums merged.

    Parameters
    ----------
    times : (slices,)
        The time steps seen, ascending.
    slices
        Columns of the slice table by name, one value for each of `times`.
    domain
        Weights, coordinates and dates of the whole variable.
    """

    index: int
    settings: FieldSettings
    domain: Domain
    times: NDArray[np.int64]
    slices: dict[str, NDArray[np.float64]]
    state: State

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """(y, x) area weights of the whole variable, if there are any."""
        return self.domain.weights

    def sums_of(self, statistic: str) -> State:
        """What a statistic beside the fused pass has of this level, by the rest of its keys."""
        stem = f"{statistic}/{self.index}/"
        return {k.removeprefix(stem): v for k, v in self.state.items() if k.startswith(stem)}

    @property
    def sigma(self) -> float:
        """The plan's standard deviation of this level."""
        return self.settings.sigma[self.index]

    @property
    def bins(self) -> Bins:
        """The histogram's bins."""
        return self.settings.bins[self.index]

    @cached_property
    def totals(self) -> dict[str, float]:
        """The slice columns added up over time; `largest`, `least` and `most` over all of it."""
        totals = {name: float(column.sum()) for name, column in self.slices.items()}
        for name, pick in (("largest", np.max), ("most", np.max), ("least", np.min)):
            column = self.slices[name]
            totals[name] = float(pick(column)) if column.size else 0.0
        return totals

    @property
    def precision(self) -> float:
        """The relative step of the type that the values are stored in."""
        return float(np.asarray(self.state[f"precision/{self.index}"], dtype=np.float64)[0])

    @property
    def is_exact(self) -> bool:
        """Whether every value came back as it was."""
        return self.totals["largest"] == 0.0

    @cached_property
    def histogram(self) -> Histogram:
        """Counts and tail sums by bin."""
        return Histogram(
            self.bins, self.state[f"counts/{self.index}"], self.state[f"tails/{self.index}"]
        )

    def regions(self) -> Iterator[Region]:
        """The boxes of cells, in the order of their keys."""
        keys = (key for key in self.state if key.startswith("cells/") and key.endswith("/sums"))
        for key in sorted(keys):
            _, _, rows, columns, _ = key.split("/")
            stem = key.removesuffix("/sums")
            yield Region(
                _span(rows),
                _span(columns),
                np.asarray(self.state[f"{stem}/count"], dtype=np.int32),
                dict(zip(CELL, np.asarray(self.state[key], dtype=np.float64), strict=True)),
                _floats(self.state[f"{stem}/maxima"]),
            )

    def tiles(self) -> dict[str, NDArray[np.float64]]:
        """Sums of every tile, flat, named as in `columns.TILE`."""
        parts = [
            np.asarray(array, dtype=np.float64).reshape(len(TILE), -1)
            for key, array in sorted(self.state.items())
            if key.startswith("tiles/")
        ]
        every = np.concatenate(parts, axis=1) if parts else np.zeros((len(TILE), 0))
        return dict(zip(TILE, every, strict=True))

    def steps(self, axis: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sum of abs(e - e of the cell before) and how many, by position along "x" or "y"."""
        total, count = np.asarray(self.state[f"steps_{axis}/{self.index}"], dtype=np.float64)
        return total, count

    def deviations(self) -> NDArray[np.float64]:
        """(slices,) standard deviation of x in each time step; 0 where the slice is constant."""
        return spread(self.slices["count"], self.slices["x"], self.slices["xx"])

    def of(
        self,
        metric: str,
        value: float | None,
        unit: str,
        *,
        time: int | None = None,
        place: str = "",
        reason: str = "",
        detail: dict[str, float] | None = None,
        error: float = 0.0,
        sampled: str = "",
    ) -> Value:
        """A value of this level."""
        return Value(
            metric, self.index, value, unit, time, place, reason, detail or {}, sampled, error
        )

    def without(self, metric: str, unit: str, reason: str) -> Value:
        """The reason why this level has no such value."""
        return Value(metric, self.index, None, unit, reason=reason)


def spread(
    count: NDArray[np.float64], total: NDArray[np.float64], squares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standard deviation from sums, 0 where it is nothing but their rounding."""
    n = np.maximum(count, 1.0)
    variance = squares / n - (total / n) ** 2
    noise = 1e-13 * squares / n
    return np.sqrt(np.where(variance > noise, variance, 0.0))


def _floats(array: NDArray[np.generic]) -> NDArray[np.floating]:
    """The array in its own float type."""
    return np.asarray(array, dtype=np.float32 if array.dtype == np.float32 else np.float64)


def _span(text: str) -> slice:
    first, last = text.split("-")
    return slice(int(first), int(last))


def make_level(state: State, index: int, settings: FieldSettings, domain: Domain) -> Level:
    """The part of a merged state that belongs to one level."""
    prefixes = (
        f"counts/{index}",
        f"tails/{index}",
        f"steps_x/{index}",
        f"steps_y/{index}",
        f"precision/{index}",
    )
    regions = tuple(f"{name}/{index}/" for name in ("cells", "tiles", *STATISTICS))
    mine = {
        key: array for key, array in state.items() if key in prefixes or key.startswith(regions)
    }
    keys = np.asarray(state["slices/keys"], dtype=np.int64)
    here = keys[:, 1] == index
    table = np.asarray(state["slices/sums"], dtype=np.float64)[here]
    seen = table[:, SLICE.index("count")] > 0
    columns = {name: table[seen, position] for position, name in enumerate(SLICE)}
    return Level(index, settings, domain, keys[here, 0][seen], columns, mine)
