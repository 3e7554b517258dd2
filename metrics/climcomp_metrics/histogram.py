"""Quantiles and tail sums of original and decoded values from their histograms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.bins import Bins
from climcomp_metrics.columns import TAIL

SHARE_AROUND = (0.8, 1.25)
"""A tail edge is looked for where between 0.8 and 1.25 of the wanted share lies beyond it."""

BESIDE = 16
"""Bins on each side of an edge (about sigma/60) that should hold few values."""

CROWDED = 0.5
"""The tail of a normal distribution has 0.11 of its values that near to its edge."""


@dataclass(frozen=True)
class Histogram:
    """Counts of x and y by bin, with sums in the tail bins.

    Parameters
    ----------
    counts : (3, bins)
        Of x, of y, and of min(x, y) in the upper tail.
    tails : (tail bins, 3)
        The bins below `bins.tail_low`, then those from `bins.tail_high` on; sums of x (about the
        reference) and e by the bin of x, and of y by the bin of y.
    """

    bins: Bins
    counts: NDArray[np.generic]
    tails: NDArray[np.generic]

    @cached_property
    def total(self) -> int:
        """How many values were counted."""
        return int(np.asarray(self.counts[0], dtype=np.int64).sum())

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        return self.bins.edges()

    @cached_property
    def _cumulative(self) -> NDArray[np.int64]:
        """(2, bins + 1) how many of x and of y lie below each bin."""
        below = np.zeros((2, self.bins.count + 1), np.int64)
        np.cumsum(self.counts[:2], axis=1, out=below[:, 1:])
        return below

    @cached_property
    def _tail_sums(self) -> dict[str, NDArray[np.float64]]:
        """(bins,) each; NaN in the body, where no sums are kept."""
        whole = np.full((len(TAIL), self.bins.count), np.nan)
        low = self.bins.tail_low
        whole[:, :low] = np.asarray(self.tails[:low], dtype=np.float64).T
        whole[:, self.bins.tail_high :] = np.asarray(self.tails[low:], dtype=np.float64).T
        return dict(zip(TAIL, whole, strict=True))

    def quantiles(self, shares: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Quantiles of x and of y, linear inside a bin: right within one bin's width.

        A quantile in the bin that holds all beyond the bins is the mean of what lies in it.
        """
        return self._quantiles(0, shares), self._quantiles(1, shares)

    def _quantiles(self, which: int, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        below = self._cumulative[which]
        rank = shares * self.total
        at = np.clip(np.searchsorted(below, rank, side="right") - 1, 0, self.bins.count - 1)
        # A rank on the boundary of an empty stretch belongs to the last bin that holds a value.
        held = np.asarray(self.counts[which], dtype=np.int64)
        at = np.minimum(at, np.flatnonzero(held)[-1])
        inside = (rank - below[at]) / np.maximum(held[at], 1)
        edges = self._edges
        lower = edges[np.clip(at - 1, 0, edges.size - 1)]
        upper = edges[np.clip(at, 0, edges.size - 1)]
        quantile = lower + np.clip(inside, 0.0, 1.0) * (upper - lower)
        sums = self._tail_sums["y" if which else "x"]
        beyond = (at == 0) | (at == self.bins.count - 1)
        means = sums[at] / np.maximum(held[at], 1) + self.bins.reference
        found: NDArray[np.float64] = np.where(beyond & np.isfinite(means), means, quantile)
        return found

    def mean_beyond(self, which: int, share: float, upper: bool) -> float:
        """Mean of the top (or bottom) `share` of x (which = 0) or y (1), about the reference.

        Bins of the body, which keep no sums, count with their middle.
        """
        held = np.asarray(self.counts[which], dtype=np.float64)
        edges = self._edges
        middle = np.concatenate([edges[:1], 0.5 * (edges[1:] + edges[:-1]), edges[-1:]])
        sums = self._tail_sums["y" if which else "x"]
        sums = np.where(np.isnan(sums), held * (middle - self.bins.reference), sums)
        wanted = share * self.total
        order = slice(None, None, -1) if upper else slice(None)
        held, sums = held[order], sums[order]
        reached = np.cumsum(held)
        last = int(np.searchsorted(reached, wanted))
        before = reached[last - 1] if last else 0.0
        part = (wanted - before) / held[last] if held[last] else 0.0
        return float((sums[:last].sum() + part * sums[last]) / wanted)

    def tail_edge(self, share: float, upper: bool) -> int | None:
        """The bin from which on (or below which) about `share` of x lies; None: no sums there.

        Among the edges near that share the one with the fewest values beside it is taken, so that
        it does not cut through a value that occurs often (a packed or flat-topped field). Where
        the plan's sample foresaw another tail, the edge is the nearest one that has sums.
        """
        below = self._cumulative[0]
        beyond = self.total - below if upper else below
        near = np.flatnonzero(
            (beyond >= SHARE_AROUND[0] * share * self.total)
            & (beyond <= SHARE_AROUND[1] * share * self.total)
        )
        if near.size:
            off = np.abs(beyond[near] - share * self.total)
            edge = int(near[np.lexsort((off, self._beside(near)))[0]])
        else:
            # One bin holds more than the share: the first edge with less than it beyond.
            inside = np.flatnonzero(beyond <= share * self.total)
            edge = int(inside[0] if upper else inside[-1])
        edge = max(edge, self.bins.tail_high) if upper else min(edge, self.bins.tail_low)
        return edge if 0 < edge < self.bins.count else None

    def _beside(self, edges: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many x lie within a few bins of each edge."""
        below = self._cumulative[0]
        last = self.bins.count
        count: NDArray[np.int64] = (
            below[np.minimum(edges + BESIDE, last)] - below[np.maximum(edges - BESIDE, 0)]
        )
        return count

    def is_crowded(self, edge: int) -> bool:
        """Whether as many as half of the x beyond an upper edge lie beside it."""
        beyond = self.total - int(self._cumulative[0][edge])
        return int(self._beside(np.array([edge]))[0]) > CROWDED * beyond

    def edge_value(self, edge: int) -> float:
        """The value at the lower edge of a bin."""
        return float(self._edges[edge - 1])

    def error_beyond(self, edge: int, upper: bool) -> tuple[float, int]:
        """Mean of e where x lies beyond the edge, and how many values that are."""
        part = slice(edge, None) if upper else slice(None, edge)
        count = int(np.asarray(self.counts[0], dtype=np.int64)[part].sum())
        return float(self._tail_sums["e"][part].sum() / max(count, 1)), count

    def success_beyond(self, edge: int) -> tuple[float, int]:
        """Hits over hits, misses and false ones of x and y beyond an upper edge; how many x."""
        x, y, both = (int(c) for c in np.asarray(self.counts, dtype=np.int64)[:, edge:].sum(axis=1))
        # The larger of x and y is beyond where either is: x + y counts the hits twice.
        either = x + y - both
        return (both / either if either else 1.0), x
