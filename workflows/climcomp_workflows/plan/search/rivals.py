"""Codecs that are smaller than the chosen one on some blocks, and pass at its bounds."""

from __future__ import annotations

from climcomp_workflows.plan.model import Settings
from climcomp_workflows.plan.search.find import Looked, Search
from climcomp_workflows.plan.search.sizes import Sizes
from climcomp_workflows.plan.search.trials import Trials

# Our own: a codec that saves less than this on the block that suits it best is not worth a race on
# every block.
WORTH_RACING = 0.97


def rivals_of(found: Search, trials: Trials, sizes: Sizes) -> tuple[tuple[str, Settings], ...]:
    """Codecs, with their settings, to race with the best one on each block."""
    best = found.best
    if best is None or best.steps is None or best.candidate.keepbits is not None:
        return ()
    return tuple(
        (one.candidate.codec, one.candidate.settings)
        for one in found.looked
        if one.candidate != best.candidate and _wins_somewhere(one, best, trials, sizes)
    )


def _wins_somewhere(one: Looked, best: Looked, trials: Trials, sizes: Sizes) -> bool:
    assert best.steps is not None
    slow = one.candidate.slowness / best.candidate.slowness
    pairs = zip(
        sizes.by_block(one.candidate, best.steps),
        sizes.by_block(best.candidate, best.steps),
        strict=True,
    )
    if not any(slow * size < WORTH_RACING * other for size, other in pairs):
        return False
    return trials.first_failure(one.candidate, best.steps) is None
