"""Area means gathered by month: what budgets and contents are told in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State
from climcomp_metrics.together import sums
from climcomp_metrics.together.model import GroupPart

NO_MONTH = -1  # without dates the whole record is one


def month_numbers(part: GroupPart) -> NDArray[np.int64]:
    """(time,) year * 12 + month - 1 of each step of the part; -1 where dates are not known."""
    steps = sums.time_steps(part)
    clock = part.domain.clock
    if clock is None:
        return np.full(steps.shape, NO_MONTH, np.int64)
    return clock.year[steps] * 12 + clock.month[steps] - 1


def month_in_words(month: int) -> str:
    """ "2001-03"; empty for the whole record."""
    return "" if month == NO_MONTH else f"{month // 12:04d}-{month % 12 + 1:02d}"


@dataclass(frozen=True, slots=True)
class Monthly:
    """What months say of a group.

    Parameters
    ----------
    levels, months : (n,)
        Sorted; a month is what `month_numbers` gives.
    means : (n, fields)
        Of the steps' area means. The first field is the change.
    error : (n,)
        The standard error by chance of the mean change, if the errors of cells and steps have
        nothing in common.
    """

    levels: NDArray[np.int64]
    months: NDArray[np.int64]
    means: NDArray[np.float64]
    error: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Worst:
    """The month with the largest change, told as the metric wants it, with its error by chance."""

    row: int
    value: float
    error: float


def monthly_means(
    part: GroupPart, fields_of: Iterable[tuple[int, int, Sequence[NDArray[np.float64]]]]
) -> State:
    """Area means of several fields, added up by month.

    Parameters
    ----------
    part
        With area weights.
    fields_of
        Step of the part, level, and fields of shape (y, x), of which the first is the change.
        Cells in which one of them is missing count in none; a step without any cell is left out.

    Returns
    -------
    `months/keys` and `months/sums`, whose columns are the number of steps, and the sums over steps
    of the variance of the mean change and of the mean of each field.
    """
    assert part.domain.weights is not None
    months = month_numbers(part)
    keys, rows = [], []
    for step, level, fields in fields_of:
        means = area_means(fields, part.domain.weights)
        if means is not None:
            keys.append((level, int(months[step])))
            rows.append((1.0, *means))
    if not rows:
        return {}
    return sums.months_state(np.array(keys, np.int64), np.array(rows))


def area_means(
    fields: Sequence[NDArray[np.float64]], weights: NDArray[np.float64]
) -> list[float] | None:
    """The variance of the first field's mean, and the weighted means of all.

    Over the cells that are finite in all; None if no such cell has area. The variance is that of a
    mean of independent values: sum w2 (f - <f>)2 / (sum w)2.
    """
    valid = np.isfinite(fields[0])
    for field in fields[1:]:
        valid &= np.isfinite(field)
    whole = bool(valid.all())
    weigh = weights if whole else np.where(valid, weights, 0.0)
    total = float(weigh.sum())
    if not total > 0:
        return None
    kept = fields if whole else [np.where(valid, field, 0.0) for field in fields]
    means = [float(np.vdot(weigh, field)) / total for field in kept]
    apart = kept[0] - means[0]
    apart *= weigh
    return [float(np.vdot(apart, apart)) / total**2, *means]


def monthly(state: State) -> Monthly | None:
    """The months of a state; None if nothing was gathered."""
    if "months/sums" not in state:
        return None
    keys, rows = np.asarray(state["months/keys"], np.int64), sums.numbers(state, "months/sums")
    steps = rows[:, 0]
    error = np.sqrt(rows[:, 1]) / steps
    return Monthly(keys[:, 0], keys[:, 1], rows[:, 2:] / steps[:, None], error)


def means_of_record(state: State, level: int) -> NDArray[np.float64]:
    """(fields,) the means of a level over all its steps."""
    keys, rows = np.asarray(state["months/keys"]), sums.numbers(state, "months/sums")
    mine = rows[keys[:, 0] == level].sum(axis=0)
    means: NDArray[np.float64] = mine[2:] / mine[0]
    return means


def worst_month(found: Monthly, scale: NDArray[np.float64]) -> Worst | None:
    """The month whose change is furthest beyond chance.

    Parameters
    ----------
    scale : (n,)
        What makes the metric of a change; NaN where it would be divided by nothing.

    Returns
    -------
    None where all that changed would be divided by nothing. The error is half of what the largest
    of so many months shows by chance, sqrt(2 ln 2n) standard errors, or two of them if that is
    more: judging takes two of `error` off.
    """
    size = np.abs(found.means[:, 0]) * scale
    changed = found.means[:, 0] != 0
    if not changed.any():
        return Worst(0, 0.0, 0.0)
    by_chance = 0.5 * max(2.0, math.sqrt(2.0 * math.log(2.0 * changed.size)))
    error = by_chance * found.error * scale
    certain = np.where(changed & np.isfinite(size), size - 2.0 * error, -np.inf)
    row = int(np.argmax(certain))
    return None if certain[row] == -np.inf else Worst(row, float(size[row]), float(error[row]))
