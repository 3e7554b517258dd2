"""Five-day sums and runs of dry and wet days inside one stretch of a record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW = 5
"""Days of Rx5day's sums."""

DRY, WET = 0, 1


@dataclass(frozen=True, slots=True)
class Spells:
    """What a stretch of days gives by itself, and what its neighbours in time must know of it.

    Parameters
    ----------
    sums : (2, years, cells)
        Largest sum of five days in a row that ends in the year, of x and y; -inf without any.
    runs : (2, 2, years, cells)
        Longest run of dry days and of wet days inside the year, of x and y.
    lead, trail : (2, 2, cells)
        Length of the run at the first day, as far as its year goes, and of the run at the last day.
    head, tail : (2, up to 4, cells)
        The first and the last days; NaN where a gap in the record parts them from the edge.
    """

    sums: NDArray[np.floating]
    runs: NDArray[np.int16]
    lead: NDArray[np.int16]
    trail: NDArray[np.int16]
    head: NDArray[np.floating]
    tail: NDArray[np.floating]


def add_days(days: NDArray[np.floating]) -> NDArray[np.floating]:
    """(2, cells) sum of (2, 5, cells) in the type of the days, the oldest first.

    Always in the same order, so that a window gives the same sum wherever the record is cut.
    """
    total = days[:, 0].astype(np.float64)
    for day in range(1, WINDOW):
        total += days[:, day]
    return total.astype(days.dtype)


def spells_of(
    pair: NDArray[np.floating],
    threshold: float,
    year: NDArray[np.int64],
    follows: NDArray[np.bool_],
) -> Spells:
    """The spells of a stretch.

    Parameters
    ----------
    pair : (2, time, cells)
        x and y; a missing day is neither dry nor wet, and no window holds it.
    threshold
        A day is wet from there on.
    year : (time,)
        From 0, ascending: a run ends with its year.
    follows : (time,)
        Whether a step is the day after the step before.
    """
    _, times, cells = pair.shape
    years = int(year[-1]) + 1
    sums = np.full((2, years, cells), -np.inf, pair.dtype)
    runs = np.zeros((2, 2, years, cells), np.int16)
    length = np.zeros((2, 2, cells), np.int16)
    lead = np.zeros((2, 2, cells), np.int16)
    is_now, leading = np.zeros((2, 2, cells), bool), np.ones((2, 2, cells), bool)
    since = 0  # the first day of the stretch without a gap
    for t in range(times):
        if t and not follows[t]:
            since = t
        if t and (since == t or year[t] != year[t - 1]):
            length[:] = 0
            leading[:] = False
        np.less(pair[:, t], threshold, out=is_now[DRY])
        np.greater_equal(pair[:, t], threshold, out=is_now[WET])
        length += 1
        length *= is_now
        longest = runs[:, :, year[t]]
        np.maximum(longest, length, out=longest)
        leading &= is_now
        lead += leading
        if t - since >= WINDOW - 1:
            largest = sums[:, year[t]]
            np.fmax(largest, add_days(pair[:, t - WINDOW + 1 : t + 1]), out=largest)
    head, tail = pair[:, : WINDOW - 1].copy(), pair[:, max(0, times - WINDOW + 1) :].copy()
    first_gap = int(np.argmin(follows[1:])) + 1 if not follows[1:].all() else times
    head[:, first_gap:] = np.nan
    tail[:, : max(0, since - (times - tail.shape[1]))] = np.nan
    return Spells(sums, runs, lead, length, head, tail)
