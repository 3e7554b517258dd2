"""The stages of all fields of a block in the order of the stream, and what predicts each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from climcomp.codecs.neural.coding import FIRST_LEVEL, Block, Known, Where, end_field
from climcomp.codecs.neural.frames import Frame, frames_of
from climcomp.codecs.neural.geometry import Geometry, stages_of
from climcomp.codecs.neural.grid import logarithm_of, step_of
from climcomp.codecs.neural.network import Compiled, Network
from climcomp.codecs.neural.taps import NO_TAPS, Taps, as_floats, set_of

# A constant input of the network that is true; inputs are in 1/16.
TRUE = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """What a payload says of the way in which a block is coded."""

    hierarchical: bool
    wraps: bool
    alpha: int
    axis: int


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of one field; without a network in stage "0"."""

    frame: Frame
    where: Where
    known: Known
    network: Compiled | None
    taps: int  # the number of its set; -1 in stage "0"
    stride: int  # to the nearest points that are known


def new_block(geometry: Geometry) -> Block:
    """A block of which nothing is coded yet."""
    field = (geometry.rows, geometry.columns)
    spread, drift, miss, change = (np.zeros(field, dtype=np.int32) for _ in range(4))
    values = np.zeros((geometry.fields, *field), dtype=np.int32)
    return Block(values, spread, drift, miss, change, np.array([FIRST_LEVEL], dtype=np.int64))


def walk(
    geometry: Geometry, settings: Settings, network: Network, taps: Taps, block: Block
) -> Iterator[Step]:
    """All stages; when one is asked for, the one before must have been coded."""
    stages = list(stages_of(geometry, wraps=settings.wraps))
    compiled: dict[tuple[int, ...], Compiled] = {}
    is_first = True
    for frame in frames_of(geometry.chains, geometry.length, hierarchical=settings.hierarchical):
        for stage, stride, where in stages:
            size = step_of(settings.alpha, stride)
            common = (frame.first, frame.second, frame.is_between, size, logarithm_of(size))
            field = frame.index(geometry.length)
            if stage.kind == "0":
                yield Step(frame, where, Known(field, *common, NO_TAPS), None, -1, stride)
                continue
            constants = constants_of(where.kind, stride, frame)
            if constants not in compiled:
                compiled[constants] = network.compiled(np.array(constants, dtype=np.int64))
            number = set_of(where.kind, stride, frame.first, frame.second)
            known = Known(field, *common, as_floats(taps, number))
            yield Step(frame, where, known, compiled[constants], number, stride)
        end_field(block, is_first)
        is_first = False


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
