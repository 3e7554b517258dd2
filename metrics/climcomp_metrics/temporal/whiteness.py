"""Whether errors know of their neighbours: METRICS, P10."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import above_rounding, first_reason
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part, sampled_in_words, stride
from climcomp_metrics.statistics import find_statistic, merge_sums
from climcomp_metrics.temporal.chosen import cells_of, region_of, series_of
from climcomp_metrics.temporal.intervals import join, one_stretch

STRIDE = 8
"""Slices for the correlations in space: METRICS samples spectra likewise."""

CELLS = 1024
"""Stratified cells for the correlation in time: a record of 30 steps gives 30,000 pairs."""

FEWEST_PAIRS = 100
"""A correlation of fewer pairs is nothing but chance."""

SPACE = ("n", "e", "ee", "pairs_x", "both_x", "e_e_x", "pairs_y", "both_y", "e_e_y")
"""Errors that are finite, their sum and sum of squares; pairs of neighbours along x and y, the sums
of both errors in them, and of their products."""

TIME = ("n", "e", "ee", "pairs", "both", "e_e")

_ROWS = 64
"""Rows done at a time, so that what is made of them stays in the cache."""

Floats = NDArray[np.float64]


class Whiteness:
    """Sums over errors and over pairs of neighbours among them; lives as long as the process.

    Its keys: `whiteness/level/space` (9,) of every eighth slice as `SPACE`, and for stratified
    cells of each region `whiteness/level/y0-y1/x0-x1/time` (6,) as `TIME`, with `stretches` and
    `ends` as `intervals` has them. Pairs across a cut of the grid are not seen.
    """

    name: ClassVar[str] = "whiteness"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """A variable with one step and without rows and columns has no neighbours."""
        if settings.shape[0] > 1 or settings.horizontal is None:
            return ""
        return f"one time step, and no horizontal neighbours: {settings.horizontal}"

    def of(self, part: Part) -> State:
        """The sums of each level of the part."""
        state: State = {}
        with np.errstate(over="ignore", invalid="ignore"):
            for k, level in enumerate(part.levels()):
                if part.settings.horizontal is None:
                    state[f"{self.name}/{level}/space"] = _sums_in_space(part, k)
                if part.settings.shape[0] > 1:
                    stem = f"{self.name}/{level}/{region_of(part)}"
                    found = _sums_in_time(part, k)
                    state |= {f"{stem}/{name}": array for name, array in found.items()}
        return state

    def merge(self, first: State, second: State) -> State:
        """Sums add up; where parts meet in time their ends give further pairs."""

        def sums(state: State) -> State:
            return {k: v for k, v in state.items() if not k.endswith(("/stretches", "/ends"))}

        merged = {**first, **second, **merge_sums(sums(first), sums(second))}
        for key in first.keys() & second.keys():
            if not key.endswith("/stretches"):
                continue
            stem = key.removesuffix("/stretches")
            table, ends, seams = join(
                [np.asarray(state[key], np.int64) for state in (first, second)],
                [np.asarray(state[f"{stem}/ends"], np.float64) for state in (first, second)],
            )
            merged[key], merged[f"{stem}/ends"] = table, ends
            met = np.array([0.0, 0.0, 0.0, *_pairs(seams.before, seams.after)])
            merged[f"{stem}/time"] = np.asarray(merged[f"{stem}/time"], np.float64) + met
        return merged


class ErrorWhiteness:
    """Largest abs(lag-1 correlation of e) along x, y and time, all of them as detail (P10).

    Mean product of neighbours' deviations from the mean error, over the mean squared deviation: of
    neighbouring cells in every eighth slice, and of neighbouring steps in at most 1,024 cells.
    White errors have none; codecs that smooth or work in blocks, and biases that stay where they
    are, have. Source: Z-checker (Tao et al. 2019).
    """

    id: ClassVar[str] = "P10"
    unit: ClassVar[str] = "1"

    def value(self, level: Level) -> Value:
        """The worst direction of this level."""
        reason = first_reason(level) or find_statistic("whiteness").lacks(
            level.settings, level.domain
        )
        if reason:
            return level.without(self.id, self.unit, reason)
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit)
        found: dict[str, float] = {}
        counts: dict[str, float] = {}
        for direction, sums in _by_direction(level).items():
            n, e, ee, pairs, both, products = (float(number) for number in sums)
            mean = e / max(n, 1.0)
            variance = max(ee / max(n, 1.0) - mean**2, 0.0)
            spread = above_rounding(level, math.sqrt(variance), "the spread of the errors")
            if pairs >= FEWEST_PAIRS and spread is None:
                # Ends have one neighbour only, so that the mean over pairs is not quite the mean.
                found[direction] = (products - mean * both + pairs * mean**2) / pairs / variance
                counts[direction] = pairs
        if not found:
            why = f"no direction has {FEWEST_PAIRS} neighbouring errors that differ"
            return level.without(self.id, self.unit, why)
        worst = max(found, key=lambda direction: abs(found[direction]))
        return level.of(
            self.id,
            abs(found[worst]),
            self.unit,
            place=f"along {worst}",
            detail={f"along {direction}": r for direction, r in found.items()},
            error=counts[worst] ** -0.5,
            sampled=sampled_in_words(level.settings, "whiteness", STRIDE),
        )


def _by_direction(level: Level) -> dict[str, Floats]:
    """(6,) the sums of `TIME` along each direction that was looked at."""
    found: dict[str, Floats] = {}
    for key, array in level.sums_of("whiteness").items():
        sums = np.asarray(array, np.float64)
        if key == "space":
            found |= {"x": sums[[0, 1, 2, 3, 4, 5]], "y": sums[[0, 1, 2, 6, 7, 8]]}
        elif key.endswith("/time"):
            found["time"] = found.get("time", np.zeros(len(TIME))) + sums
    return found


def _sums_in_space(part: Part, k: int) -> Floats:
    step = stride(part.settings, Whiteness.name, STRIDE)
    level = part.levels()[k]
    sums = np.zeros(len(SPACE))
    rows = part.place.shape[2]
    for t in np.flatnonzero((part.times() + level) % step == 0):
        for first in range(0, rows, _ROWS):
            # One row more, for the pairs that lead into the next block.
            some = slice(first, min(first + _ROWS + 1, rows))
            e = part.decoded[t, k, some].astype(np.float64)
            e -= part.original[t, k, some]
            own = e[:_ROWS]
            pairs = (*_pairs(own[:, :-1], own[:, 1:]), *_pairs(e[:-1], e[1:]))
            sums += (*_moments(own), *pairs)
    return sums


def _sums_in_time(part: Part, k: int) -> State:
    cells = cells_of(part, CELLS)
    if cells.size == 0 or part.place.shape[0] == 0:
        return {}
    series = series_of(part, k, cells)
    e = np.concatenate([np.where(some.valid, some.e, np.nan) for some in series], axis=1)
    labels = np.zeros(len(e), np.int64)
    table, ends = one_stretch(part.place.start[0], labels, e[:, None])
    sums = np.array([*_moments(e), *_pairs(e[:-1], e[1:])])
    return {"time": sums, "stretches": table, "ends": ends}


def _moments(e: Floats) -> tuple[float, float, float]:
    """How many are finite, their sum, and that of their squares."""
    total = float(e.sum())
    # One sum tells of any NaN or infinity, which are rare.
    if not math.isfinite(total):
        e = e[np.isfinite(e)]
        total = float(e.sum())
    return float(e.size), total, float(np.vdot(e, e))


def _pairs(a: Floats, b: Floats) -> tuple[float, float, float]:
    """How many pairs are finite, the sum of both in them, and that of their products."""
    total = float(a.sum() + b.sum())
    if math.isfinite(total):
        letters = "abc"[: a.ndim]
        return float(a.size), total, float(np.einsum(f"{letters},{letters}->", a, b))
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    return float(a.size), float(a.sum() + b.sum()), float(np.vdot(a, b))
