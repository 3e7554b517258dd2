"""Stretches of a record whose ends wait for their neighbours, so that parts merge in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

START, END, FIRST, LAST = range(4)
"""Columns of the table: the first step, the step after the last, and a label of each end."""


@dataclass(frozen=True, slots=True)
class Seams:
    """Neighbouring steps that came together when stretches met.

    Parameters
    ----------
    labels : (seams, 2)
        Of the step before and the step after each seam.
    before, after : (seams, quantities, cells)
        Their values; NaN where nothing is valid.
    """

    labels: NDArray[np.int64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]


def one_stretch(
    start: int, labels: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The table and the ends of one stretch.

    Parameters
    ----------
    start
        Its first step, counted from the start of the record.
    labels : (time,)
        Whatever a seam must know of a step.
    values : (time, quantities, cells)
        One step at least; only the first and the last are kept.

    Returns
    -------
    table : (1, 4), ends : (1, 2, quantities, cells)
    """
    table = np.array([[start, start + len(labels), labels[0], labels[-1]]], np.int64)
    return table, np.stack([values[0], values[-1]])[None]


def join(
    tables: list[NDArray[np.int64]], ends: list[NDArray[np.float64]]
) -> tuple[NDArray[np.int64], NDArray[np.float64], Seams]:
    """Stretches put together where one begins as another ends; ends that met are dropped.

    Parameters
    ----------
    tables : each (stretches, 4)
    ends : each (stretches, 2, quantities, cells)
        Values at the first and the last step of each stretch, in the order of its table.
    """
    table, values = np.concatenate(tables), np.concatenate(ends)
    order = np.argsort(table[:, START], kind="stable")
    table, values = table[order], values[order]
    meets = table[1:, START] == table[:-1, END]
    seams = Seams(
        np.stack([table[:-1, LAST], table[1:, FIRST]], axis=1)[meets],
        values[:-1, 1][meets],
        values[1:, 0][meets],
    )
    first = np.flatnonzero(np.concatenate([[True], ~meets]))
    last = np.append(first[1:] - 1, len(table) - 1)
    joined = table[first]
    joined[:, [END, LAST]] = table[last][:, [END, LAST]]
    return joined, np.stack([values[first, 0], values[last, 1]], axis=1), seams
