"""Blocks whose fields are alike, coded in batches, with the taps that pay."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from climcomp.codecs.neural.device.fit import Fitter
from climcomp.codecs.neural.device.memory import to_host
from climcomp.codecs.neural.device.passes import BYTES_OF_VALUE, FieldCoder, Passes
from climcomp.codecs.neural.device.sources import sources_of
from climcomp.codecs.neural.device.symbols import BYTES_OF_SYMBOLS, symbol_table, symbols_of
from climcomp.codecs.neural.device.tensors import TensorFields
from climcomp.codecs.neural.encode import Coded, code_task, coded_as
from climcomp.codecs.neural.fit import Fitted, taps_of
from climcomp.codecs.neural.geometry import Geometry
from climcomp.codecs.neural.network import Network
from climcomp.codecs.neural.taps import UNIT, Taps
from climcomp.codecs.neural.task import Task
from climcomp.codecs.neural.torch_device import bytes_to_use
from climcomp.codecs.neural.walk import Settings

T = TypeVar("T")

# Our own: what a batch may take on a device that is no GPU.
BYTES_ELSEWHERE = 1 << 28
# Our own: values of a batch on a GPU. While processors finish one, the device codes the next; fewer
# would leave it waiting for launches.
VALUES_AT_ONCE = 1 << 25
MOST_BLOCKS = (1 << 16) - 1
"""The second index of a CUDA program goes no farther."""
LARGEST_REACH = float(1 << 33)
"""Units. Where taps could predict as far as that, q could pass 32 bits: the CPU codes the block."""


def code_alike(
    tasks: dict[int, Task],
    device: torch.device,
    workers: Executor,
    finish: Callable[[int, Coded], bytes],
) -> dict[int, Future[bytes]]:
    """Code blocks of one geometry, settings and type: without taps or with, as `smallest` does.

    Parameters
    ----------
    workers
        Threads that solve for taps, run the entropy coder, and finish.
    finish
        Makes the payload of the block of a number.
    """
    with _exactly(device):
        return _Coder(next(iter(tasks.values())), device, workers, finish).payloads(tasks)


class _Coder:
    """Codes batches of blocks that are alike, each by its number; lives for one call."""

    def __init__(
        self,
        one: Task,
        device: torch.device,
        workers: Executor,
        finish: Callable[[int, Coded], bytes],
    ) -> None:
        self._geometry, self._settings, self._network = one.geometry, one.settings, one.network
        self._device, self._workers, self._finish = device, workers, finish
        self._table = symbol_table(device, is_lattice=one.settings.is_lattice)
        coder = field_coder(one.geometry, one.settings, one.network, device)
        self._most = _blocks_at_once(one, coder, device)
        self._passes = Passes(one.geometry, one.settings, one.network, coder)

    def payloads(self, tasks: dict[int, Task]) -> dict[int, Future[bytes]]:
        """Each block, coded as by `encode.smallest`."""
        fitted: dict[int, Future[Fitted]] = {}
        plain = _results(self._coded(tasks, {}, fitted))
        tried = {n: one for n, one in _results(fitted).items() if one.could_pay(plain[n].size)}
        taps = {number: one.taps for number, one in tried.items()}
        tapped = self._coded({number: tasks[number] for number in taps}, taps)
        done = {n: self._finished(n, one) for n, one in plain.items() if n not in tapped}
        for number, coded in _results(tapped).items():
            best = min(plain[number], coded, key=lambda one: one.size)
            done[number] = self._finished(number, best)
        return done

    def _finished(self, number: int, coded: Coded) -> Future[bytes]:
        return self._workers.submit(self._finish, number, coded)

    def _coded(
        self,
        tasks: dict[int, Task],
        taps: dict[int, Taps],
        fitted: dict[int, Future[Fitted]] | None = None,
    ) -> dict[int, Future[Coded]]:
        """Blocks, all with taps or all without; `fitted` gets those that each block could have."""
        coded: dict[int, Future[Coded]] = {}
        fitter, geometry = None, self._geometry
        if fitted is not None:
            fitter = Fitter(geometry, self._settings, self._network, self._device)
        far = {n for n in tasks if taps and _reach(taps[n], tasks[n]) >= LARGEST_REACH}
        for number in far:
            coded[number] = self._workers.submit(code_task, tasks[number], taps[number])
        for numbers in _parts([number for number in tasks if number not in far], self._most):
            sources = sources_of([tasks[n] for n in numbers], geometry.fields, self._device)
            made = self._passes.code(
                sources, geometry, [taps[n] for n in numbers] if taps else None
            )
            if fitter is not None and fitted is not None:
                sums = zip(*fitter.sums(sources, made.values), strict=True)
                for number, both in zip(numbers, sums, strict=True):
                    fitted[number] = self._workers.submit(taps_of, *both, fitter.points)
            for i, number in enumerate(numbers):
                symbols = to_host(symbols_of(made.coded[i], made.tables[i], self._table))
                values = to_host(made.values[i])
                coded[number] = self._workers.submit(
                    _stream_of, values, symbols, taps.get(number, {})
                )
        return coded


def _results(futures: dict[int, Future[T]]) -> dict[int, T]:
    return {number: future.result() for number, future in futures.items()}


def field_coder(
    geometry: Geometry, settings: Settings, network: Network, device: torch.device
) -> FieldCoder:
    """What codes the fields: kernels where Triton compiles for the device, else tensors.

    Triton wants a C compiler, by which it makes what launches its kernels.
    """
    compilers = (os.environ.get("CC", "cc"), "gcc", "clang")
    can_compile = importlib.util.find_spec("triton") and any(map(shutil.which, compilers))
    if device.type == "cuda" and can_compile:
        from climcomp.codecs.neural.device.fused import FusedFields

        return FusedFields(geometry, settings, network, device)
    return TensorFields(geometry, settings, network, device)


def _parts(numbers: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    """As few parts as can be, about as long as one another."""
    count = math.ceil(len(numbers) / most)
    for i in range(count):
        yield numbers[i * len(numbers) // count : (i + 1) * len(numbers) // count]


def _stream_of(values: NDArray[np.int32], symbols: NDArray[np.int32], taps: Taps) -> Coded:
    pairs = symbols.view(np.uint32)
    return coded_as(values, pairs.astype(np.uint16), (pairs >> 16).astype(np.uint16), taps)


def _reach(taps: Taps, task: Task) -> float:
    """How far from m taps can predict, in units, at most."""
    weights = max(float(np.abs(of_set.astype(np.int64)).sum()) for of_set in taps.values()) / UNIT
    ends = task.grid.targets(np.array([task.fields.min(), task.fields.max()]))
    return weights * 2 * float(np.abs(ends).max())


def _blocks_at_once(one: Task, coder: FieldCoder, device: torch.device) -> int:
    """How many blocks the memory of a device holds, and few enough to have the next at hand."""
    field = int(one.fields[0].size)
    values = one.geometry.fields * field
    of_block = values * (BYTES_OF_VALUE + int(one.fields.itemsize)) + field * coder.bytes_of_field
    if device.type != "cuda":
        return max(1, BYTES_ELSEWHERE // of_block)
    memory = bytes_to_use(device) - values * BYTES_OF_SYMBOLS
    return max(1, min(memory // of_block, VALUES_AT_ONCE // values, MOST_BLOCKS))


@contextmanager
def _exactly(device: torch.device) -> Iterator[None]:
    """Products of float32 are products of float32, whatever the program asked torch for."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            if device.type == "cuda":
                with torch.cuda.device(device):
                    yield
            else:
                yield
    finally:
        torch.set_float32_matmul_precision(before)
