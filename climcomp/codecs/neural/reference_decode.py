"""Decode a payload of `ncx` with NumPy's integers alone: slow, to be read and to test by.

Nothing of the compiled loops is used. A stage is predicted at once, in int64, with floor division
wherever the format says so; symbols are then taken one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.base import value_count
from climcomp.codecs.neural import reference
from climcomp.codecs.neural.frames import Frame, frames_of
from climcomp.codecs.neural.geometry import geometry_of
from climcomp.codecs.neural.grid import Grid, logarithm_of, parse_patches, step_of
from climcomp.codecs.neural.models import network_of
from climcomp.codecs.neural.network import Layer, Network
from climcomp.codecs.neural.payload import fields_in_shape, parse_head, verify_checksum
from climcomp.codecs.neural.probabilities import index_of, octaves_beyond, slots
from climcomp.codecs.neural.rans import Stream, open_stream
from climcomp.codecs.neural.schedule import Stage, stages
from climcomp.codecs.neural.tails import parse_tails
from climcomp.codecs.neural.taps import Taps, set_of, unpack_taps

Integers = NDArray[np.int64]

_FAR = 1 << 30


def decode_by_reference(
    payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """The values of a payload.

    Raises
    ------
    PayloadError
        If the bytes are not a payload of this shape and type.
    """
    view = memoryview(payload)
    head, rest = parse_head(view, shape, dtype)
    taps, used = unpack_taps(rest)
    patches, also_used = parse_patches(rest[used:], value_count(shape), dtype)
    stream = rest[used + also_used :]
    tails = None
    if head.settings.has_tails:
        tails, used = parse_tails(stream, value_count(shape))
        stream = stream[used:]
    geometry = geometry_of(shape, head.settings.axis)
    decoder = _Decoder(
        network_of(head.network),
        taps,
        open_stream(stream),
        head.settings.alpha,
        wraps=head.settings.wraps,
        is_lattice=head.settings.is_lattice,
        values=np.zeros((geometry.fields, geometry.rows, geometry.columns), dtype=np.int64),
    )
    every = frames_of(geometry.chains, geometry.length, hierarchical=head.settings.hierarchical)
    for number, frame in enumerate(every):
        decoder.decode_field(frame, frame.index(geometry.length), is_first=number == 0)
    decoder.stream.finish()
    integers = decoder.values.astype("<i4")
    verify_checksum(view, len(view) - len(stream), integers)
    if tails is not None:
        integers = tails.applied(integers)
    found = fields_in_shape(Grid(head.origin, head.unit).values(integers, dtype), shape, geometry)
    patches.apply(found)
    return found


def _r(value: Integers, bits: int) -> Integers:
    """To the nearest integer of value / 2^bits, halves up."""
    return (value + (1 << (bits - 1))) >> bits


def _logarithm(value: Integers, per_octave: int) -> Integers:
    """log8 or log16."""
    octave = np.array([int(v).bit_length() - 1 for v in value], dtype=np.int64)
    fraction = ((value * per_octave) >> octave) - per_octave
    return octave * per_octave + fraction


class _Decoder:
    def __init__(
        self,
        network: Network,
        taps: Taps,
        stream: Stream,
        alpha: int,
        *,
        wraps: bool,
        is_lattice: bool,
        values: Integers,
    ) -> None:
        self.network, self.taps, self.stream, self.alpha = network, taps, stream, alpha
        self.wraps, self.is_lattice, self.values = wraps, is_lattice, values
        field = values.shape[1:]
        self.spread, self.drift, self.miss, self.change = (
            np.zeros(field, dtype=np.int64) for _ in range(4)
        )
        self.level = 1024

    def decode_field(self, frame: Frame, index: int, *, is_first: bool) -> None:
        """All stages of a field."""
        rows, columns = self.values.shape[1:]
        for stage in stages(rows, columns, wraps=self.wraps):
            if stage.kind == "0":
                self._first(stage, frame, index)
            else:
                self._stage(stage, frame, index)
        size = np.abs(self.change)
        self.spread = size if is_first else (3 * self.spread + size + 2) >> 2
        self.drift = (3 * self.drift + self.change + 2) >> 2

    def _number(self, table: int, octaves: int) -> int:
        row: Sequence[int] = [int(n) for n in slots(shifted=self.is_lattice)[table]]
        symbol = reference.pull_symbol(self.stream, row) - 31
        if symbol == 32:
            bits = self._bits(5)
            sign = self._bits(1)
            symbol = 31 + (1 << bits) + self._bits(bits)
            symbol = -symbol if sign else symbol
        low = self._bits(octaves)
        return (symbol << octaves) + low - ((1 << octaves) >> 1)

    def _bits(self, count: int) -> int:
        value = done = 0
        while done < count:
            some = min(16, count - done)
            value |= reference.pull_bits(self.stream, some) << done
            done += some
        return value

    def _first(self, stage: Stage, frame: Frame, index: int) -> None:
        field, step = self.values[index], step_of(self.alpha, stage.step)
        for row in range(0, field.shape[0], stage.step):
            for column in range(0, field.shape[1], stage.step):
                if frame.first >= 0:
                    mu = int(self.values[frame.first, row, column])
                elif column:
                    mu = int(field[row, column - stage.step])
                else:
                    mu = int(field[row - stage.step, column]) if row else 0
                log8 = int(_logarithm(np.array([self.level + 8]), 8)[0])
                scale = max(((6 * (log8 - 32)) >> 3) + 3, -20)
                octaves = octaves_beyond(scale)
                q = self._number(index_of(scale - 6 * octaves, 2, 7), octaves)
                self.level = (3 * self.level + 16 * min(abs(q), 1 << 24)) >> 2
                value = min(max(mu + step * q, -_FAR), _FAR)
                field[row, column] = value
                self.miss[row, column] = min(max(value - mu, -_FAR), _FAR)
                self.change[row, column] = 0

    def _stage(self, stage: Stage, frame: Frame, index: int) -> None:
        rows = np.arange(stage.row, self.values.shape[1], stage.step)
        columns = np.arange(stage.column, self.values.shape[2], stage.step)
        at = _At(
            np.repeat(rows, columns.size),
            np.tile(columns, rows.size),
            stage.stride,
            (self.values.shape[1], self.values.shape[2]),
            self.wraps,
        )
        seen = self._describe(stage, frame, index, at)
        step = step_of(self.alpha, stage.stride)
        outputs = _outputs(self.network, seen.inputs, _constants(stage, frame))
        mu, tables, octaves = _mixed(seen, outputs, logarithm_of(step))
        start = mu
        if self.is_lattice:
            start = (mu + 128) // 256 * 256
            shifted = tables + 39 * 144 * (1 + (mu - start + 128) // 16)
            tables = np.where(octaves == 0, shifted, tables)
        for n in range(mu.size):
            q = self._number(int(tables[n]), int(octaves[n]))
            value = min(max(int(start[n]) + step * q, -_FAR), _FAR)
            place = at.rows[n], at.columns[n]
            self.values[index][place] = value
            self.miss[place] = min(max(value - int(mu[n]), -_FAR), _FAR)
            self.change[place] = min(max(value - int(seen.plain[n]), -_FAR), _FAR)

    def _describe(self, stage: Stage, frame: Frame, index: int, at: _At) -> _Seen:
        kind = "ABC".index(stage.kind)
        offsets, weights = _OFFSETS[stage.kind], _WEIGHTS[stage.kind]
        c = at.around(self.values[index], offsets)
        m, p1, p2, hi = (_r(w @ c, 8) for w in weights)
        zero = np.zeros_like(m)
        has_a, has_b = frame.first >= 0, frame.second >= 0
        a = at.around(self.values[frame.first], offsets) if has_a else None
        b = at.around(self.values[frame.second], offsets) if has_b else None
        a0 = self.values[frame.first][at.rows, at.columns] if has_a else zero
        b0 = self.values[frame.second][at.rows, at.columns] if has_b else zero
        ta = a0 - _r(weights[3] @ a, 8) if a is not None else zero
        tb = b0 - _r(weights[3] @ b, 8) if b is not None else zero
        if has_b:
            tab = (ta + tb) >> 1 if frame.is_between else 2 * ta - tb
            ex = (a0 + b0) >> 1 if frame.is_between else 2 * a0 - b0
        else:
            tab, ex = ta, a0 if has_a else hi
        number = set_of(kind, stage.stride, frame.first, frame.second)
        base = hi + ta
        if number in self.taps:
            known = list(c - m)
            known += [a0 - m, *(a[:8] - m)] if a is not None else []
            known += [b0 - m, *(b[:4] - m)] if b is not None else []
            taps = self.taps[number].astype(np.int64)
            base = m + _r(np.sum(taps[:, None] * np.array(known), axis=0), 12)
        candidates = np.array(
            [hi, p1, p2, m, hi + ta, hi + tab, hi + (ta >> 1), a0 if has_a else hi, ex]
        )
        beside = candidates - base
        misses = at.around(self.miss, offsets[:4])
        e, em = np.abs(misses).sum(0) >> 2, misses.sum(0) >> 2
        spread = self.spread[at.rows, at.columns]
        drift = self.drift[at.rows, at.columns]
        d12, dm, away = np.abs(p1 - p2), np.abs(m - hi), np.abs(base - hi)
        sig = (16 * (d12 + dm) + 10 * away + 32 * spread + 8 * e + 1664) >> 6
        sl = _logarithm(sig, 8)

        def over(d: Integers, h: int) -> Integers:
            reciprocal = np.array([round(2**19 / (8 + f)) for f in range(8)])[sl % 8]
            bits = 12 + h + sl // 8
            found: Integers = np.clip((d * reciprocal + (1 << (bits - 1))) >> bits, -96, 96)
            return found

        def lg(value: Integers) -> Integers:
            return np.minimum(_logarithm(np.abs(value) + 8, 16) - 112, 511)

        change = np.abs(c[:4] - a[:4]).sum(0) >> 2 if a is not None else zero
        top = np.maximum(beside.max(0), 0) - np.minimum(beside.min(0), 0)
        inputs = [over(one, 0) for one in beside]
        inputs += [over(ta, 0), over(tab, 0), over(drift, 0)]
        inputs += [over(c[4 + i] - hi, 2) for i in range(4)]
        inputs += [over(c[i] - m, 2) for i in range(4)]
        inputs += [over(em, 0)]
        largest = np.abs(c[:4] - m).max(0)
        near = at.around(self.spread, offsets[:4]).sum(0) >> 2
        sizes = (ta, base - hi, spread, d12, dm, change, sig, largest, top, e, near)
        inputs += [lg(one) for one in sizes]
        return _Seen(np.array(inputs), beside, base, hi + ta, sl)


@dataclass(frozen=True, slots=True)
class _At:
    """Points of a stage."""

    rows: Integers
    columns: Integers
    stride: int
    shape: tuple[int, int]
    wraps: bool

    def around(self, field: Integers, offsets: Sequence[tuple[int, int]]) -> Integers:
        """(offsets, n) values at offsets in strides."""
        found = []
        for down, right in offsets:
            rows = _inside(self.rows + down * self.stride, self.shape[0], self.stride)
            columns = self.columns + right * self.stride
            if self.wraps:
                columns = columns % self.shape[1]
            else:
                columns = _inside(columns, self.shape[1], self.stride)
            found.append(field[rows, columns])
        return np.array(found)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of the points of a stage."""

    inputs: Integers
    beside: Integers
    base: Integers
    plain: Integers
    sl: Integers


def _inside(index: Integers, size: int, stride: int) -> Integers:
    index = index.copy()
    while (index < 0).any() or (index >= size).any():
        index = np.where(index < 0, index + 2 * stride, index)
        index = np.where(index >= size, index - 2 * stride, index)
    return index


def _constants(stage: Stage, frame: Frame) -> Integers:
    flags = [stage.kind == k for k in "ABC"]
    flags += [frame.first >= 0, frame.second >= 0, frame.is_between]
    numbers = [int(f) for f in flags]
    numbers += [int(math.log2(frame.distance)), int(math.log2(stage.stride)), stage.stride == 1]
    return 16 * np.array(numbers, dtype=np.int64)


def _sums(layer: Layer, inputs: Integers) -> Integers:
    return layer.weights.astype(np.int64) @ inputs + layer.biases.astype(np.int64)[:, None]


def _outputs(network: Network, inputs: Integers, constants: Integers) -> Integers:
    fixed = np.repeat(constants[:, None], inputs.shape[1], axis=1)
    x = np.concatenate([inputs, fixed])
    h = x
    for layer in (network.first, network.second):
        y = _sums(layer, h)
        shifts = layer.shifts.astype(np.int64)[:, None]
        h = np.clip(np.where(y < 0, y >> (shifts + 3), y >> shifts), -2047, 2047)
    third, skip = network.third, network.skip
    of_hidden = _sums(third, h) >> third.shifts.astype(np.int64)[:, None]
    of_inputs = _sums(skip, x) >> skip.shifts.astype(np.int64)[:, None]
    outputs: Integers = of_hidden + of_inputs
    return outputs


def _mixed(seen: _Seen, o: Integers, step: int) -> tuple[Integers, Integers, Integers]:
    from climcomp.codecs.neural.mixture import EXPONENTIALS

    every = EXPONENTIALS.astype(np.int64)
    away = o[:10].max(0) - o[:10]
    e = np.where(away < every.size, every[np.minimum(away, every.size - 1)], 0)
    total = e.sum(0)
    scale_s = (8 + seen.sl % 8) << (seen.sl // 8)  # S times 8
    mu = (
        seen.base
        + (2 * (e[:9] * seen.beside).sum(0) + total) // (2 * total)
        + _r(np.clip(o[10], -512, 512) * scale_s, 11)
    )
    scale = np.clip((6 * (o[11] + 8 * seen.sl - 448 - step) + 32) >> 6, -20, 162)
    octaves = np.array([octaves_beyond(int(s)) for s in scale])
    ratio = np.clip(((2 * o[12] + 32) >> 6) + 2, 0, 11)
    weight = np.clip(((o[13] + 32) >> 6) + 4, 0, 11)
    tables = ((scale - 6 * octaves + 20) * 12 + ratio) * 12 + weight
    return mu, tables, octaves


_DIAGONAL = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
_CROSS = [(-1, 0), (1, 0), (0, -1), (0, 1)]
_FAR_CROSS = [(-3, 0), (3, 0), (0, -3), (0, 3)]
_WIDE = [(a, b) for a in (-1, 1) for b in (-2, 2)]
_TALL = [(a, b) for a in (-2, 2) for b in (-1, 1)]
_OFFSETS = {
    "A": [
        *_DIAGONAL,
        *((a, b) for a in (-1, 1) for b in (-3, 3)),
        *((a, b) for a in (-3, 3) for b in (-1, 1)),
        *((a, b) for a in (-3, 3) for b in (-3, 3)),
    ],
    "B": [*_CROSS, *_WIDE, *_TALL, *_FAR_CROSS],
    "C": [*_CROSS, *_DIAGONAL, *_TALL, *_FAR_CROSS],
}


def _row(**of: int) -> list[int]:
    """16 weights from those of some neighbours: c0=..., c4_11=... for the 5th to the 12th."""
    found = [0] * 16
    for name, value in of.items():
        first, _, last = name[1:].partition("_")
        for i in range(int(first), int(last or first) + 1):
            found[i] = value
    return found


_LINEAR = _row(c0_3=64)
_ALONG_Y = _row(c0_1=144, c12_13=-16)
_ALONG_X = _row(c2_3=144, c14_15=-16)
_WEIGHTS = {
    "A": np.array(
        [
            _LINEAR,
            _row(c0=144, c3=144, c12=-16, c15=-16),
            _row(c1_2=144, c13_14=-16),
            _row(c0_3=81, c4_11=-9, c12_15=1),
        ]
    ),
    "B": np.array([_LINEAR, _ALONG_Y, _ALONG_X, _row(c0_3=72, c12_15=-8)]),
    "C": np.array([_LINEAR, _ALONG_Y, _ALONG_X, _row(c0_3=128, c4_7=-64)]),
}
