"""What the metrics need to know of a variable, from its sampled fields."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.source import SourceVariable
from climcomp_metrics.bins import Bins, make_bins
from climcomp_metrics.field import Axes
from climcomp_workflows.plan.layout import horizontal_axes
from climcomp_workflows.plan.level_bounds import LevelRange
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.recipe import VariableSettings

# Our own: exact zeros (or tops) of a field that is not rain are kept as such above this share; a
# value that an instrument or a clipping made stands out there, and its places cost little.
REPEATED_SHARE = 0.01
# Values of a level from which its histogram's bins are made; their quantiles move by less than
# 0.1 % of the values (our own).
BIN_SAMPLE = 500_000


def sigma_of_all(sample: Sample, sampled: tuple[float, ...], levels: int) -> tuple[float, ...]:
    """Sigma of every level, 0 where undefined; between sampled levels its logarithm is linear."""
    if len(sampled) == levels:
        return tuple(s if math.isfinite(s) else 0.0 for s in sampled)
    known = [(i, math.log(s)) for i, s in zip(sample.levels, sampled, strict=True) if s > 0]
    if not known:
        return (0.0,) * levels
    at, logs = zip(*known, strict=True)
    return tuple(float(v) for v in np.exp(np.interp(range(levels), at, logs)))


def ranges_of_all(
    sample: Sample, ranges: tuple[LevelRange | None, ...], levels: int
) -> tuple[LevelRange | None, ...]:
    """The range of every level; levels between sampled ones take that of the nearest."""
    return tuple(ranges[n] for n in sample.nearest(levels))


def bins_of_all(
    sample: Sample, sigma: tuple[float, ...], kind: Literal["C", "P", "B"]
) -> tuple[Bins, ...]:
    """Histogram bins of every level; levels between sampled ones take the values of the nearest."""
    step = -(-sample.fields[:, :1].size // BIN_SAMPLE)
    twentieths = np.linspace(0.0, 1.0, 21)
    shown = []
    for position in range(sample.fields.shape[1]):
        values = sample.fields[:, position].reshape(-1)[::step].astype(np.float64)
        values = values[np.isfinite(values)]
        # Bins are made from ends, median and 5 and 95 %, which the twentieths share with all.
        shown.append(np.quantile(values, twentieths) if values.size > 21 else values)
    nearest = sample.nearest(len(sigma))
    return tuple(make_bins(shown[n], s, kind) for n, s in zip(nearest, sigma, strict=True))


def exact_values(
    variable: SourceVariable,
    settings: VariableSettings,
    kind: str,
    fields: NDArray[np.floating],
    decoded: bool,
    notes: list[str],
) -> tuple[tuple[float, ...], bool]:
    """Values that come back bit for bit (fills, flags, zeros), and whether zeros are among them."""
    exact = [] if decoded else [float(f) for f in variable.fill_values if math.isfinite(float(f))]
    exact += settings.exact
    finite = np.isfinite(fields)
    count = max(1, int(finite.sum()))
    zeros = int((fields == 0).sum()) / count
    keep = settings.keep_zeros
    if keep is None:
        keep = kind == "P" or zeros >= REPEATED_SHARE
        if keep and zeros:
            notes.append(f"zeros ({100 * zeros:.1f} % of the sampled values) stay exactly zero")
    if keep:
        exact.append(0.0)
    if kind == "B":
        top = float(fields.max(initial=-np.inf, where=finite))
        share = int((fields == top).sum()) / count
        if top > 0 and share >= REPEATED_SHARE:
            exact.append(top)
            notes.append(f"values of exactly {top:g} ({100 * share:.1f} %) stay exactly that")
    return tuple(dict.fromkeys(exact)), bool(keep)


def is_periodic(periodic: bool, axes: Axes, shape: tuple[int, ...], outer: tuple[int, ...]) -> bool:
    """Whether the last column neighbours the first, in shards that hold whole rows."""
    rows = horizontal_axes(axes)
    return periodic and axes.x is not None and outer[rows[-1]] >= shape[rows[-1]]
