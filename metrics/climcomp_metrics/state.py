"""Mergeable states: their keys, merging, and their bytes.

The keys, with l the folded level and a region "y0-y1/x0-x1" in cells of the whole variable:

- `slices/keys` (rows, 2) time and level, sorted; `slices/sums` (rows, columns of `columns.SLICE`)
- `counts/l` (3, bins) of x, of y, and of min(x, y) in the upper tail; `tails/l` (tail bins, 3)
- `precision/l` (1,) the relative step of the type that the values are stored in
- `cells/l/region/count`, `.../sums` (5, y, x) as `columns.CELL`, `.../maxima` (2, y, x) of x and y;
  only for variables of 30 time steps or more
- `tiles/l/region` (4, tiles y, tiles x) as `columns.TILE`
- `steps_x/l` (2, x), `steps_y/l` (2, y): abs(e - e of the cell before) and how many
- `name/l/...` of each statistic of `statistics.STATISTICS`, which says itself what they are
"""

from __future__ import annotations

import io
import zipfile

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp_metrics.base import State
from climcomp_metrics.columns import SLICE
from climcomp_metrics.statistics import STATISTICS, find_statistic

_LARGER = [SLICE.index("largest"), SLICE.index("most")]
_SMALLER = SLICE.index("least")


def merge(first: State, second: State, *, reuse_first: bool = False) -> State:
    """The state of both parts together, in any order and at any adjacency.

    Parts must not share a value. Sums of the same time and level, cell, bin or tile add up, so
    the order shows only in the rounding of float64 sums (about 1e-15 of the sum of absolute
    values); counts and extremes are exact. Neither argument is changed, unless `reuse_first` lets
    the sums be made in the first one's memory: states are as large as fields.

    Raises
    ------
    MetricError
        If a sum has not the same shape in both: they come from different settings.
    """
    mine_apart = _of_statistics(second)
    if mine_apart:
        theirs = _of_statistics(first)
        merged = {
            key: array
            for key, array in first.items()
            if key.partition("/")[0] not in theirs.keys() & mine_apart.keys()
        }
        for name, part in mine_apart.items():
            merged |= find_statistic(name).merge(theirs[name], part) if name in theirs else part
    else:
        merged = dict(first)
    for key, mine in second.items():
        if key.partition("/")[0] in mine_apart:
            continue
        if key not in first:
            merged[key] = mine
        elif key == "slices/sums":
            continue
        elif key == "slices/keys":
            merged["slices/keys"], merged["slices/sums"] = _merge_slices(first, second)
        elif first[key].shape != mine.shape:
            raise MetricError(
                f"{key} has shapes {first[key].shape} and {mine.shape}: the states come from "
                "different settings"
            )
        elif key.endswith("/maxima") or key.startswith("precision/"):
            merged[key] = np.maximum(first[key], mine, out=first[key] if reuse_first else None)
        else:
            merged[key] = np.add(first[key], mine, out=first[key] if reuse_first else None)
    return merged


def _merge_slices(first: State, second: State) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    every = np.concatenate([first["slices/keys"], second["slices/keys"]])
    keys, place = np.unique(every, axis=0, return_inverse=True)
    sums = np.zeros((len(keys), len(SLICE)))
    sums[:, _SMALLER] = np.inf
    sums[:, _LARGER] = -np.inf
    start = 0
    for state in (first, second):
        mine = np.asarray(state["slices/sums"], dtype=np.float64)
        # A state holds a key once, so that plain indexing adds every row.
        at = place.reshape(-1)[start : start + len(mine)]
        start += len(mine)
        added = sums[at] + mine
        added[:, _SMALLER] = np.minimum(sums[at][:, _SMALLER], mine[:, _SMALLER])
        added[:, _LARGER] = np.maximum(sums[at][:, _LARGER], mine[:, _LARGER])
        sums[at] = added
    return keys, sums


def _of_statistics(state: State) -> dict[str, State]:
    """What a state holds of each statistic beside the fused pass."""
    found: dict[str, State] = {}
    for key, array in state.items():
        name = key.partition("/")[0]
        if name in STATISTICS:
            found.setdefault(name, {})[key] = array
    return found


def levels_of(state: State) -> tuple[int, ...]:
    """The folded levels that a state has seen."""
    return tuple(sorted({int(key.split("/")[1]) for key in state if key.startswith("counts/")}))


def level_part(state: State, level: int) -> State:
    """What a state holds about one level, apart from its slice table."""
    return {
        key: array
        for key, array in state.items()
        if not key.startswith("slices/") and key.split("/")[1] == str(level)
    }


def to_bytes(state: State) -> bytes:
    """The state as an npz file, which holds no pickled objects."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **state)
    return buffer.getvalue()


def from_bytes(stored: bytes) -> State:
    """The state that `to_bytes` gave.

    Raises
    ------
    MetricError
        If the bytes are no such file.
    """
    try:
        with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise MetricError(f"the stored state of the metrics is damaged: {error}") from error
