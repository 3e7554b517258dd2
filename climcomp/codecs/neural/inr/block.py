"""A block into a payload of `inr` within a bound, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import load_library, usable_bound
from climcomp.codecs.neural.inr.coordinates import Latitudes
from climcomp.codecs.neural.inr.models import Kind, Model
from climcomp.codecs.neural.inr.payload import (
    ELSEWHERE,
    checksum_of,
    pack_payload,
    parse_payload,
)
from climcomp.codecs.neural.inr.residual import decode_residual, encode_residual
from climcomp.codecs.neural.inr.search import grids_for_bound
from climcomp.codecs.neural.inr.task import Task, task_of
from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import CodecError, PayloadError


@dataclass(frozen=True, slots=True)
class Fitting:
    """How networks are fitted: see `climcomp.codecs.neural.inr.codec.Inr`."""

    kind: Kind
    effort: int
    precision: str
    latitudes: Latitudes | None


def encode_values(
    values: NDArray[np.floating],
    bound: float,
    filled: NDArray[np.bool_] | None,
    fitting: Fitting,
) -> bytes:
    """The payload of a block that is not empty, within an absolute bound.

    Raises
    ------
    CodecError
        If a fit diverges.
    BoundError
        If the bound is below the spacing of the values' floats.
    MissingExtraError
        If torch is not installed, and the network is to be fitted by descent.
    """
    usable = usable_bound(bound, values)
    try:
        task = task_of(values, usable, filled, mean_bound=None)
    except CodecError:
        absolute = ErrorBound("absolute", bound)
        if filled is None:
            return ELSEWHERE + Ncx().encode(values, absolute)
        return ELSEWHERE + Ncx().encode_filled(values, absolute, filled)
    return min(
        (_payload(task, model, values, bound, filled) for model in _models(task, bound, fitting)),
        key=len,
    )


def _models(task: Task, bound: float, fitting: Fitting) -> list[Model]:
    """The networks of which the better one is taken."""
    if fitting.kind != "grids":
        fit = fit_module()
        return fit.fit_waves([task], fitting, fit.width_for(task))
    start = grids_for_bound(task, bound)
    if fitting.effort == 0:
        return [start]
    return [start, *fit_module().refine_grids([task], [start], fitting)]


def fit_module() -> Any:  # Any: a module
    """`fit`, which imports torch.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    load_library("torch", "torch", "neural")
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
