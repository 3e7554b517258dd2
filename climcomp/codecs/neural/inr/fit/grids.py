"""Latent grids by descent, from those that least squares begin with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from climcomp.codecs.neural.inr.descent import Flags, descend
from climcomp.codecs.neural.inr.fit.tensors import (
    counting,
    generators,
    mixed,
    on_device,
    quantised,
    rate_of,
    stacked,
    whole_numbers,
)
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

HIDDEN = 8
"""Units of the synthesis network of latent grids."""
# Our own, tried on the fields that `search` names.
LATENT_RATE, SYNTHESIS_RATE = 0.05, 0.02


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
    known, noise = counting(tasks, device), generators(tasks, device)

    def cost(rounds: Flags, share: float) -> Tensor:
        taken = [quantised(x, rounds, noise) for x in numbers]
        with mixed(fitting):
            said = plan.forward(taken)
        left = (said.float() - plan.targets) * known
        distortion = _interpolation_bits(left)
        if len(taken) > 1:
            distortion = distortion + share * rate_of(taken[1:]) / points
        return distortion

    groups: list[dict[str, object]] = [
        {"params": plan.latents, "lr": LATENT_RATE},
        {"params": plan.synthesis, "lr": SYNTHESIS_RATE * WEIGHT_ONE},
    ]
    descend(groups, cost, fitting.effort)
    return plan.results()


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
        self.targets = stacked([t.targets / t.tolerance for t in tasks], device)
        levels = range(self.sizes.levels)
        self.matrices = [
            [
                None if m is None else on_device(device, m / SPLINE_ONE)
                for m in self.sizes.matrices(self.layout, level)
            ]
            for level in levels
        ]
        self.latents = [on_device(device, np.stack([g.latents[n] for g in starts])) for n in levels]
        # What a step is in tolerances, (K, 1, 1, 1, 1).
        self.scales = [
            on_device(
                device, np.array([g.steps[n] for g in starts]) / STEP_ONE / tolerance
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
        shrink = np.exp2(most - np.array(self.exponents, dtype=np.float64))
        self.shrink = on_device(device, tolerance[:, None] * shrink)
        # An output of 1 is one standard deviation of the finest level.
        self.gains = [
            min(LARGEST_STEP, max(1, round(row[-1] * GAIN_ONE / HIDDEN_ONE))) for row in spread
        ]
        self.gain = on_device(device, np.array(self.gains) / GAIN_ONE / tolerance).reshape(-1, 1, 1)
        self.synthesis: list[Tensor] = []
        if hidden:
            shape = (hidden, self.sizes.levels)
            drawn = [torch.randn(shape, generator=one) for one in generators(tasks)]
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
        every, of_synthesis = whole_numbers(self.latents), whole_numbers(self.synthesis)
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
