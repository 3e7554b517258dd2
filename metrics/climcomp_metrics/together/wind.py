"""Vorticity and divergence of a pair of winds (T5): METRICS, "Structure"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from climcomp.source.area import EARTH_RADIUS_M
from climcomp_metrics.base import State, Value
from climcomp_metrics.together import sums
from climcomp_metrics.together.gradients import (
    CURL,
    CURL_ERROR,
    SPREAD,
    SPREAD_ERROR,
    WEIGHT,
    WIND_SUMS,
    SphereGrid,
    sphere_grid,
)
from climcomp_metrics.together.model import Group, GroupPart, Member
from climcomp_metrics.together.wind_pairs import find_winds, same_speed_unit

NEAREST_POLE = 85.0
"""METRICS: nearer to a pole the columns close up and differences along them are all noise."""
_ROUNDING = float(np.finfo(np.float32).eps) / 2.0


class WindDerivatives:
    """Rms error of vorticity and divergence over their rms, where abs(lat) < 85 (T5).

    Notes
    -----
    vorticity = (d v/d lon - d(u cos lat)/d lat) / (a cos lat),
    divergence = (d u/d lon + d(v cos lat)/d lat) / (a cos lat), in s-1, by centred differences
    over two cells; d/d lat is taken in sin lat (`gradients.sphere_grid`). Rms over all measured
    times and the area of a level; the worst level counts. Source: the definitions in spherical
    coordinates, Holton, An Introduction to Dynamic Meteorology, 4.3; limits METRICS.
    """

    name: ClassVar[str] = "wind"
    criteria: ClassVar[tuple[str, ...]] = ("T5-vorticity", "T5-divergence")
    by_level: ClassVar[bool] = True

    def find(self, members: Sequence[Member]) -> list[Group]:
        """Eastward and northward winds, or currents, on the same dimensions."""
        return find_winds(self.name, members)

    def stride(self, steps: int) -> int:
        """Every 8th step, at least 32."""
        return sums.derived_stride(steps)

    def of(self, group: Group, part: GroupPart) -> State:
        """Sums of squares of each level, and the worst time step of each."""
        grid = sphere_grid(part.domain)
        if isinstance(grid, str):
            return sums.lacking(grid)
        factor = same_speed_unit(group, part)
        if isinstance(factor, str):
            return sums.lacking(factor)
        return sums.begin(part) | _measure(part, grid, factor)

    def merge(self, first: State, second: State) -> State:
        """The sums of both parts."""
        return sums.merge(first, second)

    def values(self, group: Group, state: State) -> list[Value]:
        """The worst level of each."""
        return [
            _value(state, criterion, square, error, worst)
            for criterion, square, error, worst in (
                ("T5-vorticity", CURL, CURL_ERROR, "worst/vorticity"),
                ("T5-divergence", SPREAD, SPREAD_ERROR, "worst/divergence"),
            )
        ]


def _measure(part: GroupPart, grid: SphereGrid, factor: float) -> State:
    # numba takes a second to import, and plans and reports need none of it.
    from climcomp_metrics.kernels.jit import read_only
    from climcomp_metrics.together.loops import wind_sums

    u, v = part.original["u"], part.original["v"]
    u_after, v_after = part.decoded["u"], part.decoded["v"]
    band = grid.band(0.0, NEAREST_POLE)
    weights = read_only(grid.weights)
    levels = u.shape[1]
    added = np.zeros((levels, WIND_SUMS))
    worst = np.full((2, levels, 2), -np.inf)
    for k in range(levels):
        for i, time in enumerate(sums.time_steps(part)):
            one = np.zeros(WIND_SUMS)
            wind_sums(
                read_only(u[i, k]), read_only(v[i, k]),
                read_only(u_after[i, k]), read_only(v_after[i, k]),
                band, grid.cosine, grid.by_row, grid.by_column, grid.periodic, weights, one,
            )  # fmt: skip
            added[k] += one
            if not one[WEIGHT] > 0:
                continue
            for row, column in ((0, CURL_ERROR), (1, SPREAD_ERROR)):
                wrong = one[column] / one[WEIGHT]
                if wrong > worst[row, k, 0]:
                    worst[row, k] = wrong, time
    size = np.array([max(_largest(u[:, k]), _largest(v[:, k])) for k in range(levels)])
    # What rounding of float32 winds makes of a centred difference over two rows.
    spacing = EARTH_RADIUS_M * np.deg2rad(float(np.median(np.abs(np.diff(grid.lat)))))
    return {
        "sum/squares": added * np.array([1.0, *[factor**2] * 4]),
        "worst/vorticity": worst[0],
        "worst/divergence": worst[1],
        "most/rounding": size * factor * _ROUNDING / spacing,
    }


def _largest(wind: NDArray[np.float64]) -> float:
    finite = wind[np.isfinite(wind)]
    return float(np.abs(finite).max()) if finite.size else 0.0


def _value(state: State, criterion: str, square: int, error: int, worst: str) -> Value:
    if "sum/squares" not in state:
        return sums.without(criterion, "1", sums.reason_for_nothing(state, "nothing was measured"))
    sampled = sums.sampled_in_words(state)
    table, floor = sums.numbers(state, "sum/squares"), sums.numbers(state, "most/rounding")
    ratios: dict[int, float] = {}
    reason = "no cell has four neighbours with both winds"
    for level, row in enumerate(table):
        if not row[0] > 0:
            continue
        rms, wrong = math.sqrt(row[square] / row[0]), math.sqrt(row[error] / row[0])
        if wrong == 0.0:
            ratios[level] = 0.0
        elif rms > floor[level]:
            ratios[level] = wrong / rms
        else:
            reason = "it is under the rounding of the winds"
    if not ratios:
        return sums.without(criterion, "1", reason, sampled)
    level = max(ratios, key=lambda k: ratios[k])
    step = sums.numbers(state, worst)[level, 1]
    return Value(
        criterion,
        level if len(table) > 1 else None,
        ratios[level],
        "1",
        time=int(step) if math.isfinite(step) and ratios[level] > 0 else None,
        place=sums.level_name(state, level),
        detail={"rms": math.sqrt(table[level, square] / table[level, 0])},
        sampled=sampled,
    )
