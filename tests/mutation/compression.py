"""Good compressions: codecs at bounds that do no harm, which the suite must let pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import BoundError, CodecError
from climcomp.frame import BlockEncoding, decode_block, encode_block

from .subjects import Subject

Array = NDArray[np.float32]
BLOCK_STEPS = 64

# Of sigma, or of the field's finest detail where that is less: METRICS' default for what has no
# better is 0.01 sigma, but a smooth field (temperature at 3 hPa, whose Laplacian is two per cent of
# sigma) has short waves that so large an error drowns, and S1 to S3 rightly say so.
SHARES = (0.01, 0.003, 0.001)
# Bits of the mantissa that rounding keeps. METRICS' default for rain is 7: half a step of that is
# 0.06 sigma where the heaviest rain is 15 sigma, which E1 rightly refuses.
KEPT_BITS = (16, 15, 14, 13, 12, 11, 10, 9, 8)
# Tracers, which are nowhere zero, take the tighter of that and METRICS' 0.01 sigma.
MOST_OF_SIGMA = 0.01


def finest_detail(subject: Subject) -> tuple[float, ...]:
    """Of each level: the rms of the 5-point Laplacian, or sigma if that is less."""
    x = subject.values.astype(np.float64)
    inner = x[:, :, 1:-1, 1:-1]
    curve = (
        x[:, :, :-2, 1:-1] + x[:, :, 2:, 1:-1] + x[:, :, 1:-1, :-2] + x[:, :, 1:-1, 2:] - 4 * inner
    )
    size = np.sqrt(np.nanmean(curve**2, axis=(0, 2, 3)))
    return tuple(min(float(a), b) for a, b in zip(size, subject.settings.sigma, strict=True))


@dataclass(frozen=True)
class Compression:
    """A codec, and the bound that it kept on a subject."""

    name: str
    codec: Literal["sz3", "zfp", "rounding"]
    settings: tuple[tuple[str, object], ...]
    kind: Literal["absolute", "pointwise_relative"]
    size: float

    def bounds(self, subject: Subject) -> tuple[ErrorBound, ...]:
        """One for each level."""
        if self.kind == "pointwise_relative":
            return (ErrorBound(self.kind, self.size),) * len(subject.settings.sigma)
        return tuple(ErrorBound(self.kind, self.size * d) for d in finest_detail(subject))

    def done_to(self, subject: Subject) -> Array:
        """What the field decodes to."""
        exact = (0.0,) if subject.settings.kind != "C" else ()
        decoded = np.empty_like(subject.values)
        codec = get_codec(self.codec, **dict(self.settings))
        for level, bound in enumerate(self.bounds(subject)):
            encoding = BlockEncoding(codec, bound, None, exact)
            for start in range(0, len(decoded), BLOCK_STEPS):
                block = subject.values[start : start + BLOCK_STEPS, level]
                payload = encode_block(block, encoding)
                decoded[start : start + BLOCK_STEPS, level] = decode_block(
                    payload, block.shape, block.dtype
                )
        return decoded


_ABSOLUTE = (
    ("SZ3 interpolation", "sz3", (("algorithm", "interpolation"),)),
    ("SZ3 Lorenzo-regression", "sz3", (("algorithm", "lorenzo_regression"),)),
    ("ZFP", "zfp", ()),
    ("rounding", "rounding", ()),
)


def compressions(subject: Subject) -> Iterator[Compression]:
    """Those that suit the class: relative for P, whose values span decades; absolute for others."""
    sigma, largest = min(subject.settings.sigma), float(np.nanmax(subject.values))
    if subject.settings.kind == "P":
        for bits in KEPT_BITS:
            size = 2.0 ** -(bits + 1)
            if bool((subject.values == 0).any()) or size * largest <= MOST_OF_SIGMA * sigma:
                name = f"rounding to {bits} bits"
                yield Compression(name, "rounding", (), "pointwise_relative", size)
        return
    for share in SHARES:
        for name, codec, settings in _ABSOLUTE:
            yield Compression(
                f"{name} at {share} of the detail",
                codec,
                settings,
                "absolute",
                share,  # type: ignore[arg-type]
            )


def possible(compression: Compression, subject: Subject) -> Array | None:
    """The decoded field; None where a codec refuses, which is no verdict on the suite."""
    try:
        return compression.done_to(subject)
    except (BoundError, CodecError):
        return None
