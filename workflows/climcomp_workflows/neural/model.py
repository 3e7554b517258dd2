"""The network of codec `ncx` in torch, with the rounding of its integers, and back into integers.

Everything is in real units here: inputs and hidden units as the integers over 16 and 64, outputs as
they mean (gates and scales in octaves). `quantised` rounds weights and activations as the integer
network does, with straight-through gradients (Bengio 2013).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from climcomp.codecs.neural.features import BASE, CANDIDATES, INPUTS, LARGEST_LG
from climcomp.codecs.neural.mixture import (
    LARGEST_OFFSET,
    OFFSET,
    RATIO,
    RATIO_ZERO,
    SCALE,
    WEIGHT,
    WEIGHT_ZERO,
)
from climcomp.codecs.neural.network import (
    CONSTANTS,
    LARGEST_CONSTANT,
    LARGEST_HIDDEN,
    OUTPUTS,
    Layer,
    Network,
)
from climcomp.codecs.neural.probabilities import RATIOS, SYMBOLS, TOTAL, WEIGHTS
from climcomp.codecs.neural.probabilities import SCALES as TABLE_SCALES

GIVEN = INPUTS + CONSTANTS
IN, HID = 16, 64
LARGEST_WEIGHT = 127
EXACT = 2.0**24


def _rounded(value: Tensor) -> Tensor:
    return value + (torch.round(value) - value).detach()


def _floored(value: Tensor) -> Tensor:
    return value + (torch.floor(value) - value).detach()


class NcxModel(nn.Module):
    """The same function of its inputs as the integer network, trainable."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.first = nn.Linear(GIVEN, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.third = nn.Linear(hidden, OUTPUTS)
        self.skip = nn.Linear(GIVEN, OUTPUTS)
        with torch.no_grad():
            # Inputs reach 6 (differences) and 32 (logarithms): small steps at first.
            self.first.weight *= 0.3
            for layer in (self.third, self.skip):
                layer.weight.zero_()
                layer.bias.zero_()
            self.skip.bias[BASE] = 2.0
            self.skip.bias[SCALE] = -0.7
            self.skip.bias[WEIGHT] = -2.0
        self.quantised = False

    @classmethod
    def of(cls, network: Network) -> NcxModel:
        """The model of some integers."""
        model = cls(network.hidden)
        with torch.no_grad():
            for linear, layer, unit in (
                (model.first, network.first, IN),
                (model.second, network.second, HID),
                (model.third, network.third, HID),
                (model.skip, network.skip, IN),
            ):
                power = np.exp2(layer.shifts.astype(np.float64) + math.log2(HID / unit))
                weight, bias = layer.weights / power[:, None], layer.biases / (power * unit)
                linear.weight.copy_(torch.from_numpy(weight))
                linear.bias.copy_(torch.from_numpy(bias))
        return model

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs (n, 14) of inputs (n, 41)."""
        h = self._hidden(self.first, inputs, IN)
        h = self._hidden(self.second, h, HID)
        return self._linear(self.third, h, HID) + self._linear(self.skip, inputs, IN)

    def _linear(self, layer: nn.Linear, inputs: Tensor, unit: int) -> Tensor:
        if not self.quantised:
            plain: Tensor = layer(inputs)
            return plain
        power = torch.exp2(_shifts(layer, unit))[:, None]
        limit = LARGEST_WEIGHT / power
        weight = _rounded(layer.weight.clamp(-limit, limit) * power) / power
        bias = _rounded(layer.bias * power[:, 0] * unit) / (power[:, 0] * unit)
        return _floored(nn.functional.linear(inputs, weight, bias) * HID) / HID

    def _hidden(self, layer: nn.Linear, inputs: Tensor, unit: int) -> Tensor:
        if not self.quantised:
            sums = layer(inputs)
            return torch.where(sums > 0, sums, sums / 8).clamp(-31.98, 31.98)
        power = torch.exp2(_shifts(layer, unit))[:, None]
        limit = LARGEST_WEIGHT / power
        weight = _rounded(layer.weight.clamp(-limit, limit) * power) / power
        bias = _rounded(layer.bias * power[:, 0] * unit) / (power[:, 0] * unit)
        sums = nn.functional.linear(inputs, weight, bias)
        sums = torch.where(sums > 0, sums, sums / 8)
        limit_h = LARGEST_HIDDEN / HID
        return (_floored(sums * HID) / HID).clamp(-limit_h, limit_h)

    def network(self) -> Network:
        """The integers."""
        layers = ((self.first, IN), (self.second, HID), (self.third, HID), (self.skip, IN))
        return Network(*(_layer(layer, unit) for layer, unit in layers))


def _shifts(layer: nn.Linear, unit: int) -> Tensor:
    """Bits behind the point of the weights of each unit: as many as int8 and exact sums allow."""
    weight = layer.weight.detach()
    largest = weight.abs().amax(1).clamp_min(1e-6)
    by_weight = torch.floor(torch.log2(LARGEST_WEIGHT / largest))
    if unit == HID:
        room = (weight.abs() * LARGEST_HIDDEN).sum(1)
    else:
        limits = torch.tensor([LARGEST_LG] * INPUTS + [LARGEST_CONSTANT] * CONSTANTS)
        room = (weight.abs() * limits).sum(1)
    room = room + layer.bias.detach().abs() * unit + 2.0**14
    by_sum = torch.floor(torch.log2(EXACT / room)) - 1
    least = 0 if unit == HID else 2
    return torch.minimum(by_weight, by_sum).clamp(least, 20)


def _layer(layer: nn.Linear, unit: int) -> Layer:
    shifts = _shifts(layer, unit)
    power = torch.exp2(shifts)[:, None]
    weight = torch.round(layer.weight.detach() * power).clamp(-LARGEST_WEIGHT, LARGEST_WEIGHT)
    bias = torch.round(layer.bias.detach() * power[:, 0] * unit)
    # Sums are in 1 / (power * unit); hidden units and outputs in 1 / HID.
    behind = shifts - math.log2(HID / unit)
    return Layer(
        weight.numpy().astype(np.int8),
        bias.numpy().astype(np.int32),
        behind.numpy().astype(np.uint8),
    )


def bits_of(
    outputs: Tensor,
    candidates: Tensor,
    target: Tensor,
    scale: Tensor,
    noise: Tensor | None,
    on_lattice: Tensor,
    *,
    quantised: bool,
) -> Tensor:
    """The code length of each point.

    Parameters
    ----------
    candidates, target : (n, 9), (n,)
        Over S, beside the base.
    scale : (n,)
        S over half a step.
    noise : (n,) or None
        Uniform from -1 to 1, in half steps, in place of rounding to steps: its gradients show where
        mu should be, but what it says of errors far below a step is wrong. None rounds, with
        straight-through gradients.
    on_lattice : (n,) bool
        Where a value is a step of its own: nothing is rounded.
    """
    gates = torch.softmax(outputs[:, :CANDIDATES] * math.log(2), 1)
    limit = LARGEST_OFFSET / HID
    mu = (gates[:, :BASE] * candidates).sum(1) + outputs[:, OFFSET].clamp(-limit, limit) / 4
    left = (target - mu) * scale
    stepped = 2 * _rounded(left / 2) if noise is None else left + noise
    left = torch.where(on_lattice, left, stepped)
    sixths = 6 * (outputs[:, SCALE] + torch.log2(scale))
    ratio = 2 * outputs[:, RATIO] + RATIO_ZERO
    weight = outputs[:, WEIGHT] + WEIGHT_ZERO
    if quantised:
        sixths, ratio, weight = _rounded(sixths), _rounded(ratio), _rounded(weight)
    octaves = sixths.clamp(TABLE_SCALES[0], 160) / 6
    ratio, weight = ratio.clamp(0, RATIOS - 1), weight.clamp(0, WEIGHTS - 1)
    narrow = torch.exp2(-octaves)
    wide = narrow * torch.exp2(-(ratio + 1) / 2)
    share = 0.005 + 0.9 * torch.sigmoid((weight - 7) * math.log(2))
    chance = (1 - share) * _mass(left, narrow) + share * _mass(left, wide)
    # Every symbol has one slot at least, and an escape takes bits by the size.
    least = SYMBOLS / TOTAL
    return -torch.log2(chance * (1 - least) + 2.0**-18)


def _mass(left: Tensor, inverse: Tensor) -> Tensor:
    """What a logistic distribution of width 1 / inverse has from left - 1 to left + 1."""
    size = left.abs()
    # sigmoid(b) - sigmoid(a) for negative arguments, where it does not cancel.
    high, low = -(size - 1) * inverse, -(size + 1) * inverse
    return torch.sigmoid(high) - torch.sigmoid(low)
