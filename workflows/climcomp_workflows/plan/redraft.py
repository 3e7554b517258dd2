"""The draft of one codec at the bounds that a search found, from what the search has measured."""

from __future__ import annotations

import math
from dataclasses import replace

from climcomp_workflows.plan.choice import Choice
from climcomp_workflows.plan.choose import Race, Trial
from climcomp_workflows.plan.draft import Draft, may_keep, portability
from climcomp_workflows.plan.ladder import TIGHTER, make_ladder
from climcomp_workflows.plan.later import standard_size
from climcomp_workflows.plan.search.find import Steps
from climcomp_workflows.plan.search.levels import steps_at
from climcomp_workflows.plan.search.sizes import Sizes
from climcomp_workflows.plan.search.steps import LAST, step_of
from climcomp_workflows.plan.search.trials import Candidate


def redrafted(
    choice: Choice, first: Draft, candidate: Candidate, steps: Steps, sizes: Sizes
) -> Draft:
    """The first draft with one codec of its race, at other bounds.

    Parameters
    ----------
    steps
        Of the sampled levels.

    Raises
    ------
    EveryBit
        If the bounds ask for another layout, and nothing lossy makes its sample blocks smaller.
    """
    bounds = choice.bounds(steps)
    if not may_keep(choice.subject, choice.found, first.layout, bounds):
        return choice.draft(steps, candidate.codec, may_round=False)
    here = steps_at(choice.found.sample.levels, steps, sizes.sampled)
    levels = len(bounds.bounds)
    keepbits = None if candidate.keepbits is None else (candidate.keepbits,) * levels
    unit, dtype = choice.subject.unit, choice.subject.dtype.name
    ladder = make_ladder(candidate.codec, candidate.settings, bounds, keepbits, unit, dtype)
    blocks = [block.within(bounds.bounds) for block in first.blocks]
    race = _race(first.race, candidate, sizes.total(candidate, here))
    portable, size = portability(choice.subject.settings, blocks, race.best, choice.exact)
    tighter = tuple(min(LAST, step + step_of(TIGHTER)) for step in here)
    exactly = race.lossless_bytes
    later = standard_size(blocks, choice.exact, 1) if portable else sizes.total(candidate, tighter)
    # A rung whose codec refuses the blocks leads to the lossless one.
    sizes_by_rung = (size, math.ceil(later) if math.isfinite(later) else exactly, exactly)
    return Draft(first.layout, blocks, race, ladder, portable, sizes_by_rung, first.rounding)


def _race(first: Race, candidate: Candidate, size: float) -> Race:
    """The first race, of which only the codec and the lossless one are left."""
    of_codec = next(t for t in first.trials if t.codec == candidate.codec)
    raw = first.raw_bytes
    now = replace(
        of_codec,
        settings=candidate.settings,
        keepbits=candidate.keepbits,
        size_bytes=math.ceil(size),
        raw_bytes=raw,
        seconds=of_codec.seconds * raw / of_codec.raw_bytes,
    )
    lossless: list[Trial] = [t for t in first.trials if t.codec == "lossless"]
    return Race((now, *lossless), first.refusals)
