"""Previews: the network of a block alone, for a size or a root-mean-square error that is wanted.

A preview keeps no bound: single values may be far off. It has the format of `payload`, without a
residual; in a frame its codec is `preview`, so that nobody takes it for the data.

Previews of kind `grids` are latent grids of wavelets, chosen by what each number takes and saves,
without a descent and without torch: at ratios of 300 and 1,000 they left a quarter to a half of the
root-mean-square error that grids of splines left after one, in less time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.base import check_values
from climcomp.codecs.neural.inr.block import fit_module
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.fitting import Fitting
from climcomp.codecs.neural.inr.models import Model
from climcomp.codecs.neural.inr.payload import (
    ELSEWHERE,
    Base,
    checksum_of,
    error_of,
    pack_payload,
    parse_payload,
)
from climcomp.codecs.neural.inr.task import Task, task_of, tasks_of
from climcomp.codecs.neural.inr.wavelet_search import Chosen, search_wavelets
from climcomp.errors import CodecError, PayloadError, TargetNotReached

# Our own: the error of the mean of each cell, in tolerances.
MEAN_ERROR = 0.5
# Tolerances, of 64 units each, to the standard deviation of a block, where a size is wanted. The
# rounding to units of wavelets must not show beside errors of a ten thousandth.
OF_A_SPREAD, OF_A_SPREAD_FOR_WAVELETS = 64, 256
WIDTHS = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
# Bytes of a payload beside its numbers, nearly, and searches until a size is what was estimated.
OF_A_PAYLOAD, ATTEMPTS = 58, 3


@dataclass(frozen=True, slots=True)
class Target:
    """What a preview is to reach.

    Parameters
    ----------
    kind
        `ratio`: bytes of the block over those of the preview, at least `value`, with the smallest
        error; `rmse`: the root-mean-square error, at most `value` in the unit of the values, in the
        fewest bytes.
    """

    kind: Literal["ratio", "rmse"]
    value: float

    def __post_init__(self) -> None:
        if self.kind not in ("ratio", "rmse") or not 0 < self.value < math.inf:
            raise CodecError(
                f"a preview's target is {self.kind!r}: {self.value!r}; wanted: ratio or rmse, and "
                f"a number above 0"
            )


@dataclass(frozen=True, slots=True)
class _Tried:
    """A preview and its root-mean-square error."""

    payload: bytes
    rmse: float


def encode_preview(
    values: NDArray[np.floating],
    target: Target,
    filled: NDArray[np.bool_] | None = None,
    codec: Inr | None = None,
    *,
    spent: int = 0,
    nearest: bool = False,
) -> bytes:
    """The network of a block, as a payload.

    Parameters
    ----------
    values
        Finite, C-contiguous float32 or float64.
    filled
        Which values only fill gaps, of the block's shape, and do not count.
    spent
        Bytes that stand beside the payload and count towards a ratio.
    nearest
        Whether the nearest to a target that cannot be reached will do.

    Raises
    ------
    TargetNotReached
        If the target cannot be reached; it says what was.
    CodecError
        If no network is fitted to such a block, or the fit diverges.
    MissingExtraError
        If torch is not installed, unless the codec's kind is `grids`.
    """
    codec = Inr() if codec is None else codec
    check_values(values, codec.name)
    fitting = Fitting(codec.kind, codec.steps, codec.precision, codec.latitudes)
    budget = math.inf
    if target.kind == "ratio":  # what cannot be reached, one byte, says what could
        budget = max(1.0, values.nbytes / target.value - spent)
    wanted = target.value if target.kind == "rmse" else 0.0
    tried = []
    for task in _tasks(values, target, filled, codec):
        is_grids = codec.kind == "grids"
        tried += list(
            _wavelets(task, budget, wanted) if is_grids else _waves(task, budget, wanted, fitting)
        )
    reached = [one for one in tried if (len(one.payload) <= budget and one.rmse <= wanted) or
               (target.kind == "ratio" and len(one.payload) <= budget)]  # fmt: skip
    if not reached:
        best = min(tried, key=lambda one: one.rmse if wanted else len(one.payload))
        if nearest:
            return best.payload
        raise TargetNotReached(
            f"a preview of kind {codec.kind!r} with {target.kind} {target.value:g} cannot be "
            f"reached for a block of shape {values.shape}: the nearest has an rmse of "
            f"{best.rmse:.4g} and a ratio of {values.nbytes / (len(best.payload) + spent):.4g}. "
            f"Loosen the target, or give a bound"
        )
    if target.kind == "ratio":
        return min(reached, key=lambda one: one.rmse).payload
    return min(reached, key=lambda one: len(one.payload)).payload


def decode_preview(
    payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The values of a preview, by NumPy alone.

    Raises
    ------
    PayloadError
        If the bytes are not a preview of this shape and type.
    """
    view, dtype = memoryview(payload), np.dtype(dtype)
    if view[:1] == ELSEWHERE:
        raise PayloadError("a block that codec 'ncx' coded is no preview: Inr().decode reads it")
    parts = parse_payload(view, shape, dtype)
    if not parts.is_preview or len(parts.residual):
        raise PayloadError("a payload with a residual is no preview: Inr().decode reads it")
    with np.errstate(over="ignore"):  # a network may pass the largest number of the type
        found: NDArray[Any] = parts.base.values(parts.integers(dtype)).reshape(shape).astype(dtype)
    return found


def _tasks(
    values: NDArray[np.floating],
    target: Target,
    filled: NDArray[np.bool_] | None,
    codec: Inr,
) -> list[Task]:
    """The block as it is, and, for networks of waves, less the mean of each cell.

    Wavelets along the leading axes have numbers for the mean.
    """
    counted = values if filled is None else values[~filled]
    with np.errstate(over="ignore", invalid="ignore"):  # values that span too much are told of
        spread = float(counted.std(dtype=np.float64))
    shares = OF_A_SPREAD_FOR_WAVELETS if codec.kind == "grids" else OF_A_SPREAD
    tolerance = target.value if target.kind == "rmse" else spread / shares
    if not tolerance > 0:
        raise CodecError("codec 'inr' was given a constant block: no network is fitted to it")
    if not math.isfinite(tolerance):
        raise CodecError(
            f"codec 'inr' was given values from {counted.min():g} to {counted.max():g}: their "
            f"squares add up to more than a number holds"
        )
    if codec.kind == "grids":
        return [task_of(values, tolerance, filled, is_bound=False)]
    return tasks_of(values, tolerance, filled, MEAN_ERROR * tolerance, is_bound=False)


def _try(task: Task, model: Model) -> _Tried:
    base = task.base(model)
    rmse, integers = _error(task, base)
    checksum, dtype = checksum_of(integers), task.values.dtype
    return _Tried(pack_payload(base, checksum, dtype, None, error=rmse), rmse)


def _error(task: Task, base: Base) -> tuple[float, NDArray[np.float64]]:
    """The root-mean-square error of a base, and its numbers."""
    integers = base.integers(task.values.dtype)
    counted = slice(None) if task.known is None else task.known
    return error_of(base.values(integers)[counted], task.values[counted]), integers


def _wavelets(task: Task, budget: float, wanted: float) -> Iterator[_Tried]:
    """Wavelets of the widest step that reaches an error, or the narrowest that fits."""

    def size(chosen: Chosen) -> float:
        return math.log((chosen.bits / 8 + empty) / budget)

    def error(chosen: Chosen) -> float:
        return math.log(max(_error(task, task.base(chosen.wavelets))[0] / wanted, 1e-9))

    # Of the head, and what a stream takes beyond its bits.
    empty = float(OF_A_PAYLOAD)
    for _ in range(ATTEMPTS):
        found = search_wavelets(task, error if wanted else size, is_size=not wanted)
        one = _try(task, found)
        yield one
        if wanted or len(one.payload) <= budget:
            return
        empty += len(one.payload) - budget


def _waves(task: Task, budget: float, wanted: float, fitting: Fitting) -> Iterator[_Tried]:
    """Networks of growing widths until the error is reached, or of falling ones until they fit."""
    fit = fit_module()
    for width in WIDTHS[2::2] if wanted else WIDTHS[::-1]:
        is_narrowest = width == WIDTHS[0]
        if not wanted and not is_narrowest and fit.size_of(task, fitting, width) > budget:
            continue
        (model,) = fit.fit_waves([task], fitting, width)
        one = _try(task, model)
        yield one
        if one.rmse <= wanted or (not wanted and len(one.payload) <= budget):
            return
