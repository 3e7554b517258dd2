"""What the sampled values of a variable say: its class, standard deviation, ranges and bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import BoundError, RecipeError
from climcomp_metrics.field import Axes
from climcomp_metrics.sigma import estimate_sigma
from climcomp_workflows.classes import SampleStats, classify, default_bound, sample_stats
from climcomp_workflows.plan.fields import ranges_of_all, sigma_of_all
from climcomp_workflows.plan.information import information_bounds
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.level_bounds import (
    LevelRange,
    below_spacing,
    default_bounds,
    level_ranges,
    recipe_bounds,
)
from climcomp_workflows.plan.level_values import level_values
from climcomp_workflows.plan.lossless import named_exactly
from climcomp_workflows.plan.origin import Origin, find_origin
from climcomp_workflows.plan.sample import Sample, read_sample
from climcomp_workflows.plan.subject import Findings, Subject, axes_of
from climcomp_workflows.recipe import Recipe, VariableSettings
from climcomp_workflows.recipe.run_values import Information

Range = tuple[float, float]

# Values that go into the means and medians by which a variable is classified, and values of a level
# that go into its standard deviation: our own numbers. More would change neither by a per mille,
# and the double precision copies that they need would be several times the sample.
CLASS_VALUES = 1 << 21
SIGMA_VALUES = 1 << 22


class EveryBit(Exception):
    """A variable that is being planned turns out to need every bit; `plan_lossy` catches it."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the sample of a variable says of it; `sigma` and `ranges` have every level."""

    sample: Sample
    axes: Axes
    masked: bool
    kind: Literal["C", "P", "B"]
    reason: str  # why it is of this class
    valid_range: Range | None
    sigma: tuple[float, ...]
    sigma_method: str
    ranges: tuple[LevelRange | None, ...]
    origin: Origin | None  # what was done to the values before, where it shows


def survey(subject: Subject, findings: Findings) -> Survey:
    """Read the sample of a variable and look at it.

    Raises
    ------
    EveryBit
        If no value varies, sigma is undefined, or the values are those of a lossless class.
    RecipeError
        If the recipe itself gives a variable of a lossless class a bound.
    """
    variable, settings = subject.variable, subject.settings
    axes = axes_of(variable)
    levels = axes.shape(variable.shape)[1]
    sample = read_sample(subject.dataset.source, variable, axes, subject.months)
    masked = bool(np.isnan(sample.fields).any())
    _take_out(sample.fields, settings.exact)
    ranges = level_ranges(sample.fields)
    if all(r is None for r in ranges):
        raise EveryBit("all sampled values are missing")
    if all(r is None or r.low == r.high for r in ranges):
        raise EveryBit("the sampled values do not vary")
    origin = find_origin(sample, subject.unit)
    if origin is not None:
        findings.notes.append(origin.words)
    found = classify(
        settings.name,
        variable.attributes,
        _stats(sample.fields, ranges),
        recipe_class=settings.variable_class,
        recipe_range=settings.valid_range,
    )
    if found.letter == "L":
        if settings.bound is not None and named_exactly(subject.recipe, settings):
            raise RecipeError(
                f"{settings.origins['bound']}: {settings.name} is stored exactly ({found.reason}); "
                f"take its bound {settings.bound.text!r} out of the recipe, or say that it is data "
                f"with class: continuous"
            )
        raise EveryBit(found.reason)
    sigma, method = _sigma(subject, sample)
    if not any(s > 0 and math.isfinite(s) for s in sigma):
        raise EveryBit(f"its standard deviation is zero or undefined ({method})")
    return Survey(
        sample,
        axes,
        masked,
        found.letter,
        found.reason,
        found.valid_range,
        sigma_of_all(sample, sigma, levels),
        method,
        ranges_of_all(sample, ranges, levels),
        origin,
    )


def _take_out(fields: NDArray[np.floating], special: tuple[float, ...]) -> None:
    """Make the recipe's special values missing, in place, as the metrics take them.

    A flag of 1e20 among temperatures would be their range and their standard deviation. Zeros stay:
    they are values (rain) more often than flags.
    """
    for value in special:
        if value != 0:
            fields[fields == fields.dtype.type(value)] = np.nan


def _stats(
    fields: NDArray[np.floating], ranges: tuple[LevelRange | None, ...]
) -> SampleStats | None:
    """The statistics that classes are told by: of some values, but the ends are those of all."""
    known = [r for r in ranges if r is not None]
    ends = [min(r.low for r in known), max(r.high for r in known)]
    flat = fields.reshape(-1)
    if flat.size <= CLASS_VALUES:
        return sample_stats(flat)
    some = flat[:: -(-flat.size // CLASS_VALUES)]
    return sample_stats(np.append(some, np.array(ends, fields.dtype)))


def _sigma(subject: Subject, sample: Sample) -> tuple[tuple[float, ...], str]:
    """Sigma of each sampled level, from every n-th column where the fields are large."""
    fields = sample.fields
    thin = max(1, -(-fields[:, :1].size // SIGMA_VALUES))
    months, weights, lat = subject.months, subject.weights, subject.geometry.lat
    if lat is not None:
        if lat.ndim == 2:
            lat = lat[sample.rows, sample.columns][:, ::thin]
        elif subject.variable.roles.y is not None:
            lat = lat[sample.rows]
        else:
            lat = lat[sample.columns][::thin]
    return estimate_sigma(
        fields[..., ::thin],
        None if months is None else months[list(sample.times)],
        None if isinstance(weights, str) else weights[sample.rows, sample.columns][:, ::thin],
        lat,
    )


def loosest_bounds(
    subject: Subject, found: Survey, findings: Findings
) -> tuple[LevelBounds, float]:
    """The loosest bound that each level may have, and how many times the table's that is.

    The recipe's bound; else that of the share of information; else that of the table, which may be
    exceeded where `quality: climate` searches. The factor is 1 where nothing may be exceeded.

    Raises
    ------
    RecipeError
        If the recipe's bound cannot be kept, or there is none and the table's does not convert.
    EveryBit
        If the bound of the table, or of the information, is below the spacing of the floats.
    """
    settings = subject.settings
    bounds, notes = _bounds(subject, found)
    findings.notes += notes
    factor = _looser(subject.recipe, settings)
    if factor > 1:
        bounds = replace(
            bounds,
            bounds=tuple(b.tightened(1 / factor) for b in bounds.bounds),
            text=f"{bounds.text}, and up to {factor:g} times that where every test passes",
        )
    too_fine = below_spacing(bounds, found.ranges, subject.dtype)
    if too_fine is None:
        return bounds, factor
    if settings.bound is None:
        raise EveryBit(too_fine)
    raise RecipeError(
        f"{settings.origins['bound']}: bound of {settings.name}: {too_fine}; give a larger "
        f"bound, or class: lossless"
    )


def _looser(recipe: Recipe, settings: VariableSettings) -> float:
    searches = recipe.quality == "climate" and recipe.search.max_share > 0
    return recipe.search.loosest if searches and settings.bound is None else 1.0


def _bounds(subject: Subject, found: Survey) -> tuple[LevelBounds, tuple[str, ...]]:
    settings, attributes = subject.settings, subject.variable.attributes
    if settings.bound is not None:
        by_level = settings.bound.by_level
        levels = level_values(subject.variable, subject.dataset.source) if by_level else ""
        return recipe_bounds(settings, attributes, found.ranges, levels)
    if isinstance(subject.recipe.quality, Information):
        return information_bounds(
            found.sample,
            subject.recipe.quality,
            len(found.sigma),
            subject.dtype,
            months=subject.months,
            sigma=found.sigma,
            origin=found.origin,
        )
    try:
        default = default_bound(settings.name, attributes, found.kind)
    except BoundError as error:
        raise RecipeError(
            f"{settings.name}: no default bound can be had: {error}. Give it a bound in the recipe."
        ) from error
    assert default is not None  # only class L has none
    return default_bounds(default, found.sigma, found.ranges), ()
