"""Bjontegaard-delta rate: how much more or less one codec takes than another at equal quality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp_workflows.bench.pchip import integral

FEWEST_POINTS = 4  # Bjontegaard's fit has four; fewer say nothing of a curve


@dataclass(frozen=True, slots=True)
class RateCurve:
    """The points of a codec in any order: bits per value, and a quality in decibels of each."""

    label: str
    rates: tuple[float, ...]
    qualities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RateDelta:
    """The mean difference in rate of one codec from another at equal quality.

    Parameters
    ----------
    tested, anchor
        The labels of their curves.
    quality
        What is equal: "psnr_db" or "largest_error_db".
    percent
        (rate of tested / rate of anchor - 1) * 100: negative where the tested one takes less. None
        where there is no such number; `reason` then says why.
    low, high
        The range of quality that both reach, over which the mean is taken.
    notes
        Points that were left out, and why.
    """

    tested: str
    anchor: str
    quality: str
    percent: float | None
    low: float | None
    high: float | None
    reason: str = ""
    notes: tuple[str, ...] = ()


def rate_delta(tested: RateCurve, anchor: RateCurve, quality: str) -> RateDelta:
    """The Bjontegaard-delta rate of one curve against another.

    Notes
    -----
    With r(q) the natural logarithm of the rate as a function of the quality q, interpolated
    piecewise cubically through the points, and [low, high] the qualities that both curves reach:

        percent = 100 (exp(1 / (high - low) * integral of r_tested(q) - r_anchor(q)) - 1)

    Source: Bjontegaard 2001 (VCEG-M33), who fits one cubic through four points. The interpolation
    is that of JVET's common test conditions (JVET-T2010), which curves of any number of points can
    have; Barman, Martini and Reznik ("Bjontegaard Delta (BD): A Tutorial Overview of the Metric,
    Evolution, Challenges, and Recommendations") compare both.

    An interpolation needs rates that grow with quality. A point that another one beats or equals in
    both is left out and counted in `notes`; so is a point without error, whose quality is infinite.
    Ours: curves of fewer than four points that are left, or without a common range, have no number.
    """
    notes: list[str] = []
    fronts = [_front(curve, notes) for curve in (tested, anchor)]

    def without(reason: str) -> RateDelta:
        names = tested.label, anchor.label
        return RateDelta(*names, quality, None, None, None, reason, tuple(notes))

    for curve, (q, _) in zip((tested, anchor), fronts, strict=True):
        if q.size < FEWEST_POINTS:
            return without(
                f"{curve.label} has {q.size} usable points, {FEWEST_POINTS} are needed: "
                f"try more bounds"
            )
    (q_tested, r_tested), (q_anchor, r_anchor) = fronts
    low = float(max(q_tested[0], q_anchor[0]))
    high = float(min(q_tested[-1], q_anchor[-1]))
    if not high > low:
        return without(
            f"they share no quality: {tested.label} reaches {q_tested[0]:.1f} to "
            f"{q_tested[-1]:.1f} dB, {anchor.label} {q_anchor[0]:.1f} to {q_anchor[-1]:.1f} dB"
        )
    difference = integral(q_tested, r_tested, low, high) - integral(q_anchor, r_anchor, low, high)
    percent = 100.0 * math.expm1(difference / (high - low))
    return RateDelta(tested.label, anchor.label, quality, percent, low, high, notes=tuple(notes))


def _front(curve: RateCurve, notes: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Qualities and logarithms of rates of the points that no other beats, both increasing."""
    points = [
        (q, r)
        for q, r in zip(curve.qualities, curve.rates, strict=True)
        if math.isfinite(q) and math.isfinite(r) and r > 0
    ]
    endless = len(curve.rates) - len(points)
    if endless:
        notes.append(f"{curve.label}: {endless} without a finite quality left out")
    kept: list[tuple[float, float]] = []
    # From the best quality down; of equal ones the smallest comes first.
    for q, r in sorted(points, key=lambda point: (-point[0], point[1])):
        if not kept or (q < kept[-1][0] and r < kept[-1][1]):
            kept.append((q, r))
    if len(kept) < len(points):
        notes.append(
            f"{curve.label}: {len(points) - len(kept)} of {len(points)} left out, another is as "
            f"good or better in both rate and quality"
        )
    kept.reverse()
    return (
        np.array([q for q, _ in kept], np.float64),
        np.log(np.array([r for _, r in kept], np.float64)),
    )


def all_deltas(curves: Sequence[RateCurve], quality: str) -> tuple[RateDelta, ...]:
    """Every curve against every other."""
    return tuple(
        rate_delta(tested, anchor, quality)
        for anchor in curves
        for tested in curves
        if tested is not anchor
    )
