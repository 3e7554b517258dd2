"""Bounds from the real information in a variable's bits, for recipes that ask for a share of it.

The measure is fooled by values that were packed or rounded before, by values that stand for
something else, and by noise. So pairs of repeated values do not count, information that comes back
in lower bits does not, no level keeps more bits than its origin left, and an error check has the
last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.information import real_information
from climcomp.rounding import mantissa_bits, relative_error_of
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.origin import Origin
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.plan.trusted_bits import (
    bits_of_errors,
    trusted_bits,
    without_copies,
    without_repeated,
)
from climcomp_workflows.recipe.run_values import Information

SEASONS = {"DJF": (12, 1, 2), "MAM": (3, 4, 5), "JJA": (6, 7, 8), "SON": (9, 10, 11)}
EVERY_TIME = "all"

# Our own numbers. Of 1,000 values, chance shows 5e-3 bit in a position, too much to tell; of 30,000
# less than 2e-4, a thousandth of what fields have.
FEWEST, FEWEST_OF_SEASON = 1_000, 30_000
# The root mean square of the rounding errors stays below this share of sigma: the share of the
# table of bounds, there of the largest error. Rounding to mantissa bits makes its largest errors on
# the few largest values, so the table's bound itself would decide nearly always, and nothing would
# be left of the information. At this share errors add 1e-4 to the variance.
SIGMA_SHARE = 0.01
# Neighbours that differ by less than this share of sigma are copies of one value, and bits that
# change values by less are not worth keeping: a hundredth of what errors may be.
COPY_SHARE = 1e-4

Reason = Literal["information", "errors", "copies", "origin", "nothing"]


@dataclass(frozen=True, slots=True)
class Need:
    """Mantissa bits that a level keeps, what decided it, and the season that needed the most."""

    bits: int
    reason: Reason
    season: str


def information_bounds(
    sample: Sample,
    wanted: Information,
    levels: int,
    dtype: np.dtype[np.floating],
    *,
    months: NDArray[np.integer] | None = None,
    sigma: Sequence[float] | None = None,
    origin: Origin | None = None,
) -> tuple[LevelBounds, tuple[str, ...]]:
    """The relative bound of each level whose rounding keeps a share of its real information.

    The information is that of the sampled fields along their rows and columns (and in time where
    the whole record was sampled), season by season where months are known: the season that needs
    the most bits decides. Levels between sampled ones keep as many bits as the nearest.

    Parameters
    ----------
    months : (steps of the record,)
        Month numbers.
    sigma : (levels,)
        Standard deviations, for the check of the rounding errors; none is made where it is 0.
    origin
        What was done to the values before: no level keeps more bits than that left.

    Returns
    -------
    The bounds, and notes on levels where something else than information decided.

    Raises
    ------
    MissingExtraError
        If the recipe wants xbitinfo to compute it, and it is not installed.
    """
    groups = _seasons(sample, months)
    needs = []
    for position, level in enumerate(sample.levels):
        fields = without_repeated(sample.fields[:, position].astype(dtype, copy=False))
        spread = 0.0 if sigma is None else sigma[level]
        measured = fields if origin is not None else without_copies(fields, COPY_SHARE * spread)
        asked, season = _asked(measured, groups, sample.whole, wanted)
        needs.append(
            _need(
                asked,
                season,
                bits_of_errors(fields, SIGMA_SHARE * spread),
                bits_of_errors(fields, COPY_SHARE * spread),
                None if origin is None else origin.bits[position],
                mantissa_bits(dtype),
            )
        )
    keepbits = [needs[n].bits for n in sample.nearest(levels)]
    bounds = tuple(ErrorBound("pointwise_relative", relative_error_of(k)) for k in keepbits)
    text = f"{100 * wanted.share:g} % of the real information: {_span(keepbits)} mantissa bits"
    return LevelBounds(bounds, text, "quality: information"), _notes(needs)


def _seasons(sample: Sample, months: NDArray[np.integer] | None) -> dict[str, NDArray[np.intp]]:
    """Positions in the sample of each season's steps; all of them where months are not known."""
    every = np.arange(len(sample.fields))
    if months is None:
        return {EVERY_TIME: every}
    of_sample = months[list(sample.times)]
    found = {name: every[np.isin(of_sample, three)] for name, three in SEASONS.items()}
    return {name: steps for name, steps in found.items() if steps.size}


def _asked(
    fields: NDArray[np.floating],
    groups: dict[str, NDArray[np.intp]],
    whole: bool,
    wanted: Information,
) -> tuple[int | None, str]:
    """Bits that information asks for in the season that needs the most, and that season.

    Seasons of few values are judged together; None where there are too few values in all.
    """
    used = np.count_nonzero(np.isfinite(fields) & (fields != 0), axis=(1, 2))
    parts = {n: steps for n, steps in groups.items() if used[steps].sum() >= FEWEST_OF_SEASON}
    if len(parts) < len(groups) or len(groups) == 1:
        parts = {EVERY_TIME: np.arange(len(fields))}
    axes = (0, 1, 2) if whole else (1, 2)
    most, decided = None, EVERY_TIME
    if used.sum() < FEWEST:
        return most, decided
    for name, steps in parts.items():
        part = fields if name == EVERY_TIME else fields[steps]
        bits = trusted_bits(real_information(part, axes, engine=wanted.engine), wanted.share)
        if bits is not None and (most is None or bits > most):
            most, decided = bits, name
    return most, decided


def _need(
    asked: int | None,
    season: str,
    least: int | None,
    most: int | None,
    of_origin: int | None,
    stored: int,
) -> Need:
    """What information asks for, within what errors ask for and allow, and what there is."""
    if least is not None and (asked is None or least > asked):
        found = Need(least, "errors", season)
    elif asked is None:
        found = Need(stored, "nothing", season)
    elif most is not None and asked > most:
        found = Need(most, "copies", season)
    else:
        found = Need(asked, "information", season)
    if of_origin is not None and of_origin < found.bits:
        return Need(of_origin, "origin", season)
    return found


def _notes(needs: list[Need]) -> tuple[str, ...]:
    """What decided on the levels where it was not information alone, and which season did."""
    words = {
        "errors": f"so that rounding errors stay below {SIGMA_SHARE:g} sigma (root mean square), "
        "for which information alone asks too few",
        "copies": f"beyond which rounding changes less than {COPY_SHARE:g} sigma: neighbours that "
        "are nearly copies seem to tell more",
        "origin": "which is all that the origin of the values left",
        "nothing": "all there are: neither information nor sigma tells one from another",
    }
    notes = []
    for reason, why in words.items():
        bits = [need.bits for need in needs if need.reason == reason]
        if bits:
            where = "" if len(needs) == 1 else f" on {len(bits)} of {len(needs)} sampled levels"
            notes.append(f"{_span(bits)} mantissa bits are kept{where}, {why}")
    seasons = [n.season for n in needs if n.reason == "information" and n.season != EVERY_TIME]
    if seasons:
        named = ", ".join(name for name in SEASONS if name in seasons)
        notes.append(f"the season that needs the most bits decides: {named}")
    return tuple(notes)


def _span(bits: Sequence[int]) -> str:
    low, high = min(bits), max(bits)
    return f"{low}" if low == high else f"{low} to {high}"
