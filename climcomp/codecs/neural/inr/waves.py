"""Networks of coordinates: Fourier features with residual blocks, or sines throughout (SIREN).

After Huang and Hoefler 2023, "Compressing multidimensional weather and climate data into neural
networks" (features, residual blocks), and Sitzmann et al. 2020, "Implicit neural representations
with periodic activation functions" (SIREN).

Format
------
u8 depth, u8 width, u8 features (0: SIREN), u8 s, u8 and u8 the widths of the frequencies of
leading coordinates and of the others in 1/16; u32 seed, u32 g, float32 first and last latitude
(equal: none). Then, coded as in `weights`: the weights W (1, out, in) and biases b (1, 1, out) of
each layer in order, in 1/2^s.

In integers, exact in floats of 53 bits, with c the coordinates, B the frequencies, SIN the table of
`sines`, A(x) = x where x > 0, else floor(x / 8):

- Fourier: p = floor(B c / 64); a = (SIN[p], SIN[p + 2^18]); h = L(a); then `depth` times
  h = clip(h + L(A(L(A(h))))); o = L(A(h)); with L(x) = clip(floor((W x + 2^18 b) / 2^s)) of the
  next layer, and clip to 2^28 on both sides of 0;
- SIREN: a = SIN[floor((W c + 2^20 b) / 2^s)]; then `depth` times
  a = SIN[floor((W a + 2^18 b) / 2^(s - 2))]; o = L(a);
- base = floor(g floor(o / 16) / 2^14).

W is at most 2^15 from 0, b 2^17, g below 2^28: no sum passes 2^53.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.coordinates import ONE as COORDINATE_ONE
from climcomp.codecs.neural.inr.coordinates import (
    Latitudes,
    coordinate_count,
    coordinates,
    grid_coordinates,
)
from climcomp.codecs.neural.inr.features import PER_TURN, frequencies
from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.products import exact_product
from climcomp.codecs.neural.inr.sines import ONE, TURN, sine_of
from climcomp.codecs.neural.inr.weights import pack_integers, unpack_integers
from climcomp.errors import PayloadError

MOST_WIDTH, MOST_DEPTH, MOST_FEATURES = 128, 8, 128
FEWEST_SHIFT, MOST_SHIFT = 3, 14
LARGEST_WEIGHT, LARGEST_BIAS = 1 << 15, 1 << 17
LARGEST_GAIN = (1 << 28) - 1
LARGEST_ACTIVATION = 1 << 28
OUTPUT_ONE = 1 << 14
LEAK = 8
_HEAD = struct.Struct("<6BIIff")
_TOGETHER = 1 << 12  # our own: points whose activations stay in the cache

Layer = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a network of coordinates."""

    depth: int
    width: int
    features: int  # 0 for SIREN
    shift: int
    leading_width: int = 16
    field_width: int = 26
    latitudes: Latitudes | None = None

    def layers(self, layout: Layout) -> list[tuple[int, int]]:
        """(out, in) of each layer."""
        inputs = 2 * self.features or sum(coordinate_count(layout, self.latitudes))
        between = self.depth * (2 if self.features else 1)
        return [(self.width, inputs), *[(self.width, self.width)] * between, (1, self.width)]

    def widths(self, layout: Layout) -> list[int]:
        """The widths of the frequencies of each coordinate."""
        leading, others = coordinate_count(layout, self.latitudes)
        return [self.leading_width] * leading + [self.field_width] * others


@dataclass(frozen=True, slots=True)
class Waves:
    """The network of a block, whole numbers: weights (out, in) and biases (out,) of each layer."""

    shape: Shape
    seed: int
    gain: int
    layers: tuple[Layer, ...]

    def packed(self) -> bytes:
        """As in the format."""
        s = self.shape
        head = _HEAD.pack(
            s.depth, s.width, s.features, s.shift, s.leading_width, s.field_width, self.seed,
            self.gain, *(s.latitudes or (0.0, 0.0)),
        )  # fmt: skip
        arrays = [part for weight, bias in self.layers for part in (weight[None], bias[None, None])]
        return head + pack_integers(arrays)

    def base(self, layout: Layout) -> NDArray[np.float64]:
        """(before, steps, rows, columns) the base of every point, whole numbers of its unit."""
        found = np.empty(layout.lengths)
        flat = found.reshape(layout.fields, -1)
        layers = [(w.astype(np.float64), b.astype(np.float64)) for w, b in self.layers]
        for field in range(layout.fields):
            every = grid_coordinates(layout, self.shape.latitudes, field)
            for begin in range(0, flat.shape[1], _TOGETHER):
                some = slice(begin, begin + _TOGETHER)
                out = self._output(layout, layers, every[:, some])
                flat[field, some] = np.floor(out * self.gain / OUTPUT_ONE)
        return found

    def _output(
        self,
        layout: Layout,
        layers: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
        where: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """o / 16 of some points."""
        rest, scale = iter(layers), 2.0**-self.shape.shift
        if self.shape.features:
            drawn = frequencies(self.seed, self.shape.widths(layout), self.shape.features)
            turns = np.floor(exact_product(drawn, where) * (TURN / PER_TURN / COORDINATE_ONE))
            h = _layer(rest, np.concatenate([sine_of(turns), sine_of(turns + TURN // 4)]), scale)
            for _ in range(self.shape.depth):
                said = _layer(rest, _bent(_layer(rest, _bent(h), scale)), scale)
                h = _clipped(h + said)
            return _output_of(_layer(rest, _bent(h), scale))
        a = sine_of(_sum(rest, where, scale, COORDINATE_ONE))
        for _ in range(self.shape.depth):
            a = sine_of(_sum(rest, a, scale * (TURN // ONE)))
        return _output_of(_layer(rest, a, scale))

    def evaluate(self, layout: Layout, where: NDArray[np.float64]) -> NDArray[np.float64]:
        """(points,) the base at (points, 4) places, in its unit, without the rounding of `base`."""
        step = 2.0**-self.shape.shift
        rest: _Floats = iter(
            [
                (w.astype(np.float64) * step, b.astype(np.float64)[:, None] * step)
                for w, b in self.layers
            ]
        )
        x = coordinates(layout, self.shape.latitudes, where) / COORDINATE_ONE
        if self.shape.features:
            drawn = frequencies(self.seed, self.shape.widths(layout), self.shape.features)
            turns = 2 * np.pi / PER_TURN * (drawn @ x)
            h = _plain(rest, np.concatenate([np.sin(turns), np.cos(turns)]))
            limit = LARGEST_ACTIVATION / ONE
            for _ in range(self.shape.depth):
                said = _plain(rest, _leaky(_plain(rest, _leaky(h))))
                h = np.clip(h + said, -limit, limit)
            x = _leaky(h)
        else:
            for _ in range(self.shape.depth + 1):
                x = np.sin(2 * np.pi * _plain(rest, x))
        found: NDArray[np.float64] = _plain(rest, x)[0] * self.gain
        return found


_Floats = Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]


def _sum(
    layers: _Floats, x: NDArray[np.float64], scale: float, one: int = ONE
) -> NDArray[np.float64]:
    weight, bias = next(layers)
    found = exact_product(weight, x)
    found += one * bias[:, None]
    found *= scale
    floored: NDArray[np.float64] = np.floor(found, out=found)
    return floored


def _layer(layers: _Floats, x: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    return _clipped(_sum(layers, x, scale))


def _clipped(x: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.clip(x, -LARGEST_ACTIVATION, LARGEST_ACTIVATION)
    return found


def _output_of(x: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.floor(x[0] * (OUTPUT_ONE / ONE))
    return found


def _bent(x: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.maximum(x, np.floor(x * (1 / LEAK)))
    return found


def _leaky(x: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.maximum(x, x / LEAK)
    return found


def _plain(layers: _Floats, x: NDArray[np.float64]) -> NDArray[np.float64]:
    weight, bias = next(layers)
    found: NDArray[np.float64] = weight @ x + bias
    return found


def parse_waves(data: memoryview, layout: Layout) -> Waves:
    """The network of some bytes, for a block of this layout.

    Raises
    ------
    PayloadError
        If they are not those of such a block.
    """
    if len(data) < _HEAD.size:
        raise PayloadError("the network of codec 'inr' ends in its head")
    depth, width, features, shift, *widths, seed, gain, first, last = _HEAD.unpack_from(data)
    is_known = 0 < depth <= MOST_DEPTH and 0 < width <= MOST_WIDTH and features <= MOST_FEATURES
    if not is_known or not FEWEST_SHIFT <= shift <= MOST_SHIFT or gain > LARGEST_GAIN:
        raise PayloadError(
            f"a network of codec 'inr' has depth {depth}, width {width}, {features} features and "
            f"steps of 2^-{shift}, of which this version knows nothing"
        )
    latitudes = None if first == last else (first, last)
    if latitudes and not max(abs(first), abs(last)) <= 90:
        raise PayloadError(f"a network of codec 'inr' has the latitudes {first:g} and {last:g}")
    shape = Shape(depth, width, features, shift, widths[0], widths[1], latitudes)
    wanted = shape.layers(layout)
    shapes = [s for out, into in wanted for s in ((1, out, into), (1, 1, out))]
    arrays = unpack_integers(data[_HEAD.size :], shapes)
    layers = tuple(
        (weight[0], bias[0, 0]) for weight, bias in zip(arrays[::2], arrays[1::2], strict=True)
    )
    if any(
        np.abs(weight).max() > LARGEST_WEIGHT or np.abs(bias).max() > LARGEST_BIAS
        for weight, bias in layers
    ):
        raise PayloadError("a weight of codec 'inr' is too large: its bytes are damaged")
    return Waves(shape, seed, gain, layers)
