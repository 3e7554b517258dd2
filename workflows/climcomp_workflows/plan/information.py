"""Bounds from the real information in a variable's bits, for recipes that ask for a share of it."""

from __future__ import annotations

import numpy as np

from climcomp.bounds import ErrorBound
from climcomp.information import keepbits_for_information, real_information
from climcomp.rounding import relative_error_of
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.recipe.run_values import Information


def information_bounds(
    sample: Sample, wanted: Information, levels: int, dtype: np.dtype[np.floating]
) -> tuple[LevelBounds, tuple[str, ...]]:
    """The relative bound of each level whose rounding keeps a share of its real information.

    The information is that of the sampled fields along their rows and columns (and in time where
    the whole record was sampled); levels between sampled ones keep as many bits as the nearest.

    Raises
    ------
    MissingExtraError
        If the recipe wants xbitinfo to compute it, and it is not installed.
    """
    axes = (0, 1, 2) if sample.whole else (1, 2)
    bits = []
    for position in range(len(sample.levels)):
        fields = sample.fields[:, position].astype(dtype, copy=False)
        found = real_information(fields, axes, engine=wanted.engine)
        bits.append(keepbits_for_information(found, wanted.share))
    keepbits = [bits[n] for n in sample.nearest(levels)]
    bounds = tuple(ErrorBound("pointwise_relative", relative_error_of(k)) for k in keepbits)
    low, high = min(keepbits), max(keepbits)
    kept = f"{low}" if low == high else f"{low} to {high}"
    text = f"{100 * wanted.share:g} % of the real information: {kept} mantissa bits"
    return LevelBounds(bounds, text, "quality: information"), ()
