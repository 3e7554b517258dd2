"""Latent grids, from coarse to fine, and a small network over what they say at a point.

After C3 (Kim et al. 2023, "C3: High-performance and low-complexity neural compression from a single
image or video") and Cool-Chic (Ladune et al. 2023), with cubic splines between the nodes, and a
plain sum beside the network: a smooth field needs little more than the sum.

Format
------
u8 `finest`, the logarithm to base 2 of the stride of the finest level along rows and columns; u8
`levels`; u8 `before` and u8 `steps`, those of the strides along the leading axes; u8 `hidden`. For
each level, the coarsest first, its step `w` as u32 in 1/256 of the base's unit. Where `hidden` is
not 0: u8 e for each level, u32 g. Then, coded as in `weights`: the latents q of each level as
(before * steps, rows, columns) of its nodes, and, where `hidden` is not 0, W1 (1, hidden, levels),
b1 (1, 1, hidden), W2 (1, 1, hidden). Level n of `levels` has the stride
2^(finest + levels - 1 - n) along rows and columns.

Everything is exact in integers, and in floats of 53 bits that hold them:

1. f = 1024 q; then along each axis in turn, before, steps, rows, columns, whose stride is not 1:
   f = floor((sum of weights * f + 2^17) / 2^18), with the weights of `splines`;
2. base = floor((sum of w f + 2^17) / 2^18);
3. where `hidden` is not 0: x = clip(floor(w f 2^(-6 - e)), -2^17, 2^17) for each level,
   h = min(max(floor((W1 x + 4096 b1) / 64), 0), 2^18) and base += floor(g floor(W2 h / 64) / 2^20).

q is at most 2^15 from 0, w and g below 2^24, W1 and W2 at most 511, b1 2^15, e 40, levels 8, hidden
16: no sum passes 2^53.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.products import exact_product
from climcomp.codecs.neural.inr.splines import ONE, node_count, spline_matrix, weights_between
from climcomp.codecs.neural.inr.weights import pack_integers, unpack_integers
from climcomp.errors import PayloadError

FRACTION = 1024
STEP_ONE = 256
TOTAL_SHIFT = 18
LARGEST_LATENT = 1 << 15
LARGEST_STEP = (1 << 24) - 1
MOST_LEVELS, MOST_HIDDEN = 8, 16
LARGEST_POWER = 12
LARGEST_INPUT, LARGEST_HIDDEN = 1 << 17, 1 << 18
LARGEST_WEIGHT, LARGEST_BIAS = 511, 1 << 15
LARGEST_EXPONENT = 40
HIDDEN_ONE, WEIGHT_ONE = 4096, 64
GAIN_ONE = 1 << 20
INPUT_SHIFT = 6
_HEAD = struct.Struct("<5B")
# Our own: points of which the synthesis network's inputs stay in the cache.
_TOGETHER = 1 << 13


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many latent grids there are, and of what strides, as logarithms to base 2."""

    finest: int
    levels: int
    before: int = 0
    steps: int = 0
    hidden: int = 0

    def powers(self, level: int) -> tuple[int, int, int, int]:
        """Those of the four axes at a level, the coarsest being number 0."""
        here = self.finest + self.levels - 1 - level
        return self.before, self.steps, here, here

    def nodes(self, layout: Layout, level: int) -> tuple[int, int, int, int]:
        """Nodes of the four axes."""
        last = len(layout.lengths) - 1
        found = [
            node_count(length, power, wraps=layout.wraps and axis == last)
            for axis, (length, power) in enumerate(
                zip(layout.lengths, self.powers(level), strict=True)
            )
        ]
        return found[0], found[1], found[2], found[3]

    def matrices(self, layout: Layout, level: int) -> list[NDArray[np.float64] | None]:
        """The splines of the four axes; None where each point has a node."""
        last = len(layout.lengths) - 1
        return [
            spline_matrix(length, power, wraps=layout.wraps and axis == last) if power else None
            for axis, (length, power) in enumerate(
                zip(layout.lengths, self.powers(level), strict=True)
            )
        ]


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The small network: whole numbers, as in the format."""

    exponents: tuple[int, ...]
    gain: int
    first: NDArray[np.int64]  # (hidden, levels)
    bias: NDArray[np.int64]  # (hidden,)
    second: NDArray[np.int64]  # (hidden,)


@dataclass(frozen=True, slots=True)
class Grids:
    """The latents of a block: for each level its step in 1/256 units, and (before, steps, rows,
    columns) whole numbers."""

    sizes: Sizes
    steps: tuple[int, ...]
    latents: tuple[NDArray[np.int64], ...]
    synthesis: Synthesis | None = None

    def packed(self) -> bytes:
        """As in the format."""
        s = self.sizes
        out = _HEAD.pack(s.finest, s.levels, s.before, s.steps, s.hidden)
        out += struct.pack(f"<{s.levels}I", *self.steps)
        arrays = [q.reshape(-1, *q.shape[2:]) for q in self.latents]
        if self.synthesis is not None:
            out += bytes(self.synthesis.exponents) + struct.pack("<I", self.synthesis.gain)
            arrays += [
                self.synthesis.first[None],
                self.synthesis.bias[None, None],
                self.synthesis.second[None, None],
            ]
        return out + pack_integers(arrays)

    def base(self, layout: Layout) -> NDArray[np.float64]:
        """(before, steps, rows, columns) the base of every point, whole numbers of its unit."""
        total = np.zeros(layout.lengths)
        inputs = []
        for level, (step, latents) in enumerate(zip(self.steps, self.latents, strict=True)):
            found = latents.astype(np.float64)
            found *= FRACTION
            for axis, matrix in enumerate(self.sizes.matrices(layout, level)):
                if matrix is not None:
                    found = _along(found, matrix, axis)
            found *= step
            total += found
            if self.synthesis is not None:
                found *= 2.0 ** -(INPUT_SHIFT + self.synthesis.exponents[level])
                np.floor(found, out=found)
                np.clip(found, -LARGEST_INPUT, LARGEST_INPUT, out=found)
                inputs.append(found.reshape(-1))
        total += 1 << (TOTAL_SHIFT - 1)
        total *= 2.0**-TOTAL_SHIFT
        np.floor(total, out=total)
        if self.synthesis is not None:
            _synthesise(self.synthesis, inputs, total.reshape(-1))
        return total

    def evaluate(self, layout: Layout, where: NDArray[np.float64]) -> NDArray[np.float64]:
        """(points,) the base at (points, 4) places, in its unit, without the rounding of `base`."""
        total = np.zeros(len(where))
        parts = []
        for level, (step, latents) in enumerate(zip(self.steps, self.latents, strict=True)):
            found = _between(latents, where, layout, self.sizes.powers(level)) * (step / STEP_ONE)
            total += found
            parts.append(found)
        if self.synthesis is None:
            return total
        net = self.synthesis
        scale = np.exp2(TOTAL_SHIFT - INPUT_SHIFT - np.array(net.exponents, dtype=np.float64))
        inputs = np.clip(np.array(parts) * scale[:, None], -LARGEST_INPUT, LARGEST_INPUT)
        hidden = (net.first @ inputs + HIDDEN_ONE * net.bias[:, None]) / WEIGHT_ONE
        said: NDArray[np.float64] = net.second @ np.clip(hidden, 0, LARGEST_HIDDEN) / WEIGHT_ONE
        total += said * (net.gain / GAIN_ONE)
        return total


def _along(
    values: NDArray[np.float64], matrix: NDArray[np.float64], axis: int
) -> NDArray[np.float64]:
    """The splines along one axis, back in 1/256."""
    if axis == values.ndim - 1:
        found = exact_product(values, matrix.T)
    else:
        shape = values.shape
        flat = values.reshape(-1, shape[axis], int(np.prod(shape[axis + 1 :])))
        found = exact_product(matrix, flat).reshape(*shape[:axis], len(matrix), *shape[axis + 1 :])
    found += ONE // 2
    found *= 1.0 / ONE
    np.floor(found, out=found)
    return found


def _synthesise(
    net: Synthesis, inputs: list[NDArray[np.float64]], total: NDArray[np.float64]
) -> None:
    """Add what the network says, a few points at a time."""
    first = net.first / WEIGHT_ONE
    bias = net.bias[:, None] * (HIDDEN_ONE / WEIGHT_ONE)
    second = net.second[None] / WEIGHT_ONE
    for begin in range(0, total.size, _TOGETHER):
        some = slice(begin, begin + _TOGETHER)
        hidden = exact_product(first, np.stack([part[some] for part in inputs]))
        hidden += bias
        np.floor(hidden, out=hidden)
        np.clip(hidden, 0, LARGEST_HIDDEN, out=hidden)
        said = np.floor(exact_product(second, hidden)[0])
        said *= net.gain
        said *= 1.0 / GAIN_ONE
        total[some] += np.floor(said)


def _between(
    latents: NDArray[np.int64],
    where: NDArray[np.float64],
    layout: Layout,
    powers: tuple[int, int, int, int],
) -> NDArray[np.float64]:
    """(points,) what the splines of one level say at some places."""
    last, axes, shares = len(powers) - 1, [], []
    for axis, (length, power) in enumerate(zip(layout.lengths, powers, strict=True)):
        wraps = layout.wraps and axis == last
        nodes, weights = weights_between(where[:, axis], length, power, wraps=wraps)
        own = (len(where), *(nodes.shape[1] if a == axis else 1 for a in range(last + 1)))
        axes.append(nodes.reshape(own))
        shares.append(weights.reshape(own))
    near = latents[tuple(axes)].astype(np.float64)  # (points, and up to 4 along each axis)
    for share in shares:
        near *= share
    found: NDArray[np.float64] = near.sum((1, 2, 3, 4))
    return found


def parse_grids(data: memoryview, layout: Layout) -> Grids:
    """The grids of some bytes, for a block of this layout.

    Raises
    ------
    PayloadError
        If they are not those of such a block.
    """
    if len(data) < _HEAD.size:
        raise PayloadError("the grids of codec 'inr' end in their head")
    finest, levels, before, steps, hidden = _HEAD.unpack_from(data)
    is_known = 0 < levels <= MOST_LEVELS and hidden <= MOST_HIDDEN
    if not is_known or max(finest + levels - 1, before, steps) > LARGEST_POWER:
        raise PayloadError(
            f"the grids of codec 'inr' have {levels} levels from stride 2^{finest} and {hidden} "
            f"hidden units, of which this version knows nothing"
        )
    sizes = Sizes(finest, levels, before, steps, hidden)
    at = _HEAD.size + 4 * levels + (levels + 4 if hidden else 0)
    if len(data) < at:
        raise PayloadError("the grids of codec 'inr' end in their steps")
    wide = struct.unpack_from(f"<{levels}I", data, _HEAD.size)
    shapes = []
    for level in range(levels):
        nodes = sizes.nodes(layout, level)
        shapes.append((nodes[0] * nodes[1], nodes[2], nodes[3]))
    own = [(1, hidden, levels), (1, 1, hidden), (1, 1, hidden)] if hidden else []
    arrays = unpack_integers(data[at:], shapes + own)
    latents = tuple(q.reshape(sizes.nodes(layout, n)) for n, q in enumerate(arrays[:levels]))
    synthesis = None
    if hidden:
        exponents = tuple(data[at - levels - 4 : at - 4])
        (gain,) = struct.unpack_from("<I", data, at - 4)
        first, bias, second = arrays[levels:]
        synthesis = Synthesis(exponents, gain, first[0], bias[0, 0], second[0, 0])
    grids = Grids(sizes, wide, latents, synthesis)
    if not is_exact(grids):
        raise PayloadError("a number of the grids of codec 'inr' is too large: they are damaged")
    return grids


def is_exact(grids: Grids) -> bool:
    """Whether no sum is larger than its floats hold exactly."""
    if max(grids.steps) > LARGEST_STEP:
        return False
    if any(q.size and np.abs(q).max() > LARGEST_LATENT for q in grids.latents):
        return False
    net = grids.synthesis
    if net is None:
        return True
    limits = (
        (net.first, LARGEST_WEIGHT),
        (net.bias, LARGEST_BIAS),
        (net.second, LARGEST_WEIGHT),
    )
    fits = all(np.abs(numbers).max() <= limit for numbers, limit in limits)
    return fits and max(net.exponents) <= LARGEST_EXPONENT and net.gain <= LARGEST_STEP
