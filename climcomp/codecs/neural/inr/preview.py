"""Previews: the network of a block alone, for a size or a root-mean-square error that is wanted.

A preview keeps no bound: single values may be far off. It has the format of `payload`, without a
residual, and no place in a frame, so that nobody takes it for the data.
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
from climcomp.codecs.neural.inr.grids import Grids, Sizes
from climcomp.codecs.neural.inr.models import Model
from climcomp.codecs.neural.inr.payload import (
    ELSEWHERE,
    checksum_of,
    pack_payload,
    parse_payload,
)
from climcomp.codecs.neural.inr.search import FEWEST_NODES, FEWEST_STEPS, TRIED, levels_for
from climcomp.codecs.neural.inr.start import start_grids
from climcomp.codecs.neural.inr.task import Task, tasks_of
from climcomp.errors import CodecError, PayloadError, TargetNotReached

# Our own: the error of the mean of each cell, in tolerances.
MEAN_ERROR = 0.5
# Standard deviations of a block to its tolerance, where a size is wanted: of 64 units each.
OF_A_SPREAD = 64
# Steps of latents, in tolerances, and halvings of the search between them.
SMALLEST_STEP, LARGEST_STEP, HALVINGS = 0.05, 2.0**9, 6
WIDTHS = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
# What a start may miss an error by, for a descent to make good.
STARTS = (1.2, 1.08, 1.0)


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
    """A preview, its root-mean-square error, and what it was made of."""

    payload: bytes
    rmse: float
    task: Task
    model: Model


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
        If torch is not installed, unless the codec's effort is 0.
    """
    codec = Inr() if codec is None else codec
    check_values(values, codec.name)
    fitting = Fitting(codec.kind, codec.steps, codec.precision, codec.latitudes)
    budget = values.nbytes / target.value - spent if target.kind == "ratio" else math.inf
    wanted = target.value if target.kind == "rmse" else 0.0
    tried = []
    for task in _tasks(values, target, filled):
        search = _grids if codec.kind == "grids" else _waves
        tried += list(search(task, budget, wanted, fitting))
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
    values: NDArray[np.floating], target: Target, filled: NDArray[np.bool_] | None
) -> list[Task]:
    """The block as it is, and less the mean of each cell."""
    counted = values if filled is None else values[~filled]
    spread = float(counted.std(dtype=np.float64))
    tolerance = target.value if target.kind == "rmse" else spread / OF_A_SPREAD
    if not tolerance > 0:
        raise CodecError("codec 'inr' was given a constant block: no network is fitted to it")
    return tasks_of(values, tolerance, filled, MEAN_ERROR * tolerance, is_bound=False)


def _try(task: Task, model: Model) -> _Tried:
    base = task.base(model)
    integers = base.integers(task.values.dtype)
    payload = pack_payload(base, checksum_of(integers), task.values.dtype, None)
    left = base.values(integers) - task.values
    if task.known is not None:
        left = left[task.known]
    return _Tried(payload, math.sqrt(float(np.mean(left**2))), task, model)


def _grids(task: Task, budget: float, wanted: float, fitting: Fitting) -> Iterator[_Tried]:
    """Latent grids of the sizes that are best on a part of the block."""
    part = task.part(TRIED)
    share = part.layout.points / task.layout.points
    fixed = len(task.mean) * (1 - share)
    found = {}
    for sizes in _sizes(task):
        one = _searched(part, sizes, (budget - fixed) * share, wanted)
        is_reached = one.rmse <= wanted if wanted else len(one.payload) <= (budget - fixed) * share
        order = len(one.payload) if wanted and is_reached else one.rmse
        found[sizes] = (not is_reached, order)
    best = min(found, key=lambda one: found[one])
    start = _searched(task, best, budget, wanted)
    yield start
    if fitting.effort == 0:
        return
    for factor in STARTS if wanted else (1.0,):
        one = start if factor == 1.0 else _searched(task, best, budget, wanted * factor)
        assert isinstance(one.model, Grids)
        active = max(1, sum(int(np.count_nonzero(q)) for q in one.model.latents))
        (refined,) = fit_module().refine_grids(
            [task], [one.model], fitting, is_preview=True, weight=task.layout.points / active
        )
        done = _try(task, refined)
        yield done
        if done.rmse <= wanted:
            return


def _sizes(task: Task) -> Iterator[Sizes]:
    """All that a preview may be made of."""
    shortest = min(task.layout.field)
    for finest in range(8):
        if finest > 1 and shortest >> finest < FEWEST_NODES:
            return
        for power in range(3 if task.layout.lengths[1] >= FEWEST_STEPS else 1):
            yield Sizes(finest, levels_for(task, finest), steps=power)


def _searched(task: Task, sizes: Sizes, budget: float, wanted: float) -> _Tried:
    """The widest step that reaches an error, or the narrowest that fits into some bytes."""
    low, high = math.log2(SMALLEST_STEP), math.log2(LARGEST_STEP)
    best = _start(task, sizes, low if wanted else high)
    if (wanted and best.rmse > wanted) or (not wanted and len(best.payload) > budget):
        return best
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        one = _start(task, sizes, middle)
        if wanted:
            is_reached = one.rmse <= wanted
            low, high = (middle, high) if is_reached else (low, middle)
        else:
            is_reached = len(one.payload) <= budget
            low, high = (low, middle) if is_reached else (middle, high)
        best = one if is_reached else best
    return best


def _start(task: Task, sizes: Sizes, logarithm: float) -> _Tried:
    step = 2.0**logarithm * task.tolerance
    return _try(task, start_grids(task.targets, task.layout, sizes, step))


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
