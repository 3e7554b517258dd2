"""What pieces of the sample blocks come to, for a codec at some bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from climcomp.errors import BoundError, CodecError
from climcomp_workflows.plan.choose import payload_of
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.pieces import SampleBlock
from climcomp_workflows.plan.search.find import Steps
from climcomp_workflows.plan.search.levels import bounds_at
from climcomp_workflows.plan.search.trials import Candidate


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of pieces by codec and steps; each is encoded once.

    Parameters
    ----------
    loosest
        The bounds of all levels at step 0.
    sampled
        The levels to which steps belong.
    exact, fill
        As in `BlockEncoding`.
    """

    pieces: tuple[SampleBlock, ...]
    loosest: LevelBounds
    sampled: Sequence[int]
    exact: tuple[float, ...]
    fill: float
    known: dict[tuple[Candidate, Steps], float] = field(default_factory=dict)

    @property
    def raw_bytes(self) -> int:
        """Of the pieces before encoding."""
        return sum(piece.values.nbytes for piece in self.pieces)

    def __call__(self, candidate: Candidate, steps: Steps) -> float:
        """Bytes of all pieces; infinite where the codec refuses one of them."""
        key = (candidate, steps)
        if key not in self.known:
            self.known[key] = self._encoded(candidate, steps)
        return self.known[key]

    def _encoded(self, candidate: Candidate, steps: Steps) -> float:
        bounds = bounds_at(self.loosest, self.sampled, steps).bounds
        size = 0
        try:
            for piece in self.pieces:
                size += len(
                    payload_of(
                        piece.within(bounds),
                        candidate.codec,
                        candidate.settings,
                        candidate.keepbits,
                        self.exact,
                        self.fill,
                    )
                )
        except (BoundError, CodecError):
            return float("inf")
        return float(size)
