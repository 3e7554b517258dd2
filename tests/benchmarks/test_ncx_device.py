"""Many blocks of codec `ncx` at once on a device, beside the CPU and beside what limits the device.

`pytest tests/benchmarks/test_ncx_device.py --benchmark-enable -s` encodes 64 blocks of 16 x 256 x
256 float32 values (268 MB; fields like mesoscale temperature that follow one another, bound 1 % of
their standard deviation) on a CUDA device, or one block of them on the CPU by torch where there is
none, and prints MB/s of input, the median of five runs and their spread, in the same run as

- `Ncx.encode` on one processor, of one block;
- copies of the same bytes to the device and back;
- the bare products of the network for as many values, whose sum is what no kernel can save.

Every payload is compared with that of the CPU, bit for bit, and one is decoded.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.device import encode_blocks
from climcomp.codecs.neural.models import foundation
from climcomp.codecs.neural.ncx import Ncx
from tests.benchmarks.weather_blocks import weather_blocks

RUNS = 5


def _seconds(call: Callable[[], object], runs: int) -> NDArray[np.float64]:
    call()  # compiles kernels, and makes room
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        found.append(time.perf_counter() - began)
    return np.sort(found)


def test_many_blocks_on_a_device(measuring: bool) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    count = 2 if not measuring else 64 if device == "cuda" else 1
    blocks = weather_blocks(count, *((16, 256, 256) if measuring else (2, 24, 32)))
    codec, bound = Ncx(), 0.04
    payloads = encode_blocks(blocks, bound, codec, device)
    expected = [codec.encode(values, ErrorBound("absolute", bound)) for values in blocks]
    assert payloads == expected
    decoded = codec.decode(payloads[-1], blocks[-1].shape, blocks[-1].dtype)
    assert np.abs(decoded.astype(np.float64) - blocks[-1]).max() <= bound
    if measuring:
        _print_speeds(blocks, payloads, bound, codec, device)


def _print_speeds(
    blocks: list[NDArray[np.float32]], payloads: list[bytes], bound: float, codec: Ncx, device: str
) -> None:
    size = sum(values.nbytes for values in blocks)
    one, absolute = blocks[0], ErrorBound("absolute", bound)
    speeds = {
        f"encode_blocks on {device}": size
        / _seconds(lambda: encode_blocks(blocks, bound, codec, device), RUNS),
        "Ncx.encode, one processor": one.nbytes / _seconds(lambda: codec.encode(one, absolute), 3),
        "copies there and back": size / _seconds(_copies(blocks, device), RUNS),
        "products of the network": size / _seconds(_products(size // 4, device), RUNS),
    }
    name = torch.cuda.get_device_name() if device == "cuda" else "torch on the CPU"
    print(
        f"\n{name}, torch {torch.__version__}, {os.cpu_count()} processors: {len(blocks)} blocks "
        f"of {one.shape} {one.dtype}, bound {bound}, {size / 1e6:.0f} MB, "
        f"{size / sum(map(len, payloads)):.2f} times smaller"
    )
    for label, found in speeds.items():
        low, middle, high = found.min() / 1e6, np.median(found) / 1e6, found.max() / 1e6
        print(f"{label:<28} {middle:>10.1f} MB/s ({low:.1f} to {high:.1f})")
    if device == "cuda":
        print(f"peak on the device {torch.cuda.max_memory_allocated() / size:.1f} times the input")


def _copies(blocks: list[NDArray[np.float32]], device: str) -> Callable[[], object]:
    host = torch.empty((len(blocks), *blocks[0].shape), pin_memory=device == "cuda")
    np.stack(blocks, out=host.numpy())
    return lambda: host.copy_(host.to(device, copy=True))


def _products(values: int, device: str) -> Callable[[], object]:
    """The three products that every value takes, in parts of a million of them."""
    c = foundation().compiled()
    layers = [torch.from_numpy(w).to(device) for w in (c.first, c.skip, c.second, c.third)]
    first = torch.cat(layers[:2])
    points = min(values, 1 << 20)
    inputs = torch.ones((first.shape[1], points), device=device)

    def run() -> None:
        for _ in range(values // points):
            hidden = (first @ inputs)[: len(layers[2])]
            _ = layers[3] @ (layers[2] @ hidden)

    return run
