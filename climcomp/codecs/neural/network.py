"""The network: what it is made of, its file, and its integers.

It has `INPUTS` inputs that vary from point to point (see `features`), 9 that do not (`constants`),
two hidden layers of as many units, and a linear skip from all inputs to all `OUTPUTS` outputs.

Format
------
Weights are int8, biases int32; each unit has a shift of its own. With x the inputs in 1/16, h in
1/64, and floor division by powers of two:

    y = b + sum of w x                                   both kinds of inputs
    h = clip(y >> shift, -2047, 2047), y < 0: y >> (shift + 3)        first layer; the second alike
    o = (skip of x >> its shift) + (third layer of h >> its shift)    in 1/64

No sum of |w| times the largest input may reach 2^24: then float32 holds every partial sum exactly,
in whatever order it is taken. A model with larger ones is refused.

File: "ncx1", u8 inputs, u8 constants, u8 hidden, u8 outputs; then for the first layer, the second,
the third and the skip: weights (units, inputs) int8, biases int32, shifts u8, all little-endian.
Biases are in the unit of the sum. The hash of a model is the first 8 bytes of the SHA-256 of its
file.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.features import INPUTS, LARGEST_LG
from climcomp.errors import PayloadError
from climcomp.jit import compile_with

CONSTANTS = 9
OUTPUTS = 14
LARGEST_HIDDEN = 2047
MAGIC = b"ncx1"
_HEAD = struct.Struct("<4sBBBB")
_EXACT = 1 << 24
# The largest of what a network is given beside `INPUTS`: one in 1/16 of an octave and more.
LARGEST_CONSTANT = 16 * 8
LEAKY = 3
"""By how many bits more negative sums of a hidden layer are shifted."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Weights (units, inputs), biases and shifts (units,)."""

    weights: NDArray[np.int8]
    biases: NDArray[np.int32]
    shifts: NDArray[np.uint8]

    def packed(self) -> bytes:
        """As in the file."""
        return (
            self.weights.astype("<i1").tobytes()
            + self.biases.astype("<i4").tobytes()
            + self.shifts.astype("u1").tobytes()
        )

    def largest(self, of_inputs: NDArray[np.int64]) -> int:
        """The largest absolute value that a sum of it can take."""
        sums = np.abs(self.weights.astype(np.int64)) @ of_inputs
        return int((sums + np.abs(self.biases.astype(np.int64))).max())


class Compiled(NamedTuple):
    """A network as the compiled loops take it, but for the biases that constant inputs are in."""

    first: NDArray[np.float32]
    first_scale: NDArray[np.float32]
    second: NDArray[np.float32]
    second_bias: NDArray[np.float32]
    second_scale: NDArray[np.float32]
    third: NDArray[np.float32]
    third_bias: NDArray[np.float32]
    third_scale: NDArray[np.float32]
    skip: NDArray[np.float32]
    skip_scale: NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """The layers of a network; its sums are proved to be exact in float32."""

    first: Layer
    second: Layer
    third: Layer
    skip: Layer

    def __post_init__(self) -> None:
        inputs = np.array([LARGEST_LG] * INPUTS + [LARGEST_CONSTANT] * CONSTANTS, dtype=np.int64)
        hidden = np.full(self.hidden, LARGEST_HIDDEN, dtype=np.int64)
        for name, layer, given in (
            ("first", self.first, inputs),
            ("second", self.second, hidden),
            ("third", self.third, hidden),
            ("skip", self.skip, inputs),
        ):
            if layer.weights.shape[1] != given.size or layer.largest(given) >= _EXACT:
                raise PayloadError(
                    f"the {name} layer of a model has {layer.weights.shape[1]} inputs and sums of "
                    f"up to {layer.largest(given)}; {given.size} and less than {_EXACT} are wanted"
                )

    @property
    def hidden(self) -> int:
        """Units of a hidden layer."""
        return len(self.first.weights)

    @cached_property
    def file(self) -> bytes:
        """The bytes of its file."""
        layers = (self.first, self.second, self.third, self.skip)
        head = _HEAD.pack(MAGIC, INPUTS, CONSTANTS, self.hidden, OUTPUTS)
        return head + b"".join(layer.packed() for layer in layers)

    @cached_property
    def hash(self) -> bytes:
        """Eight bytes that name it."""
        return hashlib.sha256(self.file).digest()[:8]

    def compiled(self) -> Compiled:
        """The network for the compiled loops."""

        def scale(layer: Layer) -> NDArray[np.float32]:
            return np.ldexp(np.float32(1), -layer.shifts.astype(np.int32))

        def varying(layer: Layer) -> NDArray[np.float32]:
            return np.ascontiguousarray(layer.weights[:, :INPUTS], dtype=np.float32)

        return Compiled(
            varying(self.first),
            scale(self.first),
            self.second.weights.astype(np.float32),
            self.second.biases.astype(np.float32),
            scale(self.second),
            self.third.weights.astype(np.float32),
            self.third.biases.astype(np.float32),
            scale(self.third),
            varying(self.skip),
            scale(self.skip),
        )

    def biases(
        self, constants: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Those of the first layer and of the skip, with constant inputs (9,), in 1/16."""
        first, skip = (
            layer.biases + layer.weights[:, INPUTS:].astype(np.int64) @ constants
            for layer in (self.first, self.skip)
        )
        return first.astype(np.float32), skip.astype(np.float32)


def parse_network(data: bytes) -> Network:
    """The network of a file.

    Raises
    ------
    PayloadError
        If it is not one, or its sums could be inexact.
    """
    if len(data) < _HEAD.size:
        raise PayloadError(f"a model of codec 'ncx' has {len(data)} bytes: it is cut short")
    magic, inputs, constants, hidden, outputs = _HEAD.unpack_from(data)
    if (magic, inputs, constants, outputs) != (MAGIC, INPUTS, CONSTANTS, OUTPUTS) or hidden % 4:
        raise PayloadError(
            f"a model of codec 'ncx' begins with {data[: _HEAD.size]!r}: it is damaged, or for "
            "another version of climcomp"
        )
    sizes = (
        (hidden, INPUTS + CONSTANTS),
        (hidden, hidden),
        (OUTPUTS, hidden),
        (OUTPUTS, INPUTS + CONSTANTS),
    )
    wanted = _HEAD.size + sum(units * (given + 5) for units, given in sizes)
    if len(data) != wanted:
        raise PayloadError(f"a model of codec 'ncx' has {len(data)} bytes, not {wanted}")
    layers, at = [], _HEAD.size
    for units, given in sizes:
        weights = np.frombuffer(data, "<i1", units * given, at).reshape(units, given)
        biases = np.frombuffer(data, "<i4", units, at + units * given)
        shifts = np.frombuffer(data, "u1", units, at + units * (given + 4))
        layers.append(Layer(weights, biases, shifts))
        at += units * (given + 5)
    return Network(*layers)


# Reordered sums are the same sums: every partial one is an integer below 2^24.
_REORDERED = {"reassoc", "contract"}
_compile_sums = partial(compile_with, fastmath=_REORDERED)


@_compile_sums
def _sums(
    n: int,
    inputs: NDArray[np.float32],
    weights: NDArray[np.float32],
    biases: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Biases plus products of weights (units, inputs) and inputs (inputs, n).

    Units are even and inputs fours, so that what is loaded serves eight products.
    """
    for unit in range(0, weights.shape[0], 2):
        one, other = out[unit], out[unit + 1]
        bias, other_bias = biases[unit], biases[unit + 1]
        for j in range(n):
            one[j] = bias
            other[j] = other_bias
        for i in range(0, weights.shape[1], 4):
            w0, w1 = weights[unit, i], weights[unit, i + 1]
            w2, w3 = weights[unit, i + 2], weights[unit, i + 3]
            v0, v1 = weights[unit + 1, i], weights[unit + 1, i + 1]
            v2, v3 = weights[unit + 1, i + 2], weights[unit + 1, i + 3]
            x0, x1, x2, x3 = inputs[i], inputs[i + 1], inputs[i + 2], inputs[i + 3]
            for j in range(n):
                y0, y1, y2, y3 = x0[j], x1[j], x2[j], x3[j]
                one[j] += w0 * y0 + w1 * y1 + w2 * y2 + w3 * y3
                other[j] += v0 * y0 + v1 * y1 + v2 * y2 + v3 * y3


@_compile_sums
def _activate(n: int, values: NDArray[np.float32], scales: NDArray[np.float32]) -> None:
    """Shift, leak and clip the sums of a hidden layer, in place."""
    limit = np.float32(LARGEST_HIDDEN)
    leak = np.float32(2.0**-LEAKY)
    for unit in range(values.shape[0]):
        target, scale = values[unit], scales[unit]
        for j in range(n):
            value = target[j] * scale
            value = np.floor(value if value > 0 else value * leak)
            target[j] = min(max(value, -limit), limit)


@_compile_sums
def forward(
    n: int,
    network: Compiled,
    biases: tuple[NDArray[np.float32], NDArray[np.float32]],
    inputs: NDArray[np.float32],
    hidden: NDArray[np.float32],
    outputs: NDArray[np.float32],
    skipped: NDArray[np.float32],
) -> None:
    """The outputs (14, n) for inputs (32, n); `hidden` (2, units, n) and `skipped` are room.

    `biases` are those of the first layer and of the skip.
    """
    _sums(n, inputs, network.first, biases[0], hidden[0])
    _activate(n, hidden[0], network.first_scale)
    _sums(n, hidden[0], network.second, network.second_bias, hidden[1])
    _activate(n, hidden[1], network.second_scale)
    _sums(n, hidden[1], network.third, network.third_bias, outputs)
    _sums(n, inputs, network.skip, biases[1], skipped)
    for unit in range(outputs.shape[0]):
        a, b = network.third_scale[unit], network.skip_scale[unit]
        target, more = outputs[unit], skipped[unit]
        for j in range(n):
            target[j] = np.floor(target[j] * a) + np.floor(more[j] * b)
