"""Return levels at the one cell where compression moved them most, with the bootstrap band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.annual.cells import sampled_cells
from climcomp_metrics.annual.etccdi import valid_years
from climcomp_metrics.annual.gev import fit_gev, l_moments, return_level
from climcomp_metrics.annual.maxima import FEWEST_FOR_RETURN_LEVELS, AnnualExtremes
from climcomp_metrics.annual.years import lacks_whole_years
from climcomp_metrics.level import Level
from climcomp_metrics.report.figures.illustration import ReturnLevels
from climcomp_metrics.report.figures.worst import place_in_words

PERIODS = (2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
"""Years."""

JUDGED = 20.0
"""METRICS, E7."""

RESAMPLES = 200
_SEED = 21
_BAND = (0.05, 0.95)

Floats = NDArray[np.float64]


def gather_return_levels(level: Level) -> ReturnLevels | str:
    """The return levels of a level at its worst sampled cell, or why there are none.

    The worst is the one whose 20-year level moved most, over the L-scale of its own maxima: that
    takes no bootstrap, which is then made for this cell alone.
    """
    reason = AnnualExtremes().lacks(level.settings, level.domain)
    if reason := reason or lacks_whole_years(level.domain, FEWEST_FOR_RETURN_LEVELS):
        return reason
    table = level.sums_of(AnnualExtremes.name)
    if not table:
        return "no sampled cell was measured"
    valid, _ = valid_years(level, table)
    maxima = np.asarray(table["maxima"], np.float64)
    worst, most = -1, -1.0
    for cell in np.flatnonzero(valid.sum(axis=0) >= FEWEST_FOR_RETURN_LEVELS):
        pair = np.sort(maxima[:, valid[:, cell], cell], axis=1)
        scale = float(l_moments(pair[:1])[1][0])
        if scale > 0:
            moved = abs(float(np.diff(_levels(pair, (JUDGED,))[:, 0])[0])) / scale
            worst, most = (int(cell), moved) if moved > most else (worst, most)
    if worst < 0:
        return f"no cell has {FEWEST_FOR_RETURN_LEVELS} whole years whose maxima vary"
    of_x, of_y = maxima[:, valid[:, worst], worst]
    random = np.random.default_rng(_SEED)
    drawn = random.integers(0, of_x.size, (RESAMPLES, of_x.size))
    # A sample of one year alone has no spread and no distribution.
    drawn = drawn[np.ptp(of_x[drawn], axis=1) > 0]
    resampled = _levels(np.sort(of_x[drawn], axis=1), PERIODS)
    low, high = np.quantile(resampled, _BAND, axis=0)
    levels = _levels(np.sort(np.stack([of_x, of_y]), axis=1), PERIODS)
    grid = level.settings.shape[2], level.settings.shape[3]
    flat = int(sampled_cells(grid, level.weights)[int(np.asarray(table["cells"])[worst])])
    return ReturnLevels(
        years=np.array(PERIODS, np.float32),
        original=levels[0].astype(np.float32),
        decoded=levels[1].astype(np.float32),
        low=low.astype(np.float32),
        high=high.astype(np.float32),
        error=resampled.std(axis=0, ddof=1).astype(np.float32),
        where=f"{place_in_words(flat, grid, level.domain)}, where they moved most",
        band=f"90 % of {len(drawn)} bootstrap samples of its {of_x.size} years",
    )


def _levels(samples: Floats, periods: tuple[float, ...]) -> Floats:
    """(rows, periods) return levels of samples (rows, n), each row ascending."""
    fitted = fit_gev(*l_moments(samples))
    return np.stack([return_level(*fitted, period) for period in periods], axis=1)
