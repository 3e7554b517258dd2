"""Tables of years and cells, and tables of cells alone: parts of a record join to their union."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State

Combine = Callable[..., Any]  # Any: NumPy's functions of two arrays have no common type


def group_levels(state: State) -> dict[str, State]:
    """What a statistic's state holds of each level: stem "name/level/" to the rest of the keys."""
    levels: dict[str, State] = {}
    for key, array in state.items():
        name, level, rest = key.split("/", 2)
        levels.setdefault(f"{name}/{level}/", {})[rest] = array
    return levels


def join_tables(
    first: State, second: State, axes: tuple[str, ...], columns: Mapping[str, tuple[Combine, float]]
) -> State:
    """A table that has the rows and cells of both; neither is changed.

    Parameters
    ----------
    axes
        The keys that label a table's last axes, each ascending: ("years", "cells").
    columns
        Of every other key, how two values become one, and what stands where none is.
    """
    labels = [np.union1d(first[axis], second[axis]) for axis in axes]
    joined: State = dict(zip(axes, labels, strict=True))
    for name, (combine, nothing) in columns.items():
        if name not in first:
            continue
        mine, other = first[name], second[name]
        lead = mine.shape[: mine.ndim - len(axes)]
        kind = np.result_type(mine, other)
        whole = np.full((*lead, *(label.size for label in labels)), nothing, kind)
        for part, table in ((first, mine), (second, other)):
            places = (at(label, part[axis]) for label, axis in zip(labels, axes, strict=True))
            where: tuple[Any, ...] = (Ellipsis, *np.ix_(*places))  # Any: NumPy has no type for it
            whole[where] = combine(whole[where], table)
        joined[name] = whole
    return joined


def at(labels: NDArray[np.generic], wanted: NDArray[np.generic]) -> NDArray[np.intp]:
    """Where labels stand among ascending ones that hold them all."""
    return np.searchsorted(labels, wanted)
