"""Edges of stretches of a record: what runs and five-day sums need where two stretches meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.annual.spells_of_part import WINDOW, add_days
from climcomp_metrics.annual.tables import at
from climcomp_metrics.base import State

_SIDE = WINDOW - 1


@dataclass(frozen=True, slots=True)
class Edges:
    """The two edges of a stretch of steps without a hole, at some cells.

    Parameters
    ----------
    start, stop
        Its steps, from the start of the record.
    follows, continues
        Whether its first step is the day after the step before, and in the same year too.
    years : (up to 4,)
        Of the first days.
    cells : (cells,)
        The sampled cells, ascending.
    head, tail, lead, trail
        As in `Spells`.
    """

    start: int
    stop: int
    follows: bool
    continues: bool
    years: NDArray[np.int64]
    cells: NDArray[np.int16]
    head: NDArray[np.floating]
    tail: NDArray[np.floating]
    lead: NDArray[np.int16]
    trail: NDArray[np.int16]

    def to_state(self) -> State:
        """Its arrays by keys that no other stretch of the same record has."""
        stem = f"edges/{self.start}/{self.cells[0]}/"
        told = [self.start, self.stop, self.follows, self.continues, *self.years]
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        return {f"{stem}{name}": array for name, array in arrays.items()} | {
            f"{stem}told": np.array(told, np.int64)
        }

    def at_cells(self, cells: NDArray[np.int16]) -> Edges:
        """The edges at some of its cells."""
        here = at(self.cells, cells)
        return replace(self, cells=cells, **{n: getattr(self, n)[..., here] for n in _ARRAYS[1:]})


_ARRAYS = ("cells", "head", "tail", "lead", "trail")


def edges_in(state: State) -> list[Edges]:
    """All edges in what a state holds of a level."""
    found = []
    for key in state:
        if key.endswith("/told"):
            stem = key.removesuffix("told")
            told = np.asarray(state[key], np.int64)
            start, stop, follows, continues = (int(number) for number in told[:4])
            arrays = {name: state[stem + name] for name in _ARRAYS}
            found.append(Edges(start, stop, bool(follows), bool(continues), told[4:], **arrays))  # type: ignore[arg-type]
    return found


def join_edges(edges: Iterable[Edges], table: State) -> list[Edges]:
    """Join stretches of the same cells that touch; what comes of it is entered in the table.

    Parameters
    ----------
    table
        `years`, `cells`, `sums` and `runs`, which are changed.
    """
    joined: list[Edges] = []
    for edge in sorted(edges, key=lambda edge: (edge.cells.tobytes(), edge.start)):
        if joined and _touch(joined[-1], edge):
            joined[-1] = _join(joined[-1], edge, table)
        else:
            joined.append(edge)
    return joined


def _touch(left: Edges, right: Edges) -> bool:
    return left.stop == right.start and np.array_equal(left.cells, right.cells)


def _join(left: Edges, right: Edges, table: State) -> Edges:
    years, cells = table["years"], at(table["cells"], left.cells)
    tail = left.tail if right.follows else np.full_like(left.tail, np.nan)
    head = right.head if right.follows else np.full_like(right.head, np.nan)
    # Windows are at most as long as both sides together hold; each holds days of both.
    days = np.concatenate([tail, head], axis=1)
    for first in range(days.shape[1] - WINDOW + 1):
        year = at(years, right.years[first + WINDOW - 1 - tail.shape[1]])
        _raise(table["sums"], (slice(None), year, cells), add_days(days[:, first : first + WINDOW]))
    lead, trail = left.lead, right.trail
    if right.continues:
        year = at(years, right.years[0])
        _raise(table["runs"], (slice(None), slice(None), year, cells), left.trail + right.lead)
        lead = np.where(lead == left.stop - left.start, lead + right.lead, lead)
        trail = np.where(trail == right.stop - right.start, trail + left.trail, trail)
    return Edges(
        left.start,
        right.stop,
        left.follows,
        left.continues,
        np.concatenate([left.years, right.years])[:_SIDE],
        left.cells,
        np.concatenate([left.head, head], axis=1)[:, :_SIDE],
        np.concatenate([tail, right.tail], axis=1)[:, -_SIDE:],
        lead,
        trail,
    )


def _raise(
    table: NDArray[np.generic], where: tuple[object, ...], values: NDArray[np.generic]
) -> None:
    """Raise entries of a table to values that are larger; NaN is never larger."""
    table[where] = np.fmax(table[where], values)  # type: ignore[index]


def close_edges(edges: list[Edges], table: State) -> None:
    """Join at every single cell what `join_edges` could not, since stretches had other cells."""
    if len({edge.cells.tobytes() for edge in edges}) < 2:
        return
    every = table["cells"]
    held = np.stack([np.isin(every, edge.cells) for edge in edges])
    kinds, kind = np.unique(held, axis=1, return_inverse=True)
    for number, column in enumerate(kinds.T):
        cells = every[kind.reshape(-1) == number].astype(np.int16)
        mine = [edge.at_cells(cells) for edge, here in zip(edges, column, strict=True) if here]
        join_edges(mine, table)
