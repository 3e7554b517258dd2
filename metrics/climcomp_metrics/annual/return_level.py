"""Change of the 20-year return level, over what chance leaves open of it: METRICS, E7."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.annual.cells import sample_in_words
from climcomp_metrics.annual.etccdi import valid_years
from climcomp_metrics.annual.gev import fit_gev, l_moments, return_level
from climcomp_metrics.annual.maxima import FEWEST_FOR_RETURN_LEVELS, AnnualExtremes
from climcomp_metrics.annual.years import lacks_whole_years
from climcomp_metrics.base import Value
from climcomp_metrics.conditions import first_reason, rounding
from climcomp_metrics.level import Level

RETURN_YEARS = 20.0

RESAMPLES = 100
"""Of the bootstrap: its standard error is then known to 7 %."""

_SEED = 20
_SHARE = 0.95

Floats = NDArray[np.float64]


class ReturnLevel:
    """95th percentile over cells of abs(RL20 of y - RL20 of x) / standard error of x's (E7).

    RL20 is the 20-year return level of a GEV distribution fitted by L-moments to the maxima of
    whole years, where a cell has 20 of them; the error is that of 100 resamples of x's years,
    always the same ones. Cells whose maxima do not vary are left out. Cells count alike.
    """

    id: ClassVar[str] = "E7"
    unit: ClassVar[str] = "standard errors"

    def value(self, level: Level) -> Value:
        """One number for the level."""
        if reason := first_reason(level) or _lacks(level):
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        table = level.sums_of(AnnualExtremes.name)
        if not table:
            return level.without(self.id, self.unit, "no sampled cell was measured")
        valid, _ = valid_years(level, table)
        change, error = _changes(np.asarray(table["maxima"], np.float64), valid)
        varies = error > rounding(level)
        if not varies.any():
            why = f"no cell has {FEWEST_FOR_RETURN_LEVELS} whole years whose maxima vary"
            return level.without(self.id, self.unit, why)
        ratio = change[varies] / error[varies]
        detail = {
            "median signed": float(np.median(ratio)),
            "largest": float(np.abs(ratio).max()),
            "cells": float(varies.sum()),
        }
        value = float(np.quantile(np.abs(ratio), _SHARE))
        sampled = sample_in_words(level.settings)
        return level.of(self.id, value, self.unit, detail=detail, sampled=sampled)


def _lacks(level: Level) -> str:
    """The record may be long enough for the other indices and too short for this one."""
    reason = AnnualExtremes().lacks(level.settings, level.domain)
    return reason or lacks_whole_years(level.domain, FEWEST_FOR_RETURN_LEVELS)


def _changes(maxima: Floats, valid: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Change of the return level of each cell that has 20 valid years, and x's standard error.

    Parameters
    ----------
    maxima : (2, years, cells)
        Of x and y.
    valid : (years, cells)
    """
    years = valid.sum(axis=0)
    changes, errors = [np.zeros(0)], [np.zeros(0)]
    for n in np.unique(years[years >= FEWEST_FOR_RETURN_LEVELS]):
        # Cells with as many years go together: their samples are then one array.
        here = years == n
        of_x, of_y = (one[:, here].T[valid[:, here].T].reshape(-1, n) for one in maxima)
        changes.append(_level_of(of_y) - _level_of(of_x))
        errors.append(standard_error(of_x))
    return np.concatenate(changes), np.concatenate(errors)


def _level_of(samples: Floats) -> Floats:
    """(rows,) the 20-year return level of samples (rows, n) in any order."""
    return return_level(*fit_gev(*l_moments(np.sort(samples, axis=1))), RETURN_YEARS)


def standard_error(samples: Floats) -> Floats:
    """(rows,) bootstrap standard error of the 20-year return level of samples (rows, n).

    Each resample draws the same years with replacement for all rows.
    """
    random = np.random.default_rng(_SEED)
    drawn = random.integers(0, samples.shape[1], (RESAMPLES, samples.shape[1]))
    levels = np.stack([_level_of(samples[:, years]) for years in drawn])
    error: Floats = levels.std(axis=0, ddof=1)
    return error
