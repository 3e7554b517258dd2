"""Blocks into payloads of `inr` within a bound, and back."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import load_library, usable_bound
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.fitting import Fitting
from climcomp.codecs.neural.inr.grids import Grids
from climcomp.codecs.neural.inr.models import Model
from climcomp.codecs.neural.inr.payload import (
    ELSEWHERE,
    checksum_of,
    pack_payload,
    parse_payload,
)
from climcomp.codecs.neural.inr.residual import decode_residual, encode_residual
from climcomp.codecs.neural.inr.search import choices_for_bound
from climcomp.codecs.neural.inr.task import Task, tasks_of
from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import CodecError, PayloadError

# Our own: the error of the mean of each cell, in bounds; of 0.25 to 2 the best.
MEAN_ERROR = 0.5


def encode_values(
    blocks: Sequence[NDArray[np.floating]],
    bound: float,
    filled: Sequence[NDArray[np.bool_] | None],
    fitting: Fitting,
) -> list[bytes]:
    """The payloads of blocks that are not empty, within an absolute bound.

    Blocks of one shape are fitted together, so that the same blocks together give the same bytes.

    Parameters
    ----------
    filled
        For each block, which of its values only fill gaps.

    Raises
    ------
    CodecError
        If a fit diverges.
    BoundError
        If the bound is below the spacing of the values' floats.
    MissingExtraError
        If torch is not installed, and networks are to be fitted by descent.
    """
    payloads: dict[int, bytes] = {}
    tried: dict[int, list[Task]] = {}
    for number, (values, gaps) in enumerate(zip(blocks, filled, strict=True)):
        try:
            tried[number] = tasks_of(values, usable_bound(bound, values), gaps, MEAN_ERROR * bound)
        except CodecError:
            payloads[number] = ELSEWHERE + _by_ncx(values, bound, gaps)
    for number, fitted in _models(tried, bound, fitting).items():
        values, gaps = blocks[number], filled[number]
        try:
            made = [_payload(task, model, values, bound, gaps) for task, model in fitted]
        except CodecError:  # neither codec takes the residual
            made = [ELSEWHERE + _by_ncx(values, bound, gaps)]
        payloads[number] = min(made, key=len)
    return [payloads[number] for number in range(len(blocks))]


def _by_ncx(values: NDArray[np.floating], bound: float, filled: NDArray[np.bool_] | None) -> bytes:
    absolute = ErrorBound("absolute", bound)
    if filled is None:
        return Ncx().encode(values, absolute)
    return Ncx().encode_filled(values, absolute, filled)


def _models(
    tried: dict[int, list[Task]], bound: float, fitting: Fitting
) -> dict[int, list[tuple[Task, Model]]]:
    """The networks of each block, of which the better one is taken."""
    found: dict[int, list[tuple[Task, Model]]] = {number: [] for number in tried}
    alike: dict[Hashable, list[tuple[int, Task, Grids | None]]] = {}
    for number, tasks in tried.items():
        if fitting.kind == "grids":
            choices = choices_for_bound(tasks, bound)
            found[number] += [(choice.task, choice.grids()) for choice in choices]
            task, start = choices[0].task, choices[0].grids()
            alike.setdefault((task.layout, start.sizes), []).append((number, task, start))
        else:  # the anomaly is smoother, where its mean is stored
            task = tasks[-1]
            alike.setdefault(task.layout, []).append((number, task, None))
    if fitting.effort == 0:
        return found
    for members in alike.values():
        some, fit = [task for _, task, _ in members], fit_module()
        if fitting.kind == "grids":
            fitted = fit.refine_grids(some, [start for *_, start in members], fitting)
        else:
            fitted = fit.fit_waves(some, fitting, fit.width_for(some[0]))
        for (number, task, _), model in zip(members, fitted, strict=True):
            found[number].append((task, model))
    return found


def fit_module() -> Any:  # Any: a module
    """`fit`, which imports torch.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    load_library(Inr.module, "torch", Inr.extra)
    from climcomp.codecs.neural.inr import fit

    return fit


def _payload(
    task: Task,
    model: Model,
    values: NDArray[np.floating],
    bound: float,
    filled: NDArray[np.bool_] | None,
) -> bytes:
    base = task.base(model)
    integers = base.integers(values.dtype)
    in_values = base.values(integers).reshape(values.shape)
    residual = encode_residual(values, in_values, bound, filled, task.lattice)
    return pack_payload(
        base, checksum_of(integers), values.dtype, residual.data, is_sz3=residual.is_sz3
    )


def decode_values(
    payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The values of a payload of a block that is not empty.

    Raises
    ------
    PayloadError
        If the bytes are not a payload of this shape and type, or of a preview.
    """
    view = memoryview(payload)
    if view[:1] == ELSEWHERE:
        return Ncx().decode(view[1:], shape, dtype)
    parts = parse_payload(view, shape, dtype)
    if parts.is_preview:
        raise PayloadError(
            "the payload is a preview of codec 'inr', which keeps no bound: decode_preview reads it"
        )
    base = parts.base.values(parts.integers(dtype)).reshape(shape)
    return decode_residual(parts.residual, base, dtype, is_sz3=parts.is_sz3)
