"""Blocks into payloads of `inr` within a bound, and back."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import usable_bound
from climcomp.codecs.neural.inr.fitting import Fitting, Kind
from climcomp.codecs.neural.inr.grids import Grids
from climcomp.codecs.neural.inr.models import Model
from climcomp.codecs.neural.inr.payload import (
    ELSEWHERE,
    checksum_of,
    error_of,
    pack_payload,
    parse_payload,
)
from climcomp.codecs.neural.inr.residual import decode_residual, encode_residual
from climcomp.codecs.neural.inr.search import choices_for_bound
from climcomp.codecs.neural.inr.stacks import Say, fit_module, fit_stacks
from climcomp.codecs.neural.inr.task import Task, tasks_of
from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import BoundError, CodecError, FitDiverged, PayloadError

__all__ = ["decode_values", "encode_outcomes", "encode_values", "fit_module"]

# Our own: the error of the mean of each cell, in bounds; of 0.25 to 2 the best.
MEAN_ERROR = 0.5


Outcome = bytes | BoundError | CodecError
"""A payload, or why there is none."""


def encode_values(
    blocks: Sequence[NDArray[np.floating]],
    bound: float,
    filled: Sequence[NDArray[np.bool_] | None],
    fitting: Fitting,
) -> list[bytes]:
    """The payloads of blocks that are not empty, within an absolute bound.

    Raises
    ------
    CodecError
        If a fit diverges.
    BoundError
        If the bound is below the spacing of the values' floats.
    MissingExtraError
        If torch is not installed, and networks are to be fitted by descent.
    """
    payloads = []
    for outcome in encode_outcomes(blocks, bound, filled, fitting):
        if not isinstance(outcome, bytes):
            raise outcome
        payloads.append(outcome)
    return payloads


def encode_outcomes(
    blocks: Sequence[NDArray[np.floating]],
    bound: float,
    filled: Sequence[NDArray[np.bool_] | None],
    fitting: Fitting,
    *,
    threads: int = 1,
    say: Say = lambda text: None,
) -> list[Outcome]:
    """The payload of each block that is not empty, or why it has none.

    Blocks of one shape are fitted together, each as if it were alone: what comes of it differs only
    by what the order of batched sums rounds off.

    Parameters
    ----------
    filled
        For each block, which of its values only fill gaps.
    threads
        That search for sizes before the fit, and code residuals after it.
    say
        Is told where the memory of the device held fewer blocks than it seemed to.

    Raises
    ------
    MissingExtraError
        If torch is not installed, and networks are to be fitted by descent.
    """
    numbers = range(len(blocks))

    def begin(number: int) -> _Begun:
        return _begun(blocks[number], bound, filled[number], fitting.kind)

    def finish(number: int) -> Outcome:
        one = found[number]
        if not isinstance(one, list):
            return one
        values, gaps = blocks[number], filled[number]
        try:
            return min((_payload(t, m, values, bound, gaps) for t, m in one), key=len)
        except BoundError as error:
            return error
        except CodecError:  # neither codec takes the residual
            return _elsewhere(values, bound, gaps)

    if threads == 1:
        found = _fitted([begin(number) for number in numbers], fitting, say)
        return [finish(number) for number in numbers]
    with ThreadPoolExecutor(threads) as workers:
        found = _fitted(list(workers.map(begin, numbers)), fitting, say)
        return list(workers.map(finish, numbers))


@dataclass(frozen=True, slots=True)
class _Choices:
    """Networks of a block that need no descent, and what a descent is to begin with."""

    ready: list[tuple[Task, Model]]
    task: Task
    start: Grids | None


_Begun = _Choices | Outcome


def _begun(
    values: NDArray[np.floating], bound: float, filled: NDArray[np.bool_] | None, kind: Kind
) -> _Begun:
    """What is fitted to a block; its payload where nothing is."""
    try:
        usable = usable_bound(bound, values)
    except BoundError as error:
        return error
    try:
        tasks = tasks_of(values, usable, filled, MEAN_ERROR * bound)
    except CodecError:
        return _elsewhere(values, bound, filled)
    if kind != "grids":  # the anomaly is smoother, where its mean is stored
        return _Choices([], tasks[-1], None)
    choices = choices_for_bound(tasks, bound)
    ready: list[tuple[Task, Model]] = [(choice.task, choice.grids()) for choice in choices]
    return _Choices(ready, choices[0].task, choices[0].grids())


def _fitted(
    begun: Sequence[_Begun], fitting: Fitting, say: Say
) -> list[list[tuple[Task, Model]] | Outcome]:
    """The networks of each block, of which the best one is taken."""
    found: list[list[tuple[Task, Model]] | Outcome] = [
        list(one.ready) if isinstance(one, _Choices) else one for one in begun
    ]
    if fitting.effort == 0:
        return found
    alike: dict[Hashable, list[tuple[int, _Choices]]] = {}
    for number, one in enumerate(begun):
        if isinstance(one, _Choices):
            key = one.task.layout, one.start and one.start.sizes
            alike.setdefault(key, []).append((number, one))
    for members in alike.values():
        starts = [one.start for _, one in members if one.start is not None]
        made = fit_stacks([one.task for _, one in members], starts or None, fitting, say)
        for (number, one), model in zip(members, made, strict=True):
            if isinstance(model, FitDiverged):
                found[number] = model
            else:
                found[number] = [*one.ready, (one.task, model)]
    return found


def _elsewhere(
    values: NDArray[np.floating], bound: float, filled: NDArray[np.bool_] | None
) -> Outcome:
    try:
        return ELSEWHERE + _by_ncx(values, bound, filled)
    except (BoundError, CodecError) as error:
        return error


def _by_ncx(values: NDArray[np.floating], bound: float, filled: NDArray[np.bool_] | None) -> bytes:
    absolute = ErrorBound("absolute", bound)
    if filled is None:
        return Ncx().encode(values, absolute)
    return Ncx().encode_filled(values, absolute, filled)


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
    counted = slice(None) if filled is None else ~filled
    return pack_payload(
        base,
        checksum_of(integers),
        values.dtype,
        residual.data,
        error=error_of(in_values[counted], values[counted]),
        is_sz3=residual.is_sz3,
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
