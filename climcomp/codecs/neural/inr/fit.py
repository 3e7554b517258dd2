"""Fit networks by descent: many blocks at once, with the code length of their own weights.

Imports torch; all else of `inr` does without. Blocks of one layout are stacked along a first
dimension, K, and every product is a batched one, so that a GPU is as busy with small blocks as with
one large. Seeds come from the blocks' bytes, and starting numbers from the CPU, so that the same
block on the same device gives the same network, whatever is fitted beside it (but for what the
order of a batched sum rounds off). On another device it gives another one.

The cost is a rate and a distortion, in bits to a value. The rate is that of the quantised weights,
2^-N sum of N log2(1 + 2 e m) over arrays of N numbers with the mean magnitude m: within a few
percent of the entropy of a Laplace distribution. The distortion is the mean square error over that
of the tolerance, or, for latent grids beside a residual, what a coder that interpolates from coarse
to fine spends on the residual. First, uniform noise stands for the rounding of weights (Balle et
al. 2017), later, the rounded weights themselves (straight through). A fit ends early where the cost
no longer falls: see `descent`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from climcomp.codecs.neural.inr.coordinates import ONE as COORDINATE_ONE
from climcomp.codecs.neural.inr.coordinates import grid_coordinates
from climcomp.codecs.neural.inr.descent import Flags, descend
from climcomp.codecs.neural.inr.features import PER_TURN, frequencies
from climcomp.codecs.neural.inr.fitting import Fitting
from climcomp.codecs.neural.inr.grids import (
    GAIN_ONE,
    HIDDEN_ONE,
    INPUT_SHIFT,
    LARGEST_BIAS,
    LARGEST_EXPONENT,
    LARGEST_HIDDEN,
    LARGEST_INPUT,
    LARGEST_LATENT,
    LARGEST_STEP,
    LARGEST_WEIGHT,
    STEP_ONE,
    TOTAL_SHIFT,
    WEIGHT_ONE,
    Grids,
    Sizes,
    Synthesis,
)
from climcomp.codecs.neural.inr.splines import ONE as SPLINE_ONE
from climcomp.codecs.neural.inr.task import Task
from climcomp.codecs.neural.inr.waves import LARGEST_BIAS as LARGEST_WAVE_BIAS
from climcomp.codecs.neural.inr.waves import LARGEST_GAIN, LEAK, Shape, Waves
from climcomp.codecs.neural.inr.waves import LARGEST_WEIGHT as LARGEST_WAVE_WEIGHT

HIDDEN = 8
"""Units of the synthesis network of latent grids."""
# Our own, tried on the fields that `search` names.
LATENT_RATE, SYNTHESIS_RATE = 0.05, 0.02
FOURIER_RATE, SIREN_RATE = 2e-2, 1e-2
POINTS_OF_A_STEP = 8192
FEATURES = 32
WAVE_DEPTH = 2
WAVE_SHIFT = 7
BITS_OF_A_WEIGHT = 6  # about what they take at these steps
# The standard deviation of frequencies. Huang and Hoefler have 1.6, for fits of minutes; in 400
# steps a quarter of it left a tenth of the error on ERA-Interim heights. Small fields hold less
# (our own).
MOST_TURNS, POINTS_OF_A_TURN = 0.35, 64
SIREN_TURNS = 30 / (2 * math.pi)
HIDDEN_TURNS = 1 / (2 * math.pi)


def _generators(tasks: Sequence[Task], device: str = "cpu") -> list[torch.Generator]:
    """One for each block, so that its numbers do not depend on the blocks beside it."""
    return [torch.Generator(device).manual_seed(task.seed) for task in tasks]


def _on(device: str, values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device)


def _stacked(blocks: Sequence[NDArray[Any]], device: str) -> Tensor:
    return _on(device, np.stack([values.astype(np.float32) for values in blocks]))


def _rounded(value: Tensor) -> Tensor:
    """Rounded, with the gradient of the value itself."""
    return value + (torch.round(value) - value).detach()


def _code_length(value: Tensor) -> Tensor:
    """(K,) bits of the whole numbers of K arrays."""
    mean = value.abs().flatten(1).mean(1)
    return value[0].numel() * torch.log2(1 + 2 * math.e * mean)


def _rate(taken: Sequence[Tensor]) -> Tensor:
    """(K,) bits of all arrays of K blocks."""
    return torch.stack([_code_length(x) for x in taken]).sum(0)


def _mixed(fitting: Fitting) -> AbstractContextManager[None]:
    found: AbstractContextManager[None] = torch.autocast(
        torch.device(fitting.device).type,
        dtype=torch.bfloat16,
        enabled=fitting.precision == "bfloat16",
    )
    return found


def refine_grids(
    tasks: Sequence[Task],
    starts: Sequence[Grids],
    fitting: Fitting,
) -> list[Grids]:
    """Latent grids after a descent, with a synthesis network.

    Parameters
    ----------
    tasks, starts
        Of one layout and one choice of sizes; steps may differ.

    Raises
    ------
    FitDiverged
        If the fit of some block diverges; it says of which.
    """
    device = fitting.device
    plan = _GridPlan(tasks, starts, HIDDEN, device)
    numbers = [*plan.latents, *plan.synthesis]
    points = tasks[0].layout.points
    known, noise = _known(tasks, device), _generators(tasks, device)

    def cost(rounds: Flags, share: float) -> Tensor:
        taken = [_taken(x, rounds, noise) for x in numbers]
        with _mixed(fitting):
            said = plan.forward(taken)
        left = (said.float() - plan.targets) * known
        distortion = _interpolation_bits(left)
        if len(taken) > 1:
            distortion = distortion + share * _rate(taken[1:]) / points
        return distortion

    groups: list[dict[str, object]] = [
        {"params": plan.latents, "lr": LATENT_RATE},
        {"params": plan.synthesis, "lr": SYNTHESIS_RATE * WEIGHT_ONE},
    ]
    descend(groups, cost, fitting.effort)
    return plan.results()


def _taken(value: Tensor, rounds: Flags, noise: Sequence[torch.Generator]) -> Tensor:
    """Rounded for some of the K blocks, noisy for the others."""
    if rounds.all():
        return _rounded(value)
    drawn = [torch.rand(value.shape[1:], generator=one, device=value.device) for one in noise]
    noisy = value + torch.stack(drawn) - 0.5
    if not rounds.any():
        return noisy
    which = torch.from_numpy(rounds.copy()).to(value.device)
    return torch.where(which.reshape(-1, *[1] * (value.ndim - 1)), _rounded(value), noisy)


def _known(tasks: Sequence[Task], device: str) -> Tensor:
    """(K, ...) 1 where a value counts, else 0."""
    found = [np.ones(t.layout.lengths, np.float32) if t.known is None else t.known for t in tasks]
    return _stacked(found, device)


def _square_bits(left: Tensor) -> Tensor:
    """(K,) half the logarithm of the mean square, in tolerances: bits to a value at a high rate."""
    return 0.5 * torch.log2((left**2).flatten(1).mean(1) + 1e-9)


def _interpolation_bits(left: Tensor) -> Tensor:
    """(K,) what interpolation along an axis leaves at strides 2 to 32, in bits to a value."""
    total = torch.zeros(len(left), device=left.device)
    for power in range(1, 6):
        stride = 1 << power
        for axis in (-1, -2):
            length = left.shape[axis]
            if length <= 2 * stride:
                continue
            middle = left.narrow(axis, stride, length - 2 * stride)
            around = left.narrow(axis, 0, length - 2 * stride)
            around = around + left.narrow(axis, 2 * stride, length - 2 * stride)
            bits = 0.25 * torch.log2(1 + (middle - around / 2) ** 2)
            total = total + bits.flatten(1).mean(1) * (3 / 4**power)
    return total


class _GridPlan:
    """The grids of K blocks as parameters, and back; lives as long as one fit."""

    def __init__(
        self,
        tasks: Sequence[Task],
        starts: Sequence[Grids],
        hidden: int,
        device: str,
    ) -> None:
        self.sizes, self.layout = starts[0].sizes, tasks[0].layout
        self.starts, self.hidden = starts, hidden
        tolerance = np.array([task.tolerance for task in tasks])
        self.targets = _stacked([t.targets / t.tolerance for t in tasks], device)
        levels = range(self.sizes.levels)
        self.matrices = [
            [
                None if m is None else _on(device, m / SPLINE_ONE)
                for m in self.sizes.matrices(self.layout, level)
            ]
            for level in levels
        ]
        self.latents = [_on(device, np.stack([g.latents[n] for g in starts])) for n in levels]
        # What a step is in tolerances, (K, 1, 1, 1, 1).
        self.scales = [
            _on(device, np.array([g.steps[n] for g in starts]) / STEP_ONE / tolerance).reshape(
                -1, 1, 1, 1, 1
            )
            for n in levels
        ]
        # Inputs of the synthesis network are about 1 where a level is at its standard deviation.
        spread = [
            [max(float(np.std(g.latents[n])) * g.steps[n] / STEP_ONE, 1e-9) for n in levels]
            for g in starts
        ]
        most = TOTAL_SHIFT - INPUT_SHIFT
        self.exponents = [
            [
                min(LARGEST_EXPONENT, max(0, most + math.ceil(math.log2(s / HIDDEN_ONE))))
                for s in row
            ]
            for row in spread
        ]
        shrink = np.exp2(most - np.array(self.exponents, dtype=np.float64))
        self.shrink = _on(device, tolerance[:, None] * shrink)
        # An output of 1 is one standard deviation of the finest level.
        self.gains = [
            min(LARGEST_STEP, max(1, round(row[-1] * GAIN_ONE / HIDDEN_ONE))) for row in spread
        ]
        self.gain = _on(device, np.array(self.gains) / GAIN_ONE / tolerance).reshape(-1, 1, 1)
        self.synthesis: list[Tensor] = []
        if hidden:
            shape = (hidden, self.sizes.levels)
            drawn = [torch.randn(shape, generator=one) for one in _generators(tasks)]
            first = torch.stack(drawn) * (WEIGHT_ONE / math.sqrt(self.sizes.levels))
            others = torch.zeros(len(tasks), hidden, 1), torch.zeros(len(tasks), 1, hidden)
            self.synthesis = [x.to(device) for x in (first, *others)]
        for x in (*self.latents, *self.synthesis):
            x.requires_grad_()

    def forward(self, taken: list[Tensor]) -> Tensor:
        """(K, before, steps, rows, columns) the base, in tolerances."""
        parts = []
        for latents, scale, matrices in zip(taken, self.scales, self.matrices, strict=False):
            x = latents * scale
            for axis, matrix in enumerate(matrices):
                if matrix is not None:
                    x = torch.movedim(torch.movedim(x, axis + 1, -1) @ matrix.T, -1, axis + 1)
            parts.append(x)
        total = torch.stack(parts).sum(0)
        if not self.hidden:
            return total
        first, bias, second = taken[len(parts) :]
        inputs = torch.stack([x.flatten(1) for x in parts], 1) * self.shrink[:, :, None]
        inputs = inputs.clamp(-LARGEST_INPUT, LARGEST_INPUT)  # (K, levels, points)
        sums = torch.baddbmm(bias * HIDDEN_ONE, first, inputs) / WEIGHT_ONE
        said = torch.bmm(second, sums.clamp(0, LARGEST_HIDDEN)) / WEIGHT_ONE * self.gain
        return total + said.reshape(total.shape)

    def results(self) -> list[Grids]:
        """Whole numbers."""
        found = []
        every, of_synthesis = _whole(self.latents), _whole(self.synthesis)
        for k, start in enumerate(self.starts):
            latents = tuple(np.clip(x[k], -LARGEST_LATENT, LARGEST_LATENT) for x in every)
            sizes, synthesis = self.sizes, None
            if self.hidden:
                first, bias, second = (x[k] for x in of_synthesis)
                synthesis = Synthesis(
                    tuple(self.exponents[k]),
                    self.gains[k],
                    np.clip(first, -LARGEST_WEIGHT, LARGEST_WEIGHT),
                    np.clip(bias[:, 0], -LARGEST_BIAS, LARGEST_BIAS),
                    np.clip(second[0], -LARGEST_WEIGHT, LARGEST_WEIGHT),
                )
                if not synthesis.second.any():
                    synthesis = None
            hidden = self.hidden if synthesis is not None else 0
            sizes = Sizes(sizes.finest, sizes.levels, sizes.before, sizes.steps, hidden)
            found.append(Grids(sizes, start.steps, latents, synthesis))
        return found


def _whole(values: Sequence[Tensor], step: float = 1.0) -> list[NDArray[np.int64]]:
    """As so many steps."""
    return [np.rint(x.detach().cpu().numpy() / step).astype(np.int64) for x in values]


def width_for(task: Task) -> int:
    """Units of a layer beside a residual: few, as the residual costs most (our own)."""
    return 16 if task.layout.points < 1 << 18 else 24


def size_of(task: Task, fitting: Fitting, width: int) -> float:
    """Bytes that a network of coordinates takes, nearly."""
    layers = _shape(task, fitting, width).layers(task.layout)
    return sum(out * (into + 1) for out, into in layers) * BITS_OF_A_WEIGHT / 8


def _shape(task: Task, fitting: Fitting, width: int) -> Shape:
    latitudes = fitting.latitudes if task.layout.wraps else None
    widest = min(MOST_TURNS, min(task.layout.field) / POINTS_OF_A_TURN)
    features = 0 if fitting.kind == "siren" else FEATURES
    return Shape(
        WAVE_DEPTH, width, features, WAVE_SHIFT, field_width=round(16 * widest), latitudes=latitudes
    )


def fit_waves(tasks: Sequence[Task], fitting: Fitting, width: int) -> list[Waves]:
    """Networks of coordinates for blocks of one layout.

    Raises
    ------
    FitDiverged
        If the fit of some block diverges; it says of which.
    """
    device, noise = fitting.device, _generators(tasks, fitting.device)
    layout, is_siren = tasks[0].layout, fitting.kind == "siren"
    shape = _shape(tasks[0], fitting, width)
    latitudes = shape.latitudes
    seeds = [task.seed for task in tasks]
    spread = [max(float(task.targets.std()), 1e-9) for task in tasks]
    gains = [min(LARGEST_GAIN, max(1, round(s))) for s in spread]
    scaled = [t.targets / gain for t, gain in zip(tasks, gains, strict=True)]
    targets = _stacked(scaled, device).flatten(1)
    tolerance = _on(device, np.array([t.tolerance for t in tasks]) / np.array(gains))[:, None]
    every = [grid_coordinates(layout, latitudes, field) for field in range(layout.fields)]
    where = _on(device, np.concatenate(every, axis=1) / COORDINATE_ONE)
    drawn = torch.zeros(len(tasks), 0, len(where), device=device)
    if shape.features:
        turns = [frequencies(seed, shape.widths(layout), shape.features) for seed in seeds]
        drawn = _on(device, np.stack(turns)) * (2 * math.pi / PER_TURN)
    known = _known(tasks, device).flatten(1)
    begun = _generators(tasks)
    layers = [
        _first_layer(begun, out, into, number, is_siren)
        for number, (out, into) in enumerate(shape.layers(layout))
    ]
    numbers = [x.to(device).requires_grad_() for layer in layers for x in layer]
    # The same points for every block, so that it does not matter which are beside it.
    chosen = torch.Generator(device).manual_seed(0)
    step = 2.0**-shape.shift

    def cost(rounds: Flags, share: float) -> Tensor:
        taken = [_taken(x / step, rounds, noise) for x in numbers]
        some = torch.randint(
            0, targets.shape[1], (POINTS_OF_A_STEP,), generator=chosen, device=device
        )
        with _mixed(fitting):
            said = _said([x * step for x in taken], drawn, where[:, some], is_siren)
        left = (said.float() - targets[:, some]) / tolerance * known[:, some]
        return _square_bits(left) + share * _rate(taken) / targets.shape[1]

    rate = SIREN_RATE if is_siren else FOURIER_RATE
    descend([{"params": numbers, "lr": rate}], cost, fitting.effort)
    found, every_number = [], _whole(numbers, step)
    for k, seed in enumerate(seeds):
        whole = [x[k] for x in every_number]
        done = tuple(
            (
                np.clip(weight, -LARGEST_WAVE_WEIGHT, LARGEST_WAVE_WEIGHT),
                np.clip(bias[:, 0], -LARGEST_WAVE_BIAS, LARGEST_WAVE_BIAS),
            )
            for weight, bias in zip(whole[::2], whole[1::2], strict=True)
        )
        found.append(Waves(shape, seed, gains[k], done))
    return found


def _first_layer(
    begun: Sequence[torch.Generator], out: int, into: int, number: int, is_siren: bool
) -> tuple[Tensor, Tensor]:
    """Weights (K, out, in) and biases (K, out, 1) that a fit begins with."""
    if is_siren:
        limit = SIREN_TURNS / into if number == 0 else math.sqrt(6 / into) * HIDDEN_TURNS
        drawn = torch.stack([torch.rand(out, into, generator=one) for one in begun])
        weight = (2 * drawn - 1) * limit
    else:
        drawn = torch.stack([torch.randn(out, into, generator=one) for one in begun])
        weight = drawn / math.sqrt(into)
    return weight, torch.zeros(len(begun), out, 1)


def _said(layers: list[Tensor], drawn: Tensor, where: Tensor, is_siren: bool) -> Tensor:
    """(K, points) what the networks say, in their gains."""
    weights, biases = layers[::2], layers[1::2]
    blocks = weights[0].shape[0]
    x = where.expand(blocks, *where.shape)
    if is_siren:
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            x = torch.sin(2 * math.pi * torch.baddbmm(bias, weight, x))
        return torch.baddbmm(biases[-1], weights[-1], x)[:, 0]
    turns = torch.bmm(drawn, x)
    h = torch.baddbmm(biases[0], weights[0], torch.cat([torch.sin(turns), torch.cos(turns)], 1))
    for n in range(1, len(weights) - 1, 2):
        inner = torch.baddbmm(biases[n], weights[n], _leaky(h))
        h = h + torch.baddbmm(biases[n + 1], weights[n + 1], _leaky(inner))
    return torch.baddbmm(biases[-1], weights[-1], _leaky(h))[:, 0]


def _leaky(x: Tensor) -> Tensor:
    return torch.nn.functional.leaky_relu(x, 1 / LEAK)
