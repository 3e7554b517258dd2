"""The order in which the fields of a block are coded, and which decoded ones predict each.

Format
------
A block is `chains` x `length` fields of rows x columns, its last two dimensions. One leading
dimension, the frame axis, counts the fields of a chain; the chain is the index into all others, in
their order. Chains follow one another.

Causal: the fields of a chain in their order; t is predicted from t - 1 and t - 2 (distance 1).
Hierarchical: with D the largest power of two below `length` and at most 8, first the fields 0, D,
2 D, ... from t - D and t - 2 D (distance D); then for d = D/2, D/4, ... 1 the fields d, 3 d, 5 d,
... from t - d and t + d ("between"), or from t - d alone where t + d is not there (distance d).

The first field of a chain is predicted from those of the two chains before it, distance 1. A field
without references has distance 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FARTHEST = 8
NONE = -1


@dataclass(frozen=True, slots=True)
class Frame:
    """One field: where it is in the block, and the fields that predict it (NONE: there is none)."""

    chain: int
    time: int
    first: int  # index of the nearest reference, chain * length + time
    second: int
    distance: int
    is_between: bool = False  # whether the references lie on both sides

    def index(self, length: int) -> int:
        """Its own index."""
        return self.chain * length + self.time


def frames_of(chains: int, length: int, *, hierarchical: bool) -> Iterator[Frame]:
    """All fields of a block in the order of the stream."""
    for chain in range(chains):
        begin = chain * length
        for time, first, second, distance in _chain(length, hierarchical=hierarchical):
            if time == 0:
                before = [c * length if c >= 0 else NONE for c in (chain - 1, chain - 2)]
                yield Frame(chain, 0, before[0], before[1], 1)
                continue
            yield Frame(
                chain,
                time,
                begin + first,
                NONE if second == NONE else begin + second,
                distance,
                second > time,
            )


def _chain(length: int, *, hierarchical: bool) -> Iterator[tuple[int, int, int, int]]:
    """Time, first and second reference and distance of the fields of one chain."""
    farthest = 1
    while hierarchical and farthest < FARTHEST and 2 * farthest < length:
        farthest *= 2
    for time in range(0, length, farthest):
        yield time, time - farthest, max(NONE, time - 2 * farthest), farthest
    distance = farthest // 2
    while distance:
        for time in range(distance, length, 2 * distance):
            after = time + distance
            yield time, time - distance, after if after < length else NONE, distance
        distance //= 2
