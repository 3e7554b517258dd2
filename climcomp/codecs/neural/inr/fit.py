"""Fit networks by descent: many blocks at once, with the code length of their own weights.

Imports torch; all else of `inr` does without. Blocks of one layout are stacked along a first
dimension, K, and every product is a batched one, so that a GPU is as busy with small blocks as with
one large. Seeds come from the blocks' bytes, so that the same block on the same device gives the
same network.

The cost is a rate and a distortion, in bits to a value. The rate is that of the quantised weights,
2^-N sum of N log2(1 + 2 e m) over arrays of N numbers with the mean magnitude m: within a few
percent of the entropy of a Laplace distribution. The distortion is the mean square error over that
of the tolerance, or, for latent grids beside a residual, what a coder that interpolates from coarse
to fine spends on the residual. First, uniform noise stands for the rounding of weights (Balle et
al. 2017), later, the rounded weights themselves (straight through). A fit ends early where the cost
no longer falls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor

from climcomp.codecs.neural.inr.coordinates import ONE as COORDINATE_ONE
from climcomp.codecs.neural.inr.coordinates import grid_coordinates
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
from climcomp.errors import CodecError

HIDDEN = 8
"""Units of the synthesis network of latent grids."""
# Our own, tried on the fields that `search` names.
WINDOW = 15  # steps between two looks at the cost
LEAST_FALL = 1e-3  # of the cost in a window, below which a phase ends
NOISY = 0.6  # of all steps, at most, with noise in place of rounding
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


def _generator(tasks: Sequence[Task]) -> torch.Generator:
    made = torch.Generator()
    made.manual_seed(sum((number + 1) * task.seed for number, task in enumerate(tasks)))
    return made


def _rounded(value: Tensor) -> Tensor:
    """Rounded, with the gradient of the value itself."""
    return value + (torch.round(value) - value).detach()


def _code_length(value: Tensor) -> Tensor:
    """Bits of the whole numbers of K arrays."""
    mean = value.abs().flatten(1).mean(1)
    return value[0].numel() * torch.log2(1 + 2 * math.e * mean).sum()


def _mixed(precision: str) -> AbstractContextManager[None]:
    found: AbstractContextManager[None] = torch.autocast(
        "cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16"
    )
    return found


def descend(
    groups: list[dict[str, object]], cost: Callable[[bool, float], Tensor], effort: int
) -> None:
    """Lower a cost by Adam, first with noise for rounding, then without.

    Parameters
    ----------
    groups
        Of parameters, each with its rate.
    cost
        Of whether weights are rounded, not noisy, and the share of the rate that counts: at first
        none, or Adam would let weights shrink that no point has asked for yet.

    Raises
    ------
    CodecError
        If the cost is no number: the fit diverges.
    """
    adam = torch.optim.Adam(groups, betas=(0.9, 0.98))
    rates = [float(group["lr"]) for group in adam.param_groups]
    rounds, before, seen, phase = False, math.inf, 0.0, 0
    for step in range(effort):
        rounds = rounds or step >= NOISY * effort
        for group, rate in zip(adam.param_groups, rates, strict=True):
            group["lr"] = rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / effort)))
        adam.zero_grad()
        found = cost(rounds, min(1.0, step / (NOISY * effort)))
        found.backward()  # type: ignore[no-untyped-call]
        adam.step()
        seen += float(found.detach())
        phase += 1
        if not math.isfinite(seen):
            raise CodecError(
                f"the fit of codec 'inr' diverges: its cost is {float(found.detach()):g} at step "
                f"{step} of {effort}. Use another kind, effort 0 of 'grids', or the next codec"
            )
        if phase % WINDOW == 0:
            if before - seen < LEAST_FALL * abs(before) and before < math.inf:
                if rounds:
                    break
                rounds, phase, seen = True, 0, math.inf
            before, seen = seen, 0.0


def refine_grids(
    tasks: Sequence[Task],
    starts: Sequence[Grids],
    fitting: Fitting,
    *,
    is_preview: bool = False,
    weight: float = 1.0,
    hidden: int = HIDDEN,
) -> list[Grids]:
    """Latent grids after a descent, with a synthesis network.

    Parameters
    ----------
    tasks, starts
        Of one layout and one choice of sizes; steps may differ.
    is_preview
        Whether the distortion is the mean square, in place of the length of a coded residual.
    weight
        Of the rate.

    Raises
    ------
    CodecError
        If the fit diverges.
    """
    generator = _generator(tasks)
    plan = _GridPlan(tasks, starts, hidden, generator)
    numbers = [*plan.latents, *plan.synthesis]
    points = tasks[0].layout.points
    known = _known(tasks)

    def cost(rounds: bool, share: float) -> Tensor:
        taken = [_taken(x, rounds, generator) for x in numbers]
        with _mixed(fitting.precision):
            said = plan.forward(taken)
        left = (said.float() - plan.targets) * known
        distortion = _square_bits(left) if is_preview else _interpolation_bits(left)
        rate = sum((_code_length(x) for x in taken[1:]), torch.zeros(()))
        return distortion + share * weight * rate / points

    groups: list[dict[str, object]] = [
        {"params": plan.latents, "lr": LATENT_RATE},
        {"params": plan.synthesis, "lr": SYNTHESIS_RATE * WEIGHT_ONE},
    ]
    descend(groups, cost, fitting.effort)
    return plan.results()


def _taken(value: Tensor, rounds: bool, generator: torch.Generator) -> Tensor:
    if rounds:
        return _rounded(value)
    return value + torch.rand(value.shape, generator=generator) - 0.5


def _known(tasks: Sequence[Task]) -> Tensor:
    """(K, ...) 1 where a value counts, scaled so that its mean is 1."""
    found = []
    for task in tasks:
        some = np.ones(task.layout.lengths, np.float32)
        if task.known is not None:
            some = task.known.astype(np.float32)
        found.append(torch.from_numpy(some))
    return torch.stack(found)


def _square_bits(left: Tensor) -> Tensor:
    """Half the logarithm of the mean square, in tolerances: bits to a value, at a high rate."""
    return 0.5 * torch.log2((left**2).flatten(1).mean(1) + 1e-9).sum()


def _interpolation_bits(left: Tensor) -> Tensor:
    """What interpolation along rows and columns leaves at strides 2 to 32, in bits to a value."""
    total = torch.zeros(())
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
            total = total + bits.flatten(1).mean(1).sum() * (3 / 4**power)
    return total


class _GridPlan:
    """The grids of K blocks as parameters, and back; lives as long as one fit."""

    def __init__(
        self,
        tasks: Sequence[Task],
        starts: Sequence[Grids],
        hidden: int,
        generator: torch.Generator,
    ) -> None:
        self.sizes, self.layout = starts[0].sizes, tasks[0].layout
        self.starts, self.hidden = starts, hidden
        tolerance = np.array([task.tolerance for task in tasks])
        self.targets = torch.stack(
            [torch.from_numpy((t.targets / t.tolerance).astype(np.float32)) for t in tasks]
        )
        levels = range(self.sizes.levels)
        self.matrices = [
            [
                None if m is None else torch.from_numpy((m / SPLINE_ONE).astype(np.float32))
                for m in self.sizes.matrices(self.layout, level)
            ]
            for level in levels
        ]
        self.latents = [
            torch.from_numpy(np.stack([g.latents[n] for g in starts]).astype(np.float32))
            for n in levels
        ]
        # What a step is in tolerances, (K, 1, 1, 1, 1).
        self.scales = [
            torch.from_numpy(
                (np.array([g.steps[n] for g in starts]) / STEP_ONE / tolerance).astype(np.float32)
            ).reshape(-1, 1, 1, 1, 1)
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
        self.shrink = torch.tensor(
            [[float(t.tolerance) * 2.0 ** (most - e) for e in row]
             for t, row in zip(tasks, self.exponents, strict=True)]
        )  # fmt: skip
        # An output of 1 is one standard deviation of the finest level.
        self.gains = [
            min(LARGEST_STEP, max(1, round(row[-1] * GAIN_ONE / HIDDEN_ONE))) for row in spread
        ]
        self.gain = torch.tensor(
            [gain / GAIN_ONE / t.tolerance for gain, t in zip(self.gains, tasks, strict=True)]
        ).reshape(-1, 1, 1)
        self.synthesis: list[Tensor] = []
        if hidden:
            first = torch.randn(len(tasks), hidden, self.sizes.levels, generator=generator) * (
                WEIGHT_ONE / math.sqrt(self.sizes.levels)
            )
            bias = torch.zeros(len(tasks), hidden, 1)
            self.synthesis = [first, bias, torch.zeros(len(tasks), 1, hidden)]
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
        for k, start in enumerate(self.starts):
            latents = tuple(
                np.clip(np.rint(x[k].detach().numpy()), -LARGEST_LATENT, LARGEST_LATENT).astype(
                    np.int64
                )
                for x in self.latents
            )
            sizes, synthesis = self.sizes, None
            if self.hidden:
                first, bias, second = (
                    np.rint(x[k].detach().numpy()).astype(np.int64) for x in self.synthesis
                )
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


def _octaves(ratio: float) -> int:
    return math.ceil(math.log2(ratio))


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
    CodecError
        If the fit diverges.
    """
    generator = _generator(tasks)
    layout, is_siren = tasks[0].layout, fitting.kind == "siren"
    shape = _shape(tasks[0], fitting, width)
    latitudes = shape.latitudes
    seeds = [task.seed for task in tasks]
    spread = [max(float(task.targets.std()), 1e-9) for task in tasks]
    gains = [min(LARGEST_GAIN, max(1, round(s))) for s in spread]
    targets = torch.stack(
        [
            torch.from_numpy((t.targets / gain).astype(np.float32)).flatten()
            for t, gain in zip(tasks, gains, strict=True)
        ]
    )
    tolerance = torch.tensor([t.tolerance / gain for t, gain in zip(tasks, gains, strict=True)])[
        :, None
    ]
    where = torch.from_numpy(
        np.concatenate(
            [grid_coordinates(layout, latitudes, f) for f in range(layout.fields)], axis=1
        ).astype(np.float32)
        / COORDINATE_ONE
    )
    drawn = torch.from_numpy(
        np.stack([frequencies(seed, shape.widths(layout), shape.features) for seed in seeds])
        if shape.features
        else np.zeros((len(tasks), 0, where.shape[0]))
    ).float() * (2 * math.pi / PER_TURN)
    known = _known(tasks).flatten(1)
    layers = [
        _first_layer(len(tasks), out, into, number, is_siren, generator)
        for number, (out, into) in enumerate(shape.layers(layout))
    ]
    numbers = [x for layer in layers for x in layer]
    for x in numbers:
        x.requires_grad_()
    step = 2.0**-shape.shift

    def cost(rounds: bool, share: float) -> Tensor:
        taken = [_taken(x / step, rounds, generator) for x in numbers]
        some = torch.randint(0, targets.shape[1], (POINTS_OF_A_STEP,), generator=generator)
        with _mixed(fitting.precision):
            said = _said([x * step for x in taken], drawn, where[:, some], is_siren)
        left = (said.float() - targets[:, some]) / tolerance * known[:, some]
        rate = sum((_code_length(x) for x in taken), torch.zeros(()))
        return _square_bits(left) + share * rate / targets.shape[1]

    rate = SIREN_RATE if is_siren else FOURIER_RATE
    descend([{"params": numbers, "lr": rate}], cost, fitting.effort)
    found = []
    for k, seed in enumerate(seeds):
        whole = [np.rint(x[k].detach().numpy() / step).astype(np.int64) for x in numbers]
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
    blocks: int, out: int, into: int, number: int, is_siren: bool, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Weights (K, out, in) and biases (K, out, 1) that a fit begins with."""
    if is_siren:
        limit = SIREN_TURNS / into if number == 0 else math.sqrt(6 / into) * HIDDEN_TURNS
        weight = (2 * torch.rand(blocks, out, into, generator=generator) - 1) * limit
    else:
        weight = torch.randn(blocks, out, into, generator=generator) / math.sqrt(into)
    return weight, torch.zeros(blocks, out, 1)


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
