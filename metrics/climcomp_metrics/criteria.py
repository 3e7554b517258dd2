"""The table of criteria: rows of METRICS with their limits, whose they are, and who computes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from climcomp.errors import RecipeError
from climcomp_metrics.base import Criterion, Limits

GROUP = "climcomp.metrics"
"""Entry points of this group name a `Criterion` whose `metric` is "module:Class"."""

_HERE = "climcomp_metrics."

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "F1", "mask", "sea became land, or holes appeared",
        "CPB", "", "values", None, 0.0, "physical", "shard",
    ),
    Criterion(
        "F2", "new out of range", "negative rain, cloud above 1",
        "CPB", "", "values", None, 0.0, "physical", "shard",
    ),
    Criterion(
        "F3", "zeros changed", "drizzle everywhere, or rain gone",
        "CPB", "", "values", None, 0.0, "physical", "shard",
    ),
    Criterion(
        "F5", "special values", "flags altered",
        "CPB", "", "values", None, 0.0, "physical", "shard",
    ),
    Criterion(
        "P1", "largest error", "a value is further off than was promised",
        "CPB", "", "of the bound", None, 1.0, "the bound", "shard",
    ),
    Criterion(
        "P2", "bias", "the whole field became warmer or colder",
        "CPB", _HERE + "pointwise:Bias", "sigma", 3e-4, 1e-3, "calibrated",
    ),
    Criterion(
        "P3", "anomaly correlation short of 1", "departures from the time mean no longer agree",
        "CPB", _HERE + "pointwise:AnomalyCorrelation", "1", 2e-5, 1e-4,
        "ACC practice, calibrated",
    ),
    Criterion(
        "P4", "Pearson correlation short of 1", "a map no longer looks like the original",
        "CPB", _HERE + "pointwise:PooledPearson", "1", 1e-5, None,
        "Wegener 2013, Baker 2014",
    ),
    Criterion(
        "P5", "normalised errors", "size of the errors against the range",
        "CPB", _HERE + "pointwise:NormalisedErrors", "of the range", None, None,
        "Baker 2014, Z-checker",
    ),
    Criterion(
        "P7", "slice outlier", "one time step is far worse than the others",
        "CPB", _HERE + "pointwise:SliceOutlier", "1", 5.0, 10.0, "argued",
    ),
    Criterion(
        "P8", "error-Laplacian correlation", "the field was smoothed",
        "CPB", _HERE + "pointwise:ErrorLaplacianCorrelation", "1", 0.02, 0.05,
        "calibrated",
    ),
    Criterion(
        "P9", "error-field correlation", "the field was damped, or its bits shaved",
        "CPB", _HERE + "pointwise:ErrorFieldCorrelation", "1", 0.05, 0.1, "calibrated",
    ),
    Criterion(
        "D1", "body quantiles", "the distribution moved",
        "CPB", _HERE + "distribution:BodyQuantiles", "sigma", 0.01, 0.02, "calibrated",
    ),
    Criterion(
        "D4", "change of the SD", "the variability changed",
        "CPB", _HERE + "distribution:DeviationRatio", "1", 3e-4, 1e-3, "calibrated",
    ),
    Criterion(
        "E1", "tail quantiles", "extreme values moved",
        "CP", _HERE + "extremes:TailQuantiles", "sigma", 0.02, 0.05, "calibrated",
    ),
    Criterion(
        "E2", "expected shortfall", "the mean of the most extreme values moved",
        "CP", _HERE + "extremes:ExpectedShortfall", "sigma", 0.005, 0.01, "calibrated",
    ),
    Criterion(
        "E3", "conditional tail bias", "extremes were clipped or pulled in",
        "CP", _HERE + "extremes:ConditionalTailBias", "sigma", 0.002, 0.005, "calibrated",
    ),
    Criterion(
        "E4", "exceedance CSI", "extremes happen at other places or times",
        "CP", _HERE + "extremes:ExceedanceCsi", "1", 0.99, 0.98, "forecast verification",
        least=True,
    ),
    Criterion(
        "E5", "cell-maximum bias", "record highs of the grid cells moved",
        "CP", _HERE + "extremes:CellMaximumBias", "sigma", 0.001, 0.002,
        "TXx practice, calibrated",
    ),
    Criterion(
        "C1", "global mean series", "the area mean of a time step moved",
        "CPB", _HERE + "conservation:GlobalMeanSeries", "SD of the series", 0.005, 0.01, "argued",
    ),
    Criterion(
        "C2", "tile means", "regional means moved",
        "CPB", _HERE + "conservation:TileMeans", "SD of tile means", 0.001, 0.003, "calibrated",
    ),
    Criterion(
        "C3", "change of the total", "rain, cloud water or ice was made or lost",
        "P", _HERE + "conservation:Total", "1", 2e-4, 1e-3,
        "mass of rain, cloud water, ice",
    ),
    Criterion(
        "T2", "gradient error", "fronts and slopes changed",
        "CPB", _HERE + "structure:Gradient", "1", 0.05, 0.1, "Poppick 2020",
    ),
    Criterion(
        "T3", "change of the Laplacian variance", "fine detail was lost, or noise was added",
        "CPB", _HERE + "structure:LaplacianVariance", "1", 0.005, 0.02,
        "contrast variance, calibrated",
    ),
    Criterion(
        "T4", "blockiness", "the codec's blocks show",
        "CPB", _HERE + "structure:Blockiness", "1", 0.2, 0.3, "calibrated",
    ),
)  # fmt: skip


@cache
def all_criteria() -> tuple[Criterion, ...]:
    """The table, and the criteria that other installed packages add."""
    added = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        criterion = point.load()
        if isinstance(criterion, Criterion):
            added.append(criterion)
    return (*CRITERIA, *added)


def find_criterion(criterion_id: str) -> Criterion:
    """The row of the table with this id."""
    return next(criterion for criterion in all_criteria() if criterion.id == criterion_id)


def make_limits(overrides: Mapping[str, float], overridden_by: str = "recipe") -> Limits:
    """The default limits with some of them replaced, such as {"C1.fail": 0.02}.

    Raises
    ------
    RecipeError
        If a name is not that of a criterion whose limit can be set, or a number is no limit; all
        problems at once, each with the nearest name.
    """
    known = sorted(
        f"{criterion.id}.{end}"
        for criterion in all_criteria()
        if criterion.scope != "shard"
        for end in ("warn", "fail")
    )
    problems = []
    for name, limit in overrides.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            problems.append(f"{name!r} is no limit that can be set; the nearest is {near!r}")
        elif not (math.isfinite(limit) and limit > 0):
            problems.append(f"{name} must be a positive number, not {limit!r}")
    if problems:
        raise RecipeError("; ".join(problems), tuple(problems))
    return Limits(dict(overrides), overridden_by)
