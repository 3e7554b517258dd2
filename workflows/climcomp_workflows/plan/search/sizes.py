"""What the sample blocks come to for a codec at some bounds, from pieces of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import BoundError, CodecError
from climcomp_workflows.plan.coded import payload_of, size_of_planes
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.pieces import PIECE_VALUES, SampleBlock
from climcomp_workflows.plan.sample import spread
from climcomp_workflows.plan.search.find import Steps
from climcomp_workflows.plan.search.levels import bounds_at
from climcomp_workflows.plan.search.trials import Candidate

# Our own: sizes are compared on pieces of so many blocks, a slow codec's on smaller ones.
MOST_BLOCKS = 3
SLOW_PIECE_VALUES = PIECE_VALUES // 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the sample blocks by codec and steps, from pieces; each is encoded once.

    Parameters
    ----------
    loosest
        The bounds of all levels at step 0.
    sampled
        The levels to which steps belong.
    exact, fill
        As in `BlockEncoding`.
    whole
        What codecs made of the whole blocks at the steps `begin`, where that is known: pieces of
        these are scaled by it, and pieces of other codecs as those of `reference`.
    """

    blocks: Sequence[SampleBlock]
    loosest: LevelBounds
    sampled: Sequence[int]
    exact: tuple[float, ...]
    fill: float
    whole: dict[str, int]
    begin: Steps
    reference: Candidate | None = None
    known: dict[tuple[Candidate, Steps], tuple[float, ...]] = field(default_factory=dict)
    by_bound: dict[tuple[Candidate, tuple[ErrorBound, ...]], tuple[float, ...]] = field(
        default_factory=dict
    )

    @property
    def raw_bytes(self) -> int:
        """Of the blocks before encoding."""
        return sum(block.raw_bytes for block in self.blocks)

    def __call__(self, candidate: Candidate, steps: Steps) -> float:
        """Bytes of all blocks, more for a slow codec; infinite where it refuses one of them."""
        return self.total(candidate, steps) * candidate.slowness

    def total(self, candidate: Candidate, steps: Steps) -> float:
        """Bytes of all blocks; infinite where the codec refuses one of them."""
        found, some = self.by_block(candidate, steps), self._some
        return sum(found) * self.raw_bytes / sum(block.raw_bytes for block in some)

    def by_block(self, candidate: Candidate, steps: Steps) -> tuple[float, ...]:
        """Bytes by block of a few of them; infinite where the codec refuses one."""
        scale = self._scale(candidate)
        return tuple(size * scale for size in self._of_pieces(candidate, steps))

    def _scale(self, candidate: Candidate) -> float:
        """What whole blocks take beside what their pieces say, for this codec or a known one."""
        known = candidate if candidate.codec in self.whole else self.reference
        if known is None:
            return 1.0
        share = sum(block.raw_bytes for block in self._some) / self.raw_bytes
        return self.whole[known.codec] * share / sum(self._of_pieces(known, self.begin))

    @property
    def _some(self) -> Sequence[SampleBlock]:
        """A few blocks, spread over all."""
        return [self.blocks[i] for i in spread(len(self.blocks), MOST_BLOCKS)]

    def _of_pieces(self, candidate: Candidate, steps: Steps) -> tuple[float, ...]:
        key = (candidate, steps)
        if key not in self.known:
            bounds = bounds_at(self.loosest, self.sampled, steps).bounds
            blocks = [_as_kept(block.within(bounds), candidate) for block in self._some]
            same = (candidate, tuple(block.bound for block in blocks))
            if same not in self.by_bound:
                self.by_bound[same] = tuple(self._encoded(candidate, block) for block in blocks)
            self.known[key] = self.by_bound[same]
        return self.known[key]

    def _encoded(self, candidate: Candidate, block: SampleBlock) -> float:
        settings, keepbits = candidate.settings, candidate.keepbits
        try:
            if candidate.codec == "delta":
                return size_of_planes(block, settings, keepbits, self.exact, self.fill)
            part = block.piece(SLOW_PIECE_VALUES if candidate.slowness > 1 else PIECE_VALUES)
            payload = payload_of(part, candidate.codec, settings, keepbits, self.exact, self.fill)
        except (BoundError, CodecError):
            return float("inf")
        return len(payload) * block.raw_bytes / part.raw_bytes


def _as_kept(block: SampleBlock, candidate: Candidate) -> SampleBlock:
    """The block under the bound that its codec keeps in place of its own."""
    kept = getattr(get_codec(candidate.codec), "kept_bound", None)
    return block if kept is None else replace(block, bound=kept(block.bound, block.values.dtype))
