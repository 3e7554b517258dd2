"""Blocks in, payloads out: the same bytes as `Ncx.encode`, of many blocks at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import absolute_bound, check_values, usable_bound
from climcomp.codecs.neural.block import encode_elsewhere, payload_of
from climcomp.codecs.neural.encode import Coded
from climcomp.codecs.neural.grid import ALPHAS
from climcomp.codecs.neural.models import FOUNDATION, network_named
from climcomp.codecs.neural.ncx import Ncx
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.task import Task, task_of
from climcomp.codecs.neural.torch_device import device_named, processors
from climcomp.errors import BoundError, CodecError


def encode_blocks(
    blocks: Sequence[NDArray[np.floating]],
    bound: float,
    codec: Ncx,
    device: str,
    filled: Sequence[NDArray[np.bool_] | None] | None = None,
) -> list[bytes]:
    """The payload of every block, bit for bit what `codec.encode` gives, or `encode_filled`.

    Parameters
    ----------
    blocks
        Finite float32 or float64 values of any shapes. Those of one shape and type are coded
        together, as many as the memory of the device holds.
    bound
        Absolute, in the unit of the values.
    device
        `cuda`, `cuda:` and a number, or `cpu`.
    filled
        For each block which of its values only fill gaps, of its shape and False somewhere; None
        where none does.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    UsageError
        If there is no such device.
    CodecError
        If a block is not of floats, or SZ3 refuses what is left to it; it is named by its place.
    BoundError
        If the bound is no bound, or below the spacing of the values' floats in a block.
    """
    where = device_named(device, codec.name)
    asked = absolute_bound(ErrorBound("absolute", bound), codec)
    network = network_named(codec.network or FOUNDATION)
    from climcomp.codecs.neural.device.batches import code_alike

    gaps = filled or [None] * len(blocks)

    def begin(number: int, values: NDArray[np.floating]) -> Task | bytes:
        try:
            return _task(values, asked, codec, network, gaps[number])
        except (BoundError, CodecError) as error:
            raise type(error)(f"block {number} of {len(blocks)}: {error}") from error

    with ThreadPoolExecutor(processors()) as workers:
        begun = dict(enumerate(workers.map(begin, range(len(blocks)), blocks)))
        payloads = {number: one for number, one in begun.items() if isinstance(one, bytes)}
        tasks = {number: one for number, one in begun.items() if isinstance(one, Task)}
        groups: dict[Any, list[int]] = {}
        for number, task in tasks.items():
            alike = (task.geometry, task.settings, task.fields.dtype, task.loose is None)
            groups.setdefault(alike, []).append(number)

        def finish(number: int, coded: Coded) -> bytes:
            return payload_of(blocks[number], asked, tasks[number], coded, gaps[number])

        futures: dict[int, Future[bytes]] = {}
        for numbers in groups.values():
            futures |= code_alike({n: tasks[n] for n in numbers}, where, workers, finish)
        payloads |= {number: future.result() for number, future in futures.items()}
    return [payloads[number] for number in range(len(blocks))]


def _task(
    values: NDArray[np.floating],
    bound: float,
    codec: Ncx,
    network: Network,
    filled: NDArray[np.bool_] | None,
) -> Task | bytes:
    """How a block is coded; its payload where it is empty or left to SZ3."""
    check_values(values, codec.name)
    if values.size == 0:
        return b""
    usable = usable_bound(bound, values)
    try:
        return task_of(
            values,
            usable,
            network,
            hierarchical=codec.frames == "hierarchical",
            axis=codec.axis,
            alpha=ALPHAS.index(codec.alpha),
            tails=codec.tails,
            filled=filled,
        )
    except CodecError:
        return encode_elsewhere(values, bound)
