"""Networks of many blocks fitted in one batch, beside the products that the device could do.

`pytest tests/benchmarks/test_inr_device.py --benchmark-enable -s` fits networks of codec `inr` to
64 blocks of 16 x 256 x 256 float32 values (a million each, 268 MB; fields like mesoscale
temperature that follow one another, bound 1 % of their standard deviation) on a CUDA device. Where
there is none it fits 4 blocks of 4 x 128 x 256 on the CPU by one thread, and says so. For each kind
of network and precision it prints, of all steps of the usual effort (none ends early here),

- seconds, and values fitted in a second;
- floating-point operations of the batched products, forward and backward, in a second, as torch
  counts them, and what part that is of what a product of large square matrices reaches in the same
  type in the same run;
- seconds of `encode_together`: with the search for sizes before the fit and the residuals after it,
  by all processors beside a GPU.

Every payload is decoded by the CPU, and is within the bound. Sought: 64 blocks of a million values
in 120 s on an H200.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import usable_bound
from climcomp.codecs.neural.inr import descent, fit
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.search import choices_for_bound
from climcomp.codecs.neural.inr.task import Task, tasks_of
from climcomp.header import GRID_BODY
from climcomp.prepare import Body
from tests.benchmarks.weather_blocks import weather_blocks

BOUND = ErrorBound("absolute", 0.04)
SETTINGS: list[dict[str, Any]] = [
    {"kind": "grids", "precision": "float32"},
    {"kind": "grids", "precision": "bfloat16"},
    {"kind": "fourier", "precision": "float32"},
    {"kind": "siren", "precision": "float32"},
]


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{s['kind']}-{s['precision']}")
def test_many_networks_in_one_batch(
    settings: dict[str, Any], measuring: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = (4, 24, 32)
    if measuring:
        shape = (16, 256, 256) if device == "cuda" else (4, 128, 256)
    count = 2 if not measuring else 64 if device == "cuda" else 4
    blocks = weather_blocks(count, *shape)
    codec = Inr(**settings) if measuring else Inr(**settings, effort=4)
    bodies = [Body(codec, GRID_BODY, values, BOUND) for values in blocks]
    started = time.perf_counter()
    payloads = codec.encode_together(bodies, device, print)
    whole = time.perf_counter() - started
    size = 0
    for values, payload in zip(blocks, payloads, strict=True):
        assert isinstance(payload, bytes)
        decoded = codec.decode(payload, values.shape, values.dtype)
        assert np.abs(decoded.astype(np.float64) - values).max() <= BOUND.value
        size += len(payload)
    if measuring:
        monkeypatch.setattr(descent, "LEAST_FALL", -np.inf)
        _print_speeds(blocks, codec, device, whole, size)


def _print_speeds(
    blocks: list[NDArray[np.float32]], codec: Inr, device: str, whole: float, size: int
) -> None:
    usable = usable_bound(BOUND.value, blocks[0])
    tasks = [tasks_of(v, usable, None, BOUND.value / 2)[-1] for v in blocks]
    fit_all = _fit_of(tasks, codec, device)
    fit_all(2)  # makes room, and chooses kernels
    seconds = _seconds(lambda: fit_all(codec.steps))
    with FlopCounterMode(display=False) as counter:
        fit_all(2)
    operations = counter.get_total_flops() / 2 * codec.steps
    limit = _limit(codec.precision, device)
    values = sum(v.size for v in blocks)
    name = torch.cuda.get_device_name() if device == "cuda" else "SCALED DOWN, torch on the CPU"
    print(
        f"\n{name}, torch {torch.__version__}, {torch.get_num_threads()} threads of "
        f"{os.cpu_count()} processors: {len(blocks)} blocks of {blocks[0].shape}, {codec.kind}, "
        f"{codec.precision}, {codec.steps} steps, bound {BOUND.value}, "
        f"{4 * values / size:.2f} times smaller\n"
        f"fit {seconds:.2f} s, {values / seconds / 1e6:.2f} M values/s; "
        f"{operations / values:.0f} operations a value, {operations / seconds / 1e9:.1f} GFLOP/s, "
        f"{100 * operations / seconds / limit:.1f} % of {limit / 1e9:.1f} GFLOP/s of large products"
        f"\nencode_together {whole:.2f} s, {4 * values / whole / 1e6:.2f} MB/s"
    )
    if device == "cuda":
        print(f"peak on the device {torch.cuda.max_memory_allocated() / values:.0f} bytes a value")


def _fit_of(tasks: list[Task], codec: Inr, device: str) -> Callable[[int], object]:
    """A fit of all blocks in one batch, in so many steps."""

    def run(steps: int) -> object:
        fitting = Inr(codec.kind, steps, codec.precision)._fitting(device)
        if codec.kind == "grids":
            return fit.refine_grids(tasks, starts, fitting)
        return fit.fit_waves(tasks, fitting, fit.width_for(tasks[0]))

    # One choice of sizes for all, so that they are one batch.
    first = choices_for_bound(tasks[:1], BOUND.value)[0]
    starts = [first.grids(task) for task in tasks]
    return run


def _limit(precision: str, device: str) -> float:
    """Operations in a second of a product of large square matrices."""
    size = 8192 if device == "cuda" else 1024
    a = torch.ones(size, size, device=device, dtype=getattr(torch, precision))
    times = []
    for _ in range(4):
        times.append(_seconds(lambda: a @ a))
    return 2 * size**3 / min(times)
