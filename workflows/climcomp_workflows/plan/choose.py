"""Which codec is smallest on a variable's sample blocks, with which settings."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numcodecs.blosc import Blosc
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import choose_settings, get_codec
from climcomp.errors import BoundError, CodecError
from climcomp.frame import BlockEncoding, decode_block, encode_block
from climcomp.rounding import keepbits_for
from climcomp_workflows.plan.ladder import TIGHTER, Settings
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.portable import round_within

# Raw bytes of a variable up to which SZ3's two algorithms both run on every whole block; above, a
# sixteenth of each block decides, which costs an eighth of an encode instead of a whole one.
FULL_RACE_BYTES = 64 << 20
# A second encoding stage must save this share of the bytes to be worth its time.
WORTH_SHARE = 0.01
# Rounding before a codec takes this share of the bound; the codec keeps the rest.
ROUNDING_SHARE = 0.25
# Standard codecs, which every Zarr reader knows, are preferred up to this much more bytes.
PORTABLE_FACTOR = 1.1


@dataclass(frozen=True, slots=True)
class Trial:
    """What a codec made of the sample blocks."""

    codec: str
    settings: Settings
    keepbits: int | None
    size_bytes: int
    raw_bytes: int
    seconds: float  # one encode and one decode of the blocks


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Values of one inner chunk as they will be stored, and the bound that they must keep."""

    values: NDArray[Any]
    bound: ErrorBound


def _encode_all(
    blocks: Sequence[SampleBlock],
    codec: str,
    settings: Settings,
    keepbits: int | None,
    exact: tuple[float, ...],
    fill: float,
    lossless: bool = False,
) -> tuple[int, float]:
    started = time.perf_counter()
    size = 0
    for block in blocks:
        encoding = BlockEncoding(
            codec=get_codec(codec, **dict(settings)),
            bound=None if lossless else block.bound,
            keepbits=keepbits,
            exact=exact,
            fill=fill,
        )
        payload = encode_block(block.values, encoding)
        decode_block(payload, block.values.shape, block.values.dtype)
        size += len(payload)
    return size, time.perf_counter() - started


def _settings_of(codec: str, blocks: Sequence[SampleBlock], raw_bytes: int) -> Settings:
    if codec != "sz3":
        return ()
    race = "full" if raw_bytes <= FULL_RACE_BYTES else "sample"
    largest = max(blocks, key=lambda b: np.count_nonzero(np.isfinite(b.values)))
    chosen = choose_settings("sz3", largest.values, largest.bound)
    return (("order", getattr(chosen, "order", None)), ("race", race))


def _keepbits_by_level(bound: ErrorBound, largest: float, dtype: np.dtype[Any]) -> int:
    """Mantissa bits whose rounding of values up to `largest` stays within an absolute bound."""
    return keepbits_for(min(0.5, bound.value / largest), dtype)


def race(
    blocks: Sequence[SampleBlock],
    codecs: Sequence[str],
    raw_bytes: int,
    exact: tuple[float, ...],
    fill: float,
    rounding: str | int,
) -> list[Trial]:
    """Encode the sample blocks with every codec; the smallest first, lossless among them.

    A codec that refuses the blocks (a bound below their precision) is left out.
    """
    raw = sum(b.values.nbytes for b in blocks)
    trials = []
    for codec in codecs:
        fixed = rounding if isinstance(rounding, int) else None
        try:
            settings = _settings_of(codec, blocks, raw_bytes)
            size, seconds = _encode_all(blocks, codec, settings, fixed, exact, fill)
            trials.append(Trial(codec, settings, fixed, size, raw, seconds))
            if rounding == "auto" and codec in ("sz3", "zfp"):
                trials += _rounded(blocks, trials[-1], exact, fill)
        except (BoundError, CodecError):
            continue
    size, seconds = _encode_all(blocks, "lossless", (), None, exact, fill, lossless=True)
    trials.append(Trial("lossless", (), None, size, raw, seconds))
    return sorted(trials, key=lambda t: t.size_bytes)


def _rounded(
    blocks: Sequence[SampleBlock], plain: Trial, exact: tuple[float, ...], fill: float
) -> list[Trial]:
    """The same codec after a rounding that takes a quarter of the bound, if that is smaller."""
    largest = max(
        (float(np.abs(b.values[np.isfinite(b.values)]).max(initial=0.0)) for b in blocks),
        default=0.0,
    )
    bound = min(blocks, key=lambda b: b.bound.value).bound
    if bound.kind != "absolute" or not largest:
        return []
    share = ErrorBound("absolute", bound.value * ROUNDING_SHARE)
    keepbits = _keepbits_by_level(share, largest, blocks[0].values.dtype)
    if keepbits >= np.finfo(blocks[0].values.dtype).nmant:
        return []
    try:
        size, seconds = _encode_all(blocks, plain.codec, plain.settings, keepbits, exact, fill)
    except (BoundError, CodecError):
        return []
    if size > plain.size_bytes * (1 - WORTH_SHARE):
        return []
    return [Trial(plain.codec, plain.settings, keepbits, size, plain.raw_bytes, seconds)]


def encode_at(
    blocks: Sequence[SampleBlock], rung: Rung, number: int, exact: tuple[float, ...], fill: float
) -> int:
    """Bytes of the sample blocks at a later rung of the ladder, whose first their bounds are of."""
    factor = TIGHTER**number
    tightened = [SampleBlock(b.values, b.bound.tightened(factor)) for b in blocks]
    keepbits = None if rung.keepbits is None else max(rung.keepbits)
    size, _ = _encode_all(
        tightened, rung.codec, rung.settings, keepbits, exact, fill, lossless=rung.lossless
    )
    return size


def standard_size(blocks: Sequence[SampleBlock], exact: tuple[float, ...]) -> int:
    """Bytes of the blocks, rounded to their bounds, under the archive's standard codecs."""
    blosc = Blosc(cname="zstd", clevel=5, shuffle=Blosc.SHUFFLE)
    return sum(len(blosc.encode(round_within(b.values, b.bound, exact))) for b in blocks)


def estimated_bytes(trial_bytes: int, trial_raw: int, raw_bytes: int, objects: int) -> int:
    """Bytes of the variable's objects, from those of the samples."""
    if not trial_raw:
        return 0
    return math.ceil(trial_bytes * (raw_bytes / trial_raw)) + 24 * objects
