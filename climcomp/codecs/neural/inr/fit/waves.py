"""Networks of coordinates by descent: random Fourier features with residual blocks, or sines."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from climcomp.codecs.neural.inr.coordinates import ONE as COORDINATE_ONE
from climcomp.codecs.neural.inr.coordinates import grid_coordinates
from climcomp.codecs.neural.inr.descent import Flags, descend
from climcomp.codecs.neural.inr.features import PER_TURN, frequencies
from climcomp.codecs.neural.inr.fit.tensors import (
    counting,
    generators,
    mixed,
    on_device,
    quantised,
    rate_of,
    square_bits,
    stacked,
    whole_numbers,
)
from climcomp.codecs.neural.inr.fitting import Fitting
from climcomp.codecs.neural.inr.task import Task
from climcomp.codecs.neural.inr.waves import LARGEST_BIAS as LARGEST_WAVE_BIAS
from climcomp.codecs.neural.inr.waves import LARGEST_GAIN, LEAK, Shape, Waves
from climcomp.codecs.neural.inr.waves import LARGEST_WEIGHT as LARGEST_WAVE_WEIGHT

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
    device, noise = fitting.device, generators(tasks, fitting.device)
    layout, is_siren = tasks[0].layout, fitting.kind == "siren"
    shape = _shape(tasks[0], fitting, width)
    latitudes = shape.latitudes
    seeds = [task.seed for task in tasks]
    spread = [max(float(task.targets.std()), 1e-9) for task in tasks]
    gains = [min(LARGEST_GAIN, max(1, round(s))) for s in spread]
    scaled = [t.targets / gain for t, gain in zip(tasks, gains, strict=True)]
    targets = stacked(scaled, device).flatten(1)
    tolerance = on_device(device, np.array([t.tolerance for t in tasks]) / np.array(gains))[:, None]
    every = [grid_coordinates(layout, latitudes, field) for field in range(layout.fields)]
    where = on_device(device, np.concatenate(every, axis=1) / COORDINATE_ONE)
    drawn = torch.zeros(len(tasks), 0, len(where), device=device)
    if shape.features:
        turns = [frequencies(seed, shape.widths(layout), shape.features) for seed in seeds]
        drawn = on_device(device, np.stack(turns)) * (2 * math.pi / PER_TURN)
    known = counting(tasks, device).flatten(1)
    begun = generators(tasks)
    layers = [
        _first_layer(begun, out, into, number, is_siren)
        for number, (out, into) in enumerate(shape.layers(layout))
    ]
    numbers = [x.to(device).requires_grad_() for layer in layers for x in layer]
    # The same points for every block, so that it does not matter which are beside it.
    chosen = torch.Generator(device).manual_seed(0)
    step = 2.0**-shape.shift

    def cost(rounds: Flags, share: float) -> Tensor:
        taken = [quantised(x / step, rounds, noise) for x in numbers]
        some = torch.randint(
            0, targets.shape[1], (POINTS_OF_A_STEP,), generator=chosen, device=device
        )
        with mixed(fitting):
            said = _said([x * step for x in taken], drawn, where[:, some], is_siren)
        left = (said.float() - targets[:, some]) / tolerance * known[:, some]
        return square_bits(left) + share * rate_of(taken) / targets.shape[1]

    rate = SIREN_RATE if is_siren else FOURIER_RATE
    descend([{"params": numbers, "lr": rate}], cost, fitting.effort)
    found, every_number = [], whole_numbers(numbers, step)
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
