"""The settings of a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["grids", "fourier", "siren"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Fitting:
    """How networks are fitted: see `climcomp.codecs.neural.inr.codec.Inr`.

    `effort` is the most steps of descent; `device` is where torch takes them. All devices begin
    with the same numbers, and each comes to a network of its own: sums of floats differ, and so
    does the noise. What is decoded is whole numbers, alike everywhere.
    """

    kind: Kind
    effort: int
    precision: Precision
    latitudes: tuple[float, float] | None
    device: str = "cpu"
