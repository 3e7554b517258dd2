"""Fixed histogram bins: decided once from a sample, so that histograms of any part add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError

MOST_BINS = 2**17
"""Cap on the bins of one level: 0.5 MB a histogram. A wider sample gets wider bins."""

BINS_PER_SIGMA = 1000.0
OCTAVE_BITS = 12
"""An asinh-like scale has 2**12 bins in each doubling of its argument."""

TAIL_SHARE = 0.05
"""Sums by bin are kept outside the central 90 % of the sample; tail metrics look beyond 99.8 %."""

_ONE = 1023 << OCTAVE_BITS


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of one level, the first and last of which take all that lies beyond the others.

    Parameters
    ----------
    scale
        `linear`: `count - 2` bins of `width` from `low` upwards. `asinh`: linear up to `width` on
        both sides of zero and logarithmic beyond, as asinh is, with 4,096 bins in each doubling of
        1 + abs(x)/width; `low` is then the position of the first bin on that scale.
    reference
        A value in the middle of the sample. Sums are kept about it, so that squares of 1e5 Pa
        lose no digits; all states of a level must share it.
    tail_low, tail_high
        Sums by bin are kept for bins below `tail_low` and from `tail_high` on.
    """

    scale: Literal["linear", "asinh"]
    low: float
    width: float
    count: int
    reference: float
    tail_low: int
    tail_high: int

    def index(self, values: NDArray[np.floating]) -> NDArray[np.int64]:
        """The bin of each finite value; the kernels hold the same rule and a test compares them."""
        x = values.astype(np.float64)
        if self.scale == "linear":
            position = np.floor(np.clip((x - self.low) / self.width, -1.0, self.count))
        else:
            bits = (1.0 + np.abs(x) / self.width).view(np.int64) >> (52 - OCTAVE_BITS)
            step = bits - _ONE
            position = np.where(x < 0, -1 - step, step) - self.low
        index: NDArray[np.int64] = np.clip(position + 1, 0, self.count - 1).astype(np.int64)
        return index

    def edges(self) -> NDArray[np.float64]:
        """(count - 1,) the inner edges; bin i lies between edges[i - 1] and edges[i]."""
        if self.scale == "linear":
            return self.low + self.width * np.arange(self.count - 1, dtype=np.float64)
        step = np.arange(self.count - 1, dtype=np.int64) + int(self.low)
        return np.where(step < 0, -_unfold(-step), _unfold(step)) * self.width

    def to_dict(self) -> dict[str, str | float | int]:
        """The bins as JSON stores them."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Bins:  # Any: parsed JSON
        """The bins that `to_dict` gave."""
        return cls(**{name: stored[name] for name in cls.__slots__})


def _unfold(step: NDArray[np.int64]) -> NDArray[np.float64]:
    """(1 + abs(x)/width) - 1 at the lower edge of a step that is not negative."""
    edge: NDArray[np.float64] = ((step + _ONE) << (52 - OCTAVE_BITS)).view(np.float64) - 1.0
    return edge


def make_bins(values: NDArray[np.floating], sigma: float, kind: Literal["C", "P", "B"]) -> Bins:
    """Bins for one level, from a sample of it.

    Parameters
    ----------
    values : any shape
        NaN and infinities are left out.
    sigma
        The level's standard deviation. Zero or not finite: one bin, for such a level is lossless.
    kind
        `P` takes the asinh-like scale unless its values stand far from zero (CO2, not rain).

    Notes
    -----
    Linear bins are sigma/1000 wide and reach beyond the sample by half its range, at least three
    sigma, on each side; past 2**17 bins they are widened instead. Asinh bins start sigma/1024 wide
    and reach eight times beyond the sample.
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    x = x[np.isfinite(x)]
    sigma = float(sigma)
    if x.size == 0 or not (np.isfinite(sigma) and sigma > 0):
        middle = float(np.median(x)) if x.size else 0.0
        return Bins("linear", middle, 1.0, 3, middle, 1, 2)
    least, low, middle, high, most = (
        float(q) for q in np.quantile(x, [0.0, TAIL_SHARE, 0.5, 1.0 - TAIL_SHARE, 1.0])
    )
    if kind == "P" and abs(middle) <= 4.0 * sigma:
        plain = _asinh_bins(least, most, sigma, middle)
    else:
        plain = _linear_bins(least, most, sigma, middle)
    ends = plain.index(np.array([low, high]))
    tail_low = 0 if kind == "P" else int(ends[0])
    return Bins(
        plain.scale, plain.low, plain.width, plain.count, middle, tail_low, int(ends[1]) + 1
    )


def _linear_bins(least: float, most: float, sigma: float, reference: float) -> Bins:
    margin = max(0.5 * (most - least), 3.0 * sigma)
    span = most - least + 2.0 * margin
    if not np.isfinite(span):
        raise MetricError(
            f"the sample reaches from {least:g} to {most:g}, too far apart for bins; "
            "declare missing values or a valid range"
        )
    width = max(sigma / BINS_PER_SIGMA, span / (MOST_BINS - 3))
    return Bins("linear", least - margin, width, int(np.ceil(span / width)) + 2, reference, 0, 0)


def _asinh_bins(least: float, most: float, sigma: float, reference: float) -> Bins:
    width = sigma * 2.0**OCTAVE_BITS / 1024.0
    reach = 8.0 * max(abs(least), abs(most), sigma)
    probe = Bins("asinh", 0.0, width, 2**60, reference, 0, 0)
    last = int(probe.index(np.array([min(reach, 1e300)]))[0])
    first = -last if least < 0 else -1
    return Bins("asinh", float(first), width, last - first + 2, reference, 0, 0)
