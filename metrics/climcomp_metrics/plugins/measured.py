"""The sums of one field under a metric of one's own, whatever its code does, and their merging.

Below "own/level/id/" a state holds

- of a function `mean` (2,): the total of its values and their count; `largest` (2,): the value of
  the largest size and its time step, or `smallest` (2,) where large values are good
- of a class `fields` (1,): how many gave sums; `sum.NAME`: its sums
- `faults` (2,): how many fields it failed on, and the first one's time step; `fault` (1,): what
  was wrong there, as text
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State
from climcomp_metrics.plugins.code import Field, SumsMetric, fault_text, find_metric
from climcomp_metrics.plugins.grid import Grid
from climcomp_metrics.plugins.model import OwnMetric

LONGEST_FAULT = 300
MOST_NUMBERS = 8
"""Sums may hold so many numbers for each cell of the field: they are kept for every level."""
UNKNOWN = -1
"""The time step of a fault that lies in no single field."""
Pair = NDArray[np.float64]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def measured(own: OwnMetric, original: Field, decoded: Field, grid: Grid) -> State:
    """What a metric makes of one field; a fault of its code becomes part of the state."""
    try:
        metric = find_metric(own)
        if isinstance(metric, SumsMetric):
            return _checked_sums(own, metric.of(original, decoded, grid), original.size)
        found = metric(original, decoded, grid)
        return {} if found is None else _of_number(own, number_of(own, found), grid.time)
    except (Exception, SystemExit) as error:  # what their code raises is theirs to see
        return fault(fault_text(error, own.file), grid.time)


def number_of(own: OwnMetric, found: object) -> float:
    """What a metric gave as a number.

    Raises
    ------
    ValueError
        If it is not one finite number.
    """
    array = np.asarray(found)
    if array.size != 1 or array.dtype.kind not in "biuf":
        what = f"an array of shape {array.shape}" if array.ndim else type(found).__name__
        raise ValueError(f"{own.name} gave {what}, wanted one number")
    number = float(array.reshape(-1)[0])
    if not np.isfinite(number):
        raise ValueError(f"{own.name} gave {number}, wanted a finite number, or None for no value")
    return number


def _of_number(own: OwnMetric, number: float, time: int) -> State:
    extreme = np.array([number, float(time)])
    return {
        "mean": np.array([number, 1.0]),
        "smallest" if own.least else "largest": extreme,
    }


def _checked_sums(own: OwnMetric, found: object, cells: int) -> State:
    if found is None:
        return {}
    if not isinstance(found, Mapping) or not found:
        what = "nothing" if isinstance(found, Mapping) else type(found).__name__
        raise ValueError(f"{own.name}.of gave {what}, wanted a dict of numbers and arrays")
    state: State = {"fields": np.ones(1)}
    for name, value in found.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"{own.name}.of names a sum {name!r}, wanted a word")
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{own.name}.of gave {name} as {array.dtype}, wanted numbers")
        state[f"sum.{name}"] = array.astype(np.float64)
    held = sum(array.size for array in state.values())
    if held > MOST_NUMBERS * cells + 4096:
        raise ValueError(
            f"{own.name}.of gave {held} numbers for {cells} cells, wanted at most {MOST_NUMBERS} "
            "for each: what is kept must not grow with the record"
        )
    return state


def fault(text: str, time: int) -> State:
    """The state of a field on which the code failed."""
    return {
        "faults": np.array([1, time], np.int64),
        "fault": np.array([text[:LONGEST_FAULT]], f"<U{LONGEST_FAULT}"),
    }


def merged(first: State, second: State) -> State:
    """The sums of both together, in any order; keys may have any stem before the last "/"."""
    total = dict(first)
    unlike: State = {}
    for key, mine in second.items():
        stem, _, kind = key.rpartition("/")
        if key not in total:
            total[key] = mine
        elif kind in ("largest", "smallest"):
            total[key] = _worse(kind, total[key], mine)
        elif kind == "faults":
            total[key] = _both_faults(total[key], mine)
        elif kind == "fault":
            total[key] = _first_fault(first, second, key)
        elif total[key].shape != mine.shape:
            text = f"{kind} has the shapes {total[key].shape} and {mine.shape} on different fields"
            unlike |= {f"{stem}/{name}": array for name, array in fault(text, UNKNOWN).items()}
        else:
            total[key] = np.asarray(total[key], np.float64) + np.asarray(mine, np.float64)
    return merged(total, unlike) if unlike else total


def _worse(kind: str, first: NDArray[np.generic], second: NDArray[np.generic]) -> Pair:
    """The pair of value and time that is worse; of equal ones the earlier."""

    def order(pair: Pair) -> tuple[float, float]:
        return (-abs(pair[0]) if kind == "largest" else pair[0]), pair[1]

    return min(np.asarray(first, np.float64), np.asarray(second, np.float64), key=order)


def _both_faults(first: NDArray[np.generic], second: NDArray[np.generic]) -> NDArray[np.int64]:
    a, b = np.asarray(first, np.int64), np.asarray(second, np.int64)
    return np.array([a[0] + b[0], min(a[1], b[1])], np.int64)


def _first_fault(first: State, second: State, key: str) -> NDArray[np.generic]:
    """The text of the fault at the earlier time."""

    def order(state: State) -> tuple[int, str]:
        return int(np.asarray(state[f"{key}s"], np.int64)[1]), str(state[key][0])

    return min(first, second, key=order)[key]
