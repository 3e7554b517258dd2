"""The network, and the mixture that it makes, of all points of a stage of a batch.

The products are in float32, whose every partial sum is proved to be exact (see `network`): weights
are scaled by the powers of two that the format shifts by, which changes no digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import leaky_relu_

from climcomp.codecs.neural.device.describe import Describer, Known
from climcomp.codecs.neural.features import CANDIDATES
from climcomp.codecs.neural.grid import PER_STEP
from climcomp.codecs.neural.mixture import (
    EXPONENTIALS,
    HIGHEST,
    LARGEST_OFFSET,
    LOWEST,
    OFFSET,
    RATIO,
    RATIO_ZERO,
    SCALE,
    WEIGHT,
    WEIGHT_ZERO,
    WIDEST,
)
from climcomp.codecs.neural.network import LARGEST_HIDDEN, LEAKY, Network
from climcomp.codecs.neural.probabilities import RATIOS, ROWS, SHIFTS, WEIGHTS

TABLE_BITS = 17
"""Of the number of a row of probabilities; octaves stand behind them."""


@dataclass(frozen=True)
class Biases:
    """Of the first layer and of the skip (units, 1) of a stage, in units of their outputs."""

    first: Tensor
    skip: Tensor


class Predictor:
    """A network on a device."""

    def __init__(self, network: Network, describer: Describer, device: torch.device) -> None:
        self._half = describer.half
        self._device = device
        c = network.compiled()
        self._scale_of_first, self._scale_of_skip = c.first_scale, c.skip_scale
        self._first = self._there(c.first * c.first_scale[:, None])
        self._second = self._there(c.second * c.second_scale[:, None])
        self._second_bias = self._there((c.second_bias * c.second_scale)[:, None])
        self._third = self._there(c.third * c.third_scale[:, None])
        self._third_bias = self._there((c.third_bias * c.third_scale)[:, None])
        self._skip = self._there(c.skip * c.skip_scale[:, None])
        self._shares = self._there(np.append(EXPONENTIALS, 0.0))
        self._rows = self._there(table_rows())

    def _there(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)

    def biases(self, first: NDArray[np.float32], skip: NDArray[np.float32]) -> Biases:
        """What a stage's constant inputs make of the biases of the network."""
        return Biases(
            self._there((first * self._scale_of_first)[:, None]),
            self._there((skip * self._scale_of_skip)[:, None]),
        )

    def __call__(
        self, known: Known, biases: Biases, step: int, *, is_lattice: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """mu, `start`, and the row of the probabilities with the octaves beside it, int32.

        Parameters
        ----------
        step
            64 times the logarithm to base 2 of D / 256.
        """
        outputs = self._forward(known.inputs, biases)
        gates = outputs[:CANDIDATES]
        away = (gates.amax(0) - gates).clamp_(max=EXPONENTIALS.size)
        shares = self._shares[away.long()]
        total = shares.sum(0)
        sums = shares[:-1].mul_(known.candidates).sum(0)
        # Both sides are tensors, so that this is a division, as on the CPU.
        mu = torch.add(total, sums, alpha=2).div_(total * 2).floor_().add_(known.base)
        offset = outputs[OFFSET].clamp(-LARGEST_OFFSET, LARGEST_OFFSET).double()
        mu += torch.addcmul(self._half, offset, known.scale, value=1 / 256).floor_()
        tables = self._tables(outputs[SCALE:].int(), known.octave, step)
        if not is_lattice:
            return mu, mu, tables
        start = mu.mul(1 / PER_STEP).add_(0.5).floor_().mul_(PER_STEP)
        shift = (mu - start).int().add_(PER_STEP // 2).mul_(SHIFTS)
        shift = shift.div_(PER_STEP, rounding_mode="floor")
        shifted = shift.add_(1).mul_(ROWS).add_(tables)
        return mu, start, torch.where(tables < 1 << TABLE_BITS, shifted, tables)

    def _forward(self, inputs: Tensor, biases: Biases) -> Tensor:
        """The outputs (14, blocks, rows, columns)."""
        given = inputs.view(len(inputs), -1)
        hidden = _activated(torch.addmm(biases.first, self._first, given))
        hidden = _activated(torch.addmm(self._second_bias, self._second, hidden))
        outputs = torch.addmm(self._third_bias, self._third, hidden).floor_()
        outputs += torch.addmm(biases.skip, self._skip, given).floor_()
        return outputs.view(-1, *inputs.shape[1:])

    def _tables(self, outputs: Tensor, octave: Tensor, step: int) -> Tensor:
        scale, ratio, weight = (outputs[i - SCALE] for i in (SCALE, RATIO, WEIGHT))
        scale = torch.add(scale, octave.int(), alpha=8).sub_(448 + step)
        scale = (scale.mul_(6).add_(32) >> 6).clamp_(LOWEST, WIDEST).sub_(LOWEST)
        ratio = (ratio.mul(2).add_(32) >> 6).add_(RATIO_ZERO).clamp_(0, RATIOS - 1)
        weight = (weight.add(32) >> 6).add_(WEIGHT_ZERO).clamp_(0, WEIGHTS - 1)
        return self._rows[scale.long()].add_(ratio, alpha=WEIGHTS).add_(weight)


def _activated(values: Tensor) -> Tensor:
    """Leak, round down and clip the sums of a hidden layer."""
    return leaky_relu_(values, 2.0**-LEAKY).floor_().clamp_(-LARGEST_HIDDEN, LARGEST_HIDDEN)


def table_rows() -> NDArray[np.int32]:
    """By scale, from `LOWEST` on: its first row of probabilities, and the octaves beside it."""
    scales = np.arange(LOWEST, WIDEST + 1)
    beyond = np.maximum(0, -((HIGHEST - scales) // 6))
    rows = (scales - 6 * beyond - LOWEST) * RATIOS * WEIGHTS
    packed: NDArray[np.int32] = (rows | beyond << TABLE_BITS).astype(np.int32)
    return packed
