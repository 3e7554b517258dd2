"""The published coordinate network, as described, in our own code: the peer of codec `inr`.

After Huang and Hoefler 2023, "Compressing multidimensional weather and climate data into neural
networks" (ICLR 2023). As described there: a point is its unit vector on the sphere beside scaled
time and level; random Fourier features of standard deviation 1.6, which take no bytes; fully
connected layers with skip connections, batch normalisation and GELU; Adam on the mean square error
of normalised values, with random points in each batch; weights stored as float16 (normalisation
folded into the layers, as it is at inference); the width follows from the bytes that are wanted.

Scaled down, as a processor of ours has no GPU-hours: the time of a fit is given, the number of its
steps follows from the time that a step takes, and the rate falls to 0 by a cosine over them, so
that every fit ends settled. Networks of a few kilobytes cannot be 12 layers of 512, as published:
depth, features and the rate are those that did best of several on the fields of the benchmark, so
that the peer is at least as good here as its published shape would be.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

SIGMA = 1.6
POINTS_OF_A_STEP = 8192
TIMED_STEPS = 20
BYTES_OF_A_WEIGHT = 2


@dataclass(frozen=True)
class Size:
    """Layers between the first and the last one, in pairs around which a skip goes; features."""

    depth: int
    features: int
    rate: float = 1e-2


def weights_of(size: Size, width: int) -> int:
    """How many there are, biases included."""
    first = (2 * size.features + 1) * width
    return first + size.depth * (width + 1) * width + width + 1


def width_for(size: Size, size_bytes: float) -> int:
    """The largest that fits."""
    width = 1
    while BYTES_OF_A_WEIGHT * weights_of(size, width + 1) <= size_bytes:
        width += 1
    return width


class _Pair(nn.Module):
    """Two layers, and what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.norms = nn.ModuleList([nn.BatchNorm1d(width), nn.BatchNorm1d(width)])

    def forward(self, x: Tensor) -> Tensor:
        h = nn.functional.gelu(self.norms[0](self.first(x)))
        return x + nn.functional.gelu(self.norms[1](self.second(h)))


class Network(nn.Module):
    """(points, 5) coordinates to (points,) normalised values."""

    def __init__(self, size: Size, width: int, inputs: int) -> None:
        super().__init__()
        self.register_buffer("drawn", torch.randn(inputs, size.features) * SIGMA)
        self.first = nn.Linear(2 * size.features, width)
        self.norm = nn.BatchNorm1d(width)
        self.pairs = nn.Sequential(*[_Pair(width) for _ in range(size.depth // 2)])
        self.last = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        turns = 2 * math.pi * (x @ self.drawn)
        x = self.first(torch.cat([torch.sin(turns), torch.cos(turns)], 1))
        found: Tensor = self.last(self.pairs(nn.functional.gelu(self.norm(x))))[:, 0]
        return found

    @torch.no_grad()
    def halve(self) -> int:
        """Fold every normalisation into its layer, round all weights to float16; their bytes."""
        layers = [(self.first, self.norm)]
        for pair in self.pairs:
            layers += [(pair.first, pair.norms[0]), (pair.second, pair.norms[1])]
        for layer, norm in layers:
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            layer.bias.copy_((layer.bias - norm.running_mean) * scale + norm.bias)
            layer.weight.copy_(layer.weight * scale[:, None])
            for part in (norm.running_mean, norm.bias):
                part.zero_()
            norm.running_var.fill_(1 - norm.eps)
            norm.weight.fill_(1)
        stored = [p for layer, _ in layers for p in layer.parameters()]
        stored += list(self.last.parameters())
        for p in stored:
            p.copy_(p.half().float())
        return BYTES_OF_A_WEIGHT * sum(p.numel() for p in stored)


@dataclass(frozen=True)
class Fit:
    """What a fit gave: the field, its bytes, its time and its steps."""

    values: NDArray[np.float64]
    size_bytes: int
    width: int
    seconds: float
    steps: int
    operations: tuple[float, float]  # of encoding and decoding, to a value


def fit_network(
    values: NDArray[np.floating],
    where: NDArray[np.float32],
    known: NDArray[np.bool_] | None,
    size: Size,
    size_bytes: float,
    seconds: float,
    seed: int = 0,
) -> Fit:
    """Fit one for so long.

    Parameters
    ----------
    where : (values.size, 5)
        Unit vector, time and level.
    known
        Which values count, of the shape of the values; None: all.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        began = time.perf_counter()
        flat = values.reshape(-1).astype(np.float64)
        counted = np.arange(flat.size) if known is None else np.flatnonzero(known.reshape(-1))
        middle, spread = float(flat[counted].mean()), float(flat[counted].std())
        targets = torch.from_numpy(((flat - middle) / spread).astype(np.float32))
        points, some = torch.from_numpy(where), torch.from_numpy(counted)
        width = width_for(size, size_bytes)
        network = Network(size, width, where.shape[1])
        steps = _descend(network, points, targets, some, size.rate, began + seconds)
        stored = network.halve()
        network.eval()
        with torch.no_grad():
            said = torch.cat([network(part) for part in points.split(1 << 16)])
        found = said.double().numpy() * spread + middle
        each = 2.0 * weights_of(size, width)
        return Fit(
            found.reshape(values.shape), stored, width, time.perf_counter() - began, steps,
            (3 * each * steps * POINTS_OF_A_STEP / values.size, each),
        )  # fmt: skip


def _descend(
    network: Network, points: Tensor, targets: Tensor, some: Tensor, rate: float, until: float
) -> int:
    """How many steps there were; the first are timed, which says how many there will be."""
    adam = torch.optim.Adam(network.parameters(), lr=rate)
    steps, taken, began = math.inf, 0, time.perf_counter()
    while taken < steps:
        share = min(1.0, taken / steps) if taken > TIMED_STEPS else 0.0
        for group in adam.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * share))
        batch = some[torch.randint(0, len(some), (POINTS_OF_A_STEP,))]
        adam.zero_grad()
        loss = nn.functional.mse_loss(network(points[batch]), targets[batch])
        loss.backward()
        adam.step()
        taken += 1
        if taken >= TIMED_STEPS and taken % TIMED_STEPS == 0:
            now = time.perf_counter()
            steps = taken + max(0.0, until - now) / ((now - began) / taken)
    return taken
