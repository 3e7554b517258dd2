"""For notebooks: two arrays in, the verdicts of the metric suite out."""

from __future__ import annotations

import difflib
import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from climcomp.bounds import ErrorBound
from climcomp.errors import MetricError
from climcomp_metrics.arrays.pair import make_pair
from climcomp_metrics.arrays.settings import (
    Kind,
    declared_range,
    domain_of,
    kind_of,
    sample_of,
    settings_of,
    weights_of,
)
from climcomp_metrics.base import Verdict
from climcomp_metrics.comparison import Comparison
from climcomp_metrics.criteria import make_limits
from climcomp_metrics.judge import judge
from climcomp_metrics.measure import measure
from climcomp_metrics.physical import check_shard
from climcomp_metrics.plugins.model import OwnMetric
from climcomp_metrics.shard_verdicts import merge_checks, shard_verdicts
from climcomp_metrics.state import merge
from climcomp_metrics.summarise import summarise

if TYPE_CHECKING:
    import xarray as xr

    from climcomp_metrics.arrays.recognition import Array


def compare(
    original: Array,
    decoded: Array,
    *,
    kind: Kind | None = None,
    unit: str | None = None,
    bound: float | ErrorBound | None = None,
    limits: Mapping[str, float] | None = None,
    weights: xr.DataArray | ArrayLike | None = None,
    valid_range: tuple[float, float] | None = None,
    full: bool = False,
    own: Sequence[OwnMetric] = (),
    dims: Sequence[str] | None = None,
    coords: Mapping[str, ArrayLike] | None = None,
) -> Comparison:
    """Judge a decoded array against its original by every metric of the suite.

    Time, levels, latitudes, longitudes and unstructured cells are recognised by CF attributes and
    by the names that models give them; area weights come from cell bounds or latitudes. What cannot
    be had (no time, no area) is n/a with a reason. Metrics over several variables are not here.

    Parameters
    ----------
    original, decoded
        DataArrays, or NumPy arrays with `dims`: float32 or float64, NaN where missing. Lazy ones
        are taken some time steps at a time.
    kind
        "C" continuous, "P" positive and heavy-tailed (rain, tracers), "B" a bounded fraction. None:
        from the unit and the values; the result says which and why.
    unit
        None: the attribute `units` of the original.
    bound
        The error that was promised for every value, absolute unless an `ErrorBound` says otherwise.
        Without it P1 is shown, not judged.
    limits
        Other limits than those of METRICS, such as {"C1.fail": 0.02}.
    weights
        Area weights of the cells instead of those from the coordinates: on the horizontal
        dimensions, or one for each row.
    valid_range
        Values that F2 allows; None: the attributes' `valid_range`, else that of the kind.
    full
        Measure on every time step what METRICS samples.
    own
        Metrics of your own: see `climcomp_metrics.plugins.read_own_metric`.
    dims, coords
        For NumPy arrays: names of their dimensions, and coordinates along these.

    Raises
    ------
    MetricError
        If the arrays are not of the same places, not floats, all missing, or the weights are none.
    RecipeError
        If `limits` names what is no limit.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0.0, 1.0, 40 * 8 * 8).reshape(40, 8, 8) % 0.1
    >>> result = compare(x, x + 1e-9, dims=("time", "y", "x"), bound=1e-8)
    >>> result["P1"].outcome
    'pass'
    """
    judged_by = make_limits(limits or {}, "the caller")
    pair = make_pair(original, decoded, dims, coords, unit)
    found = weights_of(pair, weights)
    domain = domain_of(pair, found)
    sample = sample_of(pair)
    kind, why = kind_of(sample, pair.unit) if kind is None else (kind, "as told")
    settings = replace(
        settings_of(pair, sample, kind, found),
        valid_range=valid_range or declared_range(pair),
        every={"*": 1} if full else {},
        own=tuple(own),
    )
    bounds = (_as_bound(bound),) * settings.shape[1]
    states, checks = [], []
    for place, steps in pair.places():
        x, y = pair.read(0, steps), pair.read(1, steps)
        checks.append(check_shard(x, y, settings, place, bounds))
        states.append(measure(x, y, settings, domain, place))
    values = summarise(functools.reduce(merge, states), settings, domain)
    of_shards = shard_verdicts(functools.reduce(merge_checks, checks), settings, "the caller")
    if bound is None:
        of_shards = [_unjudged(v) if v.criterion == "P1" else v for v in of_shards]
    return Comparison(
        name=pair.name,
        unit=pair.unit,
        kind=kind,
        why_kind=why,
        sizes=dict(zip(map(str, pair.fields[0].dims), pair.fields[0].shape, strict=True)),
        sigma=settings.sigma,
        sigma_method=settings.sigma_method,
        verdicts=(*of_shards, *judge(values, settings, judged_by)),
        values=tuple(values),
    )


def metric(criterion: str, original: Array, decoded: Array, **options: object) -> Verdict:
    """One criterion of `compare`, by its id, such as "C2"; the options are those of `compare`.

    Raises
    ------
    MetricError
        If there is no such criterion for the array, and whatever `compare` raises.
    """
    result = compare(original, decoded, **options)  # type: ignore[arg-type]  # compare checks them
    known = [verdict.criterion for verdict in result.verdicts]
    if criterion not in known:
        near = difflib.get_close_matches(criterion, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise MetricError(
            f"{criterion!r} is no criterion for {result.name} (class {result.kind}); {hint}There "
            f"are {', '.join(known)}"
        )
    return result[criterion]


def _as_bound(bound: float | ErrorBound | None) -> ErrorBound:
    if bound is None:
        return ErrorBound("absolute", sys.float_info.max)
    return bound if isinstance(bound, ErrorBound) else ErrorBound("absolute", float(bound))


def _unjudged(largest_error: Verdict) -> Verdict:
    """P1 without a promise: what was reached."""
    return replace(
        largest_error,
        outcome="report",
        fail=None,
        source="",
        reason="no bound was given that it could be judged by",
        detail={},
    )
