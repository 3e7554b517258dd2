"""The bound of each level of a variable: from the recipe, or from the table of defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.errors import BoundError, RecipeError
from climcomp_workflows.bound_text import ResolvedBound, resolve_bound
from climcomp_workflows.classes import DefaultBound
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.level_values import LevelValues
from climcomp_workflows.recipe import VariableSettings


@dataclass(frozen=True, slots=True)
class LevelRange:
    """What the sample says of one level: its least, greatest and largest absolute value."""

    low: float
    high: float

    @property
    def largest(self) -> float:
        """The largest absolute value."""
        return max(abs(self.low), abs(self.high))


def level_ranges(fields: NDArray[np.floating]) -> tuple[LevelRange | None, ...]:
    """Of each level of (times, levels, y, x), its range over finite values; None if it has none."""
    ranges: list[LevelRange | None] = []
    for level in range(fields.shape[1]):
        values = fields[:, level]
        finite = np.isfinite(values)
        low = float(values.min(initial=np.inf, where=finite))
        high = float(values.max(initial=-np.inf, where=finite))
        ranges.append(LevelRange(low, high) if low <= high else None)
    return tuple(ranges)


def resolved_bound(settings: VariableSettings, attributes: Mapping[str, object]) -> ResolvedBound:
    """The bound that the recipe gives, in the unit of the variable.

    Raises
    ------
    RecipeError
        If its unit is not one of the variable's kind.
    """
    assert settings.bound is not None
    units, standard_name = attributes.get("units"), attributes.get("standard_name")
    try:
        return resolve_bound(
            settings.bound,
            str(units) if units else None,
            standard_name if isinstance(standard_name, str) else None,
        )
    except BoundError as error:
        raise RecipeError(
            f"{settings.origins['bound']}: bound of {settings.name}: {error}"
        ) from error


def values_of_levels(
    settings: VariableSettings, levels: LevelValues | str
) -> tuple[float, ...] | None:
    """The value of each folded level's bound, as written; None where one bound is for all.

    Parameters
    ----------
    levels
        Those of the variable, or why it has none.

    Raises
    ------
    RecipeError
        If the variable has no levels, none of a value that the recipe names, or more than it names.
    """
    assert settings.bound is not None
    by_level = dict(settings.bound.by_level)
    if not by_level:
        return None
    where = f"{settings.origins['bound']}: bound of {settings.name}"
    if isinstance(levels, str):
        raise RecipeError(
            f"{where} is given by level, but {levels}: give it one bound, such as "
            f'"{settings.bound.text.partition(": ")[2].partition(",")[0]}"'
        )
    told = f"{levels.name}: {', '.join(f'{value:g}' for value in levels.values)} {levels.unit}"
    known: dict[int, float] = {}
    for level, value in by_level.items():
        if level is None:
            continue
        at = [n for n, v in enumerate(levels.values) if math.isclose(v, level, rel_tol=1e-6)]
        if not at:
            raise RecipeError(f"{where}: it has no level {level:g} ({told.strip()})")
        known |= dict.fromkeys(at, value)
    missing = [f"{v:g}" for n, v in enumerate(levels.values) if n not in known]
    if missing and None not in by_level:
        raise RecipeError(
            f'{where}: levels {", ".join(missing)} have none; name them, or give "*" for all others'
        )
    others = by_level.get(None, settings.bound.value)
    return tuple(known.get(n, others) for n in levels.of_folded)


def recipe_bounds(
    settings: VariableSettings,
    attributes: Mapping[str, object],
    ranges: tuple[LevelRange | None, ...],
    levels: LevelValues | str = "",
) -> tuple[LevelBounds, tuple[str, ...]]:
    """The bound that the recipe gives, on every level, with notes for the plan.

    Parameters
    ----------
    levels
        Those of the variable, or why it has none.

    Raises
    ------
    RecipeError
        If its unit is not one of the variable's kind, or it cannot be told for this variable.
    """
    assert settings.bound is not None
    origin = settings.origins["bound"]
    resolved = resolved_bound(settings, attributes)
    notes = () if resolved.note is None else (resolved.note,)
    bound = resolved.bound
    factor = bound.value / settings.bound.value  # from the unit written to the variable's
    written = values_of_levels(settings, levels)
    if written is None:
        every = (bound,) * len(ranges)
    else:
        every = tuple(ErrorBound(bound.kind, factor * value) for value in written)
    if bound.kind != "range_relative":
        return LevelBounds(every, settings.bound.text, origin), notes
    known = [r.high - r.low for r in ranges if r is not None and r.high > r.low]
    if not known:
        raise RecipeError(
            f"{origin}: bound of {settings.name}: {settings.bound.text!r} needs a range of values, "
            f"and the sample has none; give an absolute bound"
        )
    absolute = tuple(
        ErrorBound(
            "absolute",
            of_range.value * (r.high - r.low if r is not None and r.high > r.low else min(known)),
        )
        for r, of_range in zip(ranges, every, strict=True)
    )
    return LevelBounds(absolute, settings.bound.text, origin), notes


def default_bounds(
    default: DefaultBound, sigma: tuple[float, ...], ranges: tuple[LevelRange | None, ...]
) -> LevelBounds:
    """The bound of the table, with shares of sigma made numbers on every level.

    Where the table names a share of each value and a share of sigma, the tighter of both holds on
    every value of a level if the relative bound is not above the sigma bound over the level's
    largest value.
    """
    bounds: list[ErrorBound] = []
    usable = [s for s in sigma if math.isfinite(s) and s > 0]
    for level_sigma, level_range in zip(sigma, ranges, strict=True):
        good = math.isfinite(level_sigma) and level_sigma > 0
        # A level without variation of its own takes the least bound of the others.
        of_sigma = (default.sigma_share or 0.0) * (level_sigma if good else min(usable))
        if default.relative is not None:
            relative = default.relative
            if default.sigma_share is not None and level_range is not None and level_range.largest:
                relative = min(relative, of_sigma / level_range.largest)
            bounds.append(ErrorBound("pointwise_relative", relative))
        elif default.absolute is not None:
            value = default.absolute if not of_sigma else min(default.absolute, of_sigma)
            bounds.append(ErrorBound("absolute", value))
        else:
            bounds.append(ErrorBound("absolute", of_sigma))
    return LevelBounds(tuple(bounds), default.text, "METRICS: default bounds by variable")


def below_spacing(
    bounds: LevelBounds, ranges: tuple[LevelRange | None, ...], dtype: np.dtype[np.floating]
) -> str | None:
    """Why only lossless coding keeps these bounds, or None: a bound under the spacing of floats."""
    for level, (bound, level_range) in enumerate(zip(bounds.bounds, ranges, strict=True)):
        if level_range is None:
            continue
        if bound.kind == "pointwise_relative":
            if bound.value < float(np.finfo(dtype).eps) / 2:
                return f"{bound.value:.3g} of each value is below the precision of {dtype}"
            continue
        spacing = float(np.spacing(dtype.type(level_range.largest)))
        if bound.value < spacing:
            return (
                f"a bound of {bound.value:.3g} is below the spacing {spacing:.3g} of {dtype} "
                f"values of {level_range.largest:.6g} (level {level})"
            )
    return None
