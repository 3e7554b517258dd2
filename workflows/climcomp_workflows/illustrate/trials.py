"""Size against error: tighter and looser bounds than the one kept, on a piece of a variable."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, get_args

import numpy as np
from numcodecs.blosc import Blosc
from numpy.typing import NDArray

from climcomp import blocks
from climcomp.archive import fill_value_of
from climcomp.archive.spec import Shuffle
from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import BoundError, CodecError
from climcomp.frame import BlockEncoding, encode_block
from climcomp_metrics.base import Limits
from climcomp_metrics.domain import Domain
from climcomp_metrics.report import TrialReport, TrialsReport
from climcomp_metrics.report.quantity import number_text, quantity
from climcomp_workflows.illustrate.fields import Fields
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.plan.trial import SampleGate
from climcomp_workflows.portable import round_within

TIGHTER = (8.0, 4.0, 2.0, 1.0, 1 / 2, 1 / 4, 1 / 8)
"""What the kept bound is divided by; our own: the span in which suites begin to fail."""

MOST_VALUES = 1 << 20
"""Of the piece: seven round trips and the metrics of that take a second or two."""


def try_bounds(
    variable: VariablePlan,
    rung: Rung,
    level: int,
    steps: slice,
    fields: Fields,
    values: NDArray[Any],
    domain: Domain,
    limits: Limits,
    off: frozenset[str],
) -> TrialsReport | None:
    """Send some fields of one level through the codec at other bounds, and judge each time.

    Parameters
    ----------
    rung
        That the variable was stored by.
    fields : (time, y, x)
        As its user reads them.
    values
        The same as they are stored, in the shape of the array's dimensions.

    Returns
    -------
    None if the rung loses nothing or has no bound, or the codec refuses every bound.
    """
    settings = variable.settings
    if rung.bounds is None or settings is None or rung.bounds[0].kind == "none":
        return None
    times = tuple(range(steps.start, steps.stop))
    rows, columns = (slice(0, size) for size in settings.shape[2:])
    sample = Sample(fields[:, None], times, (level,), rows, columns, whole=False, tiles=False)
    gate = SampleGate(
        sample,
        dataclasses.replace(settings, own=()),
        variable.exact,
        domain,
        limits,
        "all",
        off,
    )
    unit = settings.unit
    relative = rung.bounds[0].kind == "pointwise_relative"
    trials: list[TrialReport] = []
    kept = None
    for factor in TIGHTER:
        tried = _tightened(rung, factor)
        bound = _of_level(tried, level).value
        said = f"{number_text(100 * bound)} %" if relative else quantity(bound, unit)
        try:
            size = _size(variable, tried, level, values)
            measured = gate.measure(tried, 0)
        except (BoundError, CodecError):
            continue
        kept = len(trials) if factor == 1.0 else kept
        worst = measured.check.worst
        trials.append(
            TrialReport(
                setting=f"{rung.codec} within {said}",
                stored_bytes=size,
                largest_error=100 * worst if relative else worst,
                failed=tuple(verdict.criterion for verdict in gate.failed([measured])),
            )
        )
    if not trials:
        return None
    return TrialsReport(
        piece=_in_words(times),
        raw_bytes=values.nbytes,
        unit="% of the value" if relative else unit,
        trials=tuple(trials),
        kept=kept,
    )


def _in_words(times: tuple[int, ...]) -> str:
    if len(times) == 1:
        return "the fields of the largest error"
    return f"{len(times)} time steps about the largest error"


def _tightened(rung: Rung, factor: float) -> Rung:
    assert rung.bounds is not None
    keepbits = rung.keepbits
    if keepbits is not None:
        keepbits = tuple(max(1, bits + round(math.log2(factor))) for bits in keepbits)
    bounds = tuple(bound.tightened(factor) for bound in rung.bounds)
    return dataclasses.replace(rung, bounds=bounds, keepbits=keepbits)


def _of_level(rung: Rung, level: int) -> ErrorBound:
    assert rung.bounds is not None
    return rung.bounds[level if len(rung.bounds) > 1 else 0]


def _size(variable: VariablePlan, rung: Rung, level: int, values: NDArray[Any]) -> int:
    """What the values take in blocks like those of the archive."""
    spec, bound = variable.spec, _of_level(rung, level)
    keepbits = None
    if rung.keepbits is not None:
        keepbits = rung.keepbits[level if len(rung.keepbits) > 1 else 0]
    blosc = Blosc("zstd", spec.level, get_args(Shuffle).index(spec.shuffle))
    encoding = BlockEncoding(
        get_codec(rung.codec, **dict(rung.settings)),
        bound,
        keepbits,
        variable.exact,
        float(fill_value_of(spec)),
    )
    size = 0
    for index in blocks.chunk_indices(values.shape, spec.chunk):
        region = blocks.chunk_region(index, values.shape, spec.chunk)
        block = np.ascontiguousarray(values[region])
        if spec.codec == "standard":
            rounded = round_within(block, bound, variable.exact)
            size += len(blosc.encode(rounded))
        else:
            size += len(encode_block(block, encoding))
    return size
