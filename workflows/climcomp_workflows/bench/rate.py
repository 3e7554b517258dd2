"""Sample blocks through a codec and back: their size, their errors, and the time it takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs import Codec, get_codec
from climcomp.frame import BlockEncoding, decode_block, encode_block
from climcomp_metrics.field import Axes, canonical
from climcomp_workflows.bench.model import LosslessTrial, Rate, Speed
from climcomp_workflows.plan.level_bounds import LevelRange
from climcomp_workflows.plan.model import Rung

# Passes that are over in less than this are made again, for other work on the machine shows in
# them; the fastest counts. Our own numbers.
SHORT_SECONDS = 0.2
SHORT_PASSES = 3


@dataclass(frozen=True, slots=True)
class BenchBlock:
    """An inner chunk of the variable.

    Parameters
    ----------
    values
        As the archive would store them, in the order of the array's dimensions.
    counts
        Of the same shape: where a value is neither missing nor a flag.
    levels
        The folded levels of the block, in the order of its canonical layout.
    shared
        The levels whose tightest bound a run keeps in it: those of its shard.
    """

    values: NDArray[Any]
    counts: NDArray[np.bool_]
    levels: tuple[int, ...]
    shared: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """The sample blocks of a variable, and how they are encoded and compared.

    Parameters
    ----------
    exact
        Values that come back bit for bit.
    fill
        What pads blocks at the ends of the array.
    ranges
        Of every level, from the sample.
    """

    blocks: tuple[BenchBlock, ...]
    axes: Axes
    exact: tuple[float, ...]
    fill: float
    ranges: tuple[LevelRange | None, ...]

    @property
    def raw_bytes(self) -> int:
        """The size of the blocks themselves."""
        return sum(block.values.nbytes for block in self.blocks)

    @property
    def size(self) -> int:
        """How many values they have."""
        return sum(block.values.size for block in self.blocks)

    def measure(self, rung: Rung) -> tuple[Rate, Speed]:
        """Send all blocks through the codec of a rung.

        Raises
        ------
        BoundError, CodecError, MissingExtraError
            If it refuses one of them.
        """
        assert rung.bounds is not None
        relative = rung.bounds[0].kind == "pointwise_relative"
        errors = _Errors(self.axes, self.ranges, relative)
        codec = get_codec(rung.codec, **dict(rung.settings))
        encodings = [self._encoding(rung, codec, block) for block in self.blocks]
        stored, speed = _round_trips(self.blocks, encodings, errors.add)
        return errors.rate(self.raw_bytes, stored, 8.0 * stored / self.size), speed

    def _encoding(self, rung: Rung, codec: Codec, block: BenchBlock) -> BlockEncoding:
        assert rung.bounds is not None
        bound = min((rung.bounds[n] for n in block.shared), key=lambda b: b.value)
        keepbits = None
        if rung.keepbits is not None:
            keepbits = max(rung.keepbits[n] for n in block.shared)
        return BlockEncoding(codec, bound, keepbits, self.exact, self.fill)

    def lossless(self, codec: str) -> LosslessTrial:
        """The same with a codec that keeps every bit."""
        encoding = BlockEncoding(get_codec(codec), fill=self.fill)
        encodings = [encoding] * len(self.blocks)
        stored, speed = _round_trips(self.blocks, encodings, lambda block, decoded: None)
        return LosslessTrial(codec, self.raw_bytes, stored, 8.0 * stored / self.size, speed)


def _round_trips(
    blocks: Sequence[BenchBlock],
    encodings: Sequence[BlockEncoding],
    take: Callable[[BenchBlock, NDArray[Any]], None],
) -> tuple[int, Speed]:
    """The size of all payloads, and the speed of the fastest pass; `take` is given each result."""
    stored, encode, decode = _one_pass(blocks, encodings, take)
    for _ in range(SHORT_PASSES - 1):
        if encode + decode >= SHORT_SECONDS:
            break
        _, again, back = _one_pass(blocks, encodings, lambda block, decoded: None)
        encode, decode = min(encode, again), min(decode, back)
    megabytes = sum(block.values.nbytes for block in blocks) / 1e6
    # A clock that stood still says nothing, but must not divide by zero.
    return stored, Speed(megabytes / max(encode, 1e-9), megabytes / max(decode, 1e-9))


def _one_pass(
    blocks: Sequence[BenchBlock],
    encodings: Sequence[BlockEncoding],
    take: Callable[[BenchBlock, NDArray[Any]], None],
) -> tuple[int, float, float]:
    """The size of all payloads, and the seconds of encoding and of decoding them."""
    stored, encode, decode = 0, 0.0, 0.0
    for block, encoding in zip(blocks, encodings, strict=True):
        values = block.values
        started = time.perf_counter()
        payload = encode_block(values, encoding)
        between = time.perf_counter()
        decoded = decode_block(payload, values.shape, values.dtype)
        decode += time.perf_counter() - between
        encode += between - started
        stored += len(payload)
        take(block, decoded)
    return stored, encode, decode


@dataclass(slots=True)
class _Errors:
    """Sums of the errors of blocks; lives for one trial."""

    axes: Axes
    ranges: Sequence[LevelRange | None]
    relative: bool
    values: int = 0
    squares: float = 0.0
    scaled_values: int = 0
    scaled_squares: float = 0.0
    largest: float = 0.0
    scaled_largest: float = 0.0

    def add(self, block: BenchBlock, decoded: NDArray[Any]) -> None:
        """Count the errors of a block, level by level: each has a range of its own."""
        original = canonical(block.values, self.axes)
        back = canonical(decoded, self.axes)
        counts = canonical(block.counts, self.axes)
        for position, level in enumerate(block.levels):
            here = counts[:, position]
            x = original[:, position][here].astype(np.float64)
            error = np.abs(back[:, position][here].astype(np.float64) - x)
            if error.size == 0:
                continue
            square = float(np.square(error).sum())
            self.values += error.size
            self.squares += square
            largest = float(error.max())
            known = self.ranges[level]
            span = 0.0 if known is None else known.high - known.low
            if span > 0:
                self.scaled_values += error.size
                self.scaled_squares += square / span**2
                self.scaled_largest = max(self.scaled_largest, largest / span)
            if self.relative:
                with np.errstate(divide="ignore", over="ignore"):  # a lost zero is infinitely off
                    share = np.divide(error, np.abs(x), out=np.zeros_like(x), where=error > 0)
                largest = float(share.max())
            self.largest = max(self.largest, largest)

    def rate(self, raw_bytes: int, stored: int, bits: float) -> Rate:
        scaled = self.scaled_values > 0
        peak = self.largest if self.relative else self.scaled_largest
        return Rate(
            raw_bytes=raw_bytes,
            stored_bytes=stored,
            bits_per_value=bits,
            largest_error=self.largest,
            rmse=math.sqrt(self.squares / self.values) if self.values else 0.0,
            psnr_db=_decibels(math.sqrt(self.scaled_squares / self.scaled_values))
            if scaled
            else None,
            largest_error_db=_decibels(peak) if scaled or self.relative else None,
        )


def _decibels(share: float) -> float:
    return math.inf if share == 0.0 else -20.0 * math.log10(share)
