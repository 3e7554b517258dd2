"""What relations gather: keys that merge by their first word, in any order.

- `lacks` (n,) reasons why nothing could be measured, each once
- `words/...` texts that all parts share
- `sum/...` what adds up; `most/...` what the largest decides
- `worst/...` (rows, columns) per row the one with the largest first column, the badness
- `months/keys` (n, 2) level and month, sorted; `months/sums` (n, columns)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp_metrics.base import State, Value
from climcomp_metrics.together.model import GroupPart

FEWEST_STEPS = 32
DERIVED_STRIDE = 8
"""METRICS, "Order and cost": derived fields on every 8th step, at least 32 of them."""


def derived_stride(steps: int) -> int:
    """Every how many time steps a derived field is measured."""
    return max(1, min(DERIVED_STRIDE, steps // FEWEST_STEPS))


def lacking(reason: str) -> State:
    """The state of a part that gives nothing."""
    return {"lacks": np.array([reason])}


def begin(part: GroupPart) -> State:
    """What every state has: how much was measured, and what the levels are called."""
    steps = next(iter(part.original.values())).shape[0]
    levels = max(values.shape[1] for values in part.original.values())
    return {
        "sum/steps": np.array([steps], np.float64),
        "most/steps": np.array([part.steps], np.float64),
        "words/levels": np.array(level_names(part, levels)),
    }


def level_names(part: GroupPart, levels: int) -> list[str]:
    """ "500 hPa", or "level 500", for each; "" where they have no coordinate of their own."""
    if part.level_values is None or part.level_values.size != levels or levels == 1:
        return [""] * levels
    if not part.level_unit:
        return [f"level {value:g}" for value in part.level_values]
    return [f"{value:g} {part.level_unit}" for value in part.level_values]


def time_steps(part: GroupPart) -> NDArray[np.int64]:
    """(time,) the steps of the part, counted from the start of the record."""
    steps = next(iter(part.original.values())).shape[0]
    return part.start + part.every * np.arange(steps, dtype=np.int64)


def merge(first: State, second: State) -> State:
    """The state of both parts; sums may differ in rounding by their order, nothing else does.

    Raises
    ------
    MetricError
        If a sum has not the same shape in both: they are of different groups.
    """
    merged = dict(first)
    for key, mine in second.items():
        if key not in merged:
            merged[key] = mine
        elif key == "lacks":
            merged[key] = np.unique(np.concatenate([merged[key], mine]))
        elif key == "months/keys":
            merged |= _merge_months(first, second)
        elif key.startswith(("months/", "words/")):
            continue
        elif merged[key].shape != mine.shape:
            raise MetricError(
                f"{key} has shapes {merged[key].shape} and {mine.shape}: the states are of "
                "different groups"
            )
        else:
            merged[key] = _merge_arrays(key, merged[key], mine)
    return merged


def months_state(keys: NDArray[np.int64], rows: NDArray[np.float64]) -> State:
    """Rows with the same level and month, added up; a state holds each pair once, sorted."""
    unique, place = np.unique(keys.reshape(-1, 2), axis=0, return_inverse=True)
    sums = np.zeros((len(unique), rows.shape[1]))
    np.add.at(sums, place.reshape(-1), rows)
    return {"months/keys": unique, "months/sums": sums}


def reason_for_nothing(state: State, otherwise: str) -> str:
    """Why a state has no value: what `lacks` says, or else this."""
    reasons = state.get("lacks")
    return otherwise if reasons is None else "; ".join(str(reason) for reason in reasons)


def sampled_in_words(state: State) -> str:
    """What part was measured; empty for all of it."""
    steps, record = total(state, "sum/steps"), total(state, "most/steps")
    return f"{steps:.0f} of {record:.0f} time steps" if steps < record else ""


def total(state: State, key: str) -> float:
    """The sum of the numbers under a key; 0 without it."""
    return float(numbers(state, key).sum()) if key in state else 0.0


def numbers(state: State, key: str) -> NDArray[np.float64]:
    """The numbers under a key."""
    return np.asarray(state[key], dtype=np.float64)


def level_name(state: State, level: int) -> str:
    """The level in words, such as "500 hPa"; "" if it has no name."""
    found = state.get("words/levels")
    return str(found[level]) if found is not None and level < found.size else ""


def without(metric: str, unit: str, reason: str, sampled: str = "") -> Value:
    """A metric that cannot be had, with the reason."""
    return Value(metric, None, None, unit, reason=reason, sampled=sampled)


def _merge_arrays(
    key: str, first: NDArray[np.generic], second: NDArray[np.generic]
) -> NDArray[np.generic]:
    if key.startswith("most/"):
        larger: NDArray[np.generic] = np.maximum(first, second)
        return larger
    if key.startswith("worst/"):
        return _worse_rows(first, second)
    merged: NDArray[np.generic] = np.add(first, second)
    return merged


def _worse_rows(first: NDArray[np.generic], second: NDArray[np.generic]) -> NDArray[np.generic]:
    """Of each row the worse one; among equals the one that comes first in time and place."""
    merged = first.copy()
    for row, (mine, theirs) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        if (-theirs[0], theirs[1:]) < (-mine[0], mine[1:]):
            merged[row] = second[row]
    return merged


def _merge_months(first: State, second: State) -> State:
    keys = [np.asarray(state["months/keys"], np.int64) for state in (first, second)]
    rows = [numbers(state, "months/sums") for state in (first, second)]
    return months_state(np.concatenate(keys), np.concatenate(rows))
