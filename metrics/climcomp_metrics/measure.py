"""Measure a part of a variable: one fused pass that gives a mergeable state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp_metrics.base import State
from climcomp_metrics.bins import Bins
from climcomp_metrics.columns import CELL, FEWEST_TILE_CELLS, SLICE, TILE, TILE_SIZE, UNSEEN
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings, Place
from climcomp_metrics.level import FEWEST_TIMES
from climcomp_metrics.part import Part
from climcomp_metrics.physical import require_pair
from climcomp_metrics.statistics import applicable_statistics

SEGMENT = 1024
"""Columns done at a time: what is kept of them fits the first cache. A multiple of every tile."""


def measure(
    original: NDArray[np.floating],
    decoded: NDArray[np.floating],
    settings: FieldSettings,
    domain: Domain,
    place: Place,
) -> State:
    """The sums of a part of a variable, from every value that is finite in both.

    Parameters
    ----------
    original, decoded : (time, level, y, x)
        Of the same float32 or float64 and of `place.shape`, as `canonical` gives them.
    domain
        Of the whole variable.
    place
        Where the part sits. Any box will do; parts of one variable must not overlap.

    Raises
    ------
    MetricError
        If the arrays do not fit each other, the place or the settings, or a weight is negative or
        NaN.
    """
    require_pair(original, decoded, place.shape)
    ends = tuple(a + n for a, n in zip(place.start, place.shape, strict=True))
    if any(end > size for end, size in zip(ends, settings.shape, strict=True)):
        raise MetricError(
            f"{settings.variable}: the part {place.start} to {ends} reaches beyond {settings.shape}"
        )
    flags = _flags(original, settings)
    if flags is not None:
        original, decoded = original.copy(), decoded.copy()
        original[flags] = decoded[flags] = np.nan
    mine, weigh = _local_weights(domain.weights, settings, place)
    state: State = {}
    tables = []
    for k in range(place.shape[1] if original.size else 0):
        level = place.start[1] + k
        tables.append(
            _measure_level(state, original, decoded, k, level, settings, mine, weigh, place)
        )
    times = np.arange(place.shape[0]) + place.start[0]
    keys = [
        np.stack([times, np.full_like(times, place.start[1] + k)], 1) for k in range(len(tables))
    ]
    if tables:
        every = np.concatenate(keys)
        order = np.lexsort((every[:, 1], every[:, 0]))
        state["slices/keys"] = every[order]
        state["slices/sums"] = np.concatenate(tables)[order]
        part = Part(original, decoded, settings, domain, place)
        for statistic in applicable_statistics(settings, domain):
            state |= statistic.of(part)
    return state


def _flags(original: NDArray[np.floating], settings: FieldSettings) -> NDArray[np.bool_] | None:
    """Where special values stand: they are no data. Zero is data even where it is promised."""
    special = [value for value in settings.exact if value != 0]
    return np.isin(original, np.array(special, original.dtype)) if special else None


def _local_weights(
    weights: NDArray[np.float64] | None, settings: FieldSettings, place: Place
) -> tuple[NDArray[np.float64], int]:
    """The weights of the part, and how they vary: 0 none, 1 the same along a row, 2 by cell."""
    if weights is None:
        if settings.shape[2] * settings.shape[3] == 1:
            return np.ones((1, 1)), 1
        return np.zeros((1, 1)), 0
    if weights.shape != settings.shape[2:]:
        raise MetricError(
            f"{settings.variable}: weights of shape {weights.shape} for a grid {settings.shape[2:]}"
        )
    (_, _, y0, x0), (_, _, ny, nx) = place.start, place.shape
    mine = np.ascontiguousarray(weights[y0 : y0 + ny, x0 : x0 + nx], dtype=np.float64)
    if not (np.isfinite(mine) & (mine >= 0)).all():
        raise MetricError(f"{settings.variable}: area weights must be finite and not negative")
    same = bool((mine == mine[:, :1]).all())
    return (np.ascontiguousarray(mine[:, :1]), 1) if same else (mine, 2)


def _measure_level(
    state: State,
    original: NDArray[np.floating],
    decoded: NDArray[np.floating],
    k: int,
    level: int,
    settings: FieldSettings,
    weights: NDArray[np.float64],
    weigh: int,
    place: Place,
) -> NDArray[np.float64]:
    # numba takes a second to import, and plans and reports need none of it.
    from climcomp_metrics.kernels.fused import measure_level
    from climcomp_metrics.kernels.jit import read_only

    times, _, rows, columns = place.shape
    _, _, y0, x0 = place.start
    bins = settings.bins[level]
    one_row = settings.shape[2] == 1
    tile_rows, tile_columns = (1, TILE_SIZE**2) if one_row else (TILE_SIZE, TILE_SIZE)
    slices = np.zeros((times, len(SLICE)))
    slices[:, SLICE.index("least")] = UNSEEN
    slices[:, SLICE.index("most")] = -UNSEEN
    counts = np.zeros((3, bins.count + 1), np.int64)
    tails = np.zeros((bins.count + 1, 3))
    # Sums by cell weigh 52 bytes a cell, and only metrics that need time ask for them.
    by_cell = settings.shape[0] >= FEWEST_TIMES
    cells = (rows, columns) if by_cell else (0, 0)
    cell_count = np.zeros(cells, np.int32)
    cell_sums = np.zeros((len(CELL), *cells))
    maxima = np.full((2, *cells), -np.inf, original.dtype)
    tiles = np.zeros((len(TILE), -(-rows // tile_rows), -(-columns // tile_columns)))
    steps_x = np.zeros((2, columns))
    steps_y = np.zeros((2, rows))
    measure_level(
        read_only(original),
        read_only(decoded),
        k,
        bins.reference,
        weights,
        weigh,
        settings.horizontal is None,
        settings.periodic_x and columns == settings.shape[3],
        by_cell,
        _plain(bins),
        tile_rows,
        tile_columns,
        FEWEST_TILE_CELLS,
        SEGMENT,
        slices,
        counts,
        tails,
        cell_count,
        cell_sums,
        maxima,
        tiles,
        steps_x,
        steps_y,
    )
    region = f"{level}/{y0}-{y0 + rows}/{x0}-{x0 + columns}"
    counts[2, : bins.tail_high] = 0
    state[f"precision/{level}"] = np.array([np.finfo(original.dtype).eps], np.float64)
    state[f"counts/{level}"] = counts[:, : bins.count].copy()
    state[f"tails/{level}"] = np.concatenate(
        [tails[: bins.tail_low], tails[bins.tail_high : bins.count]]
    )
    if by_cell:
        state[f"cells/{region}/count"] = cell_count
        state[f"cells/{region}/sums"] = cell_sums
        state[f"cells/{region}/maxima"] = maxima
    state[f"tiles/{region}"] = tiles
    for axis, size, start, steps in (("x", 3, x0, steps_x), ("y", 2, y0, steps_y)):
        whole = np.zeros((2, settings.shape[size]))
        whole[:, start : start + steps.shape[1]] = steps
        state[f"steps_{axis}/{level}"] = whole
    return slices


def _plain(bins: Bins) -> tuple[int, float, float, int, int, int]:
    asinh = int(bins.scale == "asinh")
    return asinh, bins.low, 1.0 / bins.width, bins.count, bins.tail_low, bins.tail_high
