"""The fields of a block in the order of the stream, and what predicts each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from climcomp.codecs.neural.coding import FIRST_LEVEL
from climcomp.codecs.neural.frames import Frame, frames_of
from climcomp.codecs.neural.geometry import Geometry, Plan, plan_of
from climcomp.codecs.neural.network import Compiled, Network
from climcomp.codecs.neural.state import Block, Field
from climcomp.codecs.neural.taps import Taps, as_floats, set_of

Shared = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]
"""Sets of taps and both biases of each stage."""

# A constant input of the network that is true; inputs are in 1/16.
TRUE = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """What a payload says of the way in which a block is coded."""

    hierarchical: bool
    wraps: bool
    alpha: int
    axis: int
    is_lattice: bool = False
    has_tails: bool = False


def new_block(geometry: Geometry) -> Block:
    """A block of which nothing is coded yet."""
    field = (geometry.rows, geometry.columns)
    spread, drift, miss, change = (np.zeros(field, dtype=np.int32) for _ in range(4))
    values = np.zeros((geometry.fields, *field), dtype=np.int32)
    return Block(values, spread, drift, miss, change, np.array([FIRST_LEVEL], dtype=np.int64))


@dataclass(slots=True)
class Walk:
    """The fields of a block in the order of the stream, with what the compiled loops need.

    Parameters
    ----------
    taps
        Of the block.
    """

    geometry: Geometry
    settings: Settings
    network: Network
    taps: Taps

    plan: Plan = field(init=False)
    compiled: Compiled = field(init=False)
    all_taps: NDArray[np.float64] = field(init=False)
    _known: dict[tuple[bool, bool, bool, int], Shared] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.plan = plan_of(
            self.geometry.rows,
            self.geometry.columns,
            self.settings.alpha,
            wraps=self.settings.wraps,
            is_lattice=self.settings.is_lattice,
        )
        self.compiled = self.network.compiled()
        self.all_taps = as_floats(self.taps)

    def __iter__(self) -> Iterator[tuple[Frame, Field]]:
        geometry = self.geometry
        is_first = True
        for frame in frames_of(
            geometry.chains, geometry.length, hierarchical=self.settings.hierarchical
        ):
            yield frame, self._field(frame, is_first=is_first)
            is_first = False

    def _field(self, frame: Frame, *, is_first: bool) -> Field:
        key = (frame.first >= 0, frame.second >= 0, frame.is_between, frame.distance)
        if key not in self._known:
            self._known[key] = self._shared(frame)
        return Field(
            frame.index(self.geometry.length),
            frame.first,
            frame.second,
            frame.is_between,
            is_first,
            *self._known[key],
        )

    def _shared(self, frame: Frame) -> Shared:
        """What fields with such references share."""
        kinds, strides = self.plan.stages.kinds, self.plan.strides
        sets = [-1] + [
            set_of(int(kind), stride, frame.first, frame.second)
            for kind, stride in zip(kinds[1:], strides[1:], strict=True)
        ]
        biases = [
            self.network.biases(np.array(constants_of(int(kind), stride, frame), dtype=np.int64))
            for kind, stride in zip(kinds, strides, strict=True)
        ]
        return (
            np.array(sets, dtype=np.int64),
            np.array([first for first, _ in biases]),
            np.array([skip for _, skip in biases]),
        )


def constants_of(kind: int, stride: int, frame: Frame) -> tuple[int, ...]:
    """The inputs of the network that all points of a stage share, in 1/16.

    Kind A, B, C; a first reference, a second one, between them; log2 of their distance; log2 of the
    stride; whether that is 1. What is true is 1.
    """
    truths = (
        kind == 0,
        kind == 1,
        kind == 2,
        frame.first >= 0,
        frame.second >= 0,
        frame.is_between,
    )
    levels = (frame.distance.bit_length() - 1, stride.bit_length() - 1)
    return (*(TRUE * t for t in truths), *(TRUE * n for n in levels), TRUE * (stride == 1))
