"""How much work a search may be: counted in values, so that a plan never depends on the clock."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from climcomp_workflows.plan.sample import Sample, spread
from climcomp_workflows.recipe.search import MAX_SHARE

# An operation is one value encoded, decoded and measured once by SZ3; a run is about one for every
# value. What other codecs take beside it, from FACTS (SPERR 46 and 91 MB/s, SZ3 305 and 995) and
# tests/benchmarks/test_ncx.py (ncx 5 and 10); inr, at 0.4 MB/s, is seen to take some 80.
WEIGHTS = {"sperr": 4, "ncx": 6, "inr": 80}
# A trial measures on every field what a run measures on one in 8 or 64 (0.15 to 0.35 microseconds a
# value of a 721 x 1440 field for SZ3 and differences, where a run took 0.06).
DEAR = 6
# Our own: what a variable of 4 GB may spend at the usual share, smaller ones may spend, too; three
# times that where the sample is all of the variable, for what passes then passes. But no more than
# some passes over all of their values. Most searches end far below it.
FLOOR = 48 << 20
WHOLE = 3
PASSES = 288
# A trial of even the smallest field costs what so many values of a large one do (measured: 6 ms).
LEAST_OPERATIONS = 1 << 16
# Our own: trials of each level that a search is expected to need. The part of the sample that it
# looks at is chosen for them.
EXPECTED_TRIALS = 12
# Our own: what the first codec may spend; as much again is for those that could be smaller; the
# rest confirms what was found on more of the sample.
SEARCHING_SHARE = 0.3
CONFIRMING_SHARE = 0.4
CONFIRMING_TRIALS = 3
STRETCH = 1.6
FEWEST_STEPS = 4  # of time: what changes between seasons must be seen
ENOUGH_VALUES = 1 << 20  # of one level: a field so large shows more than steps would add
FEWEST_LEVELS = 4
# Our own: an archive of so few values (256 kB of float32) is mostly names and sizes, and statistics
# of them say little.
FEWEST_VALUES = 1 << 16


class BudgetSpent(Exception):
    """No operation is left; the search ends with what it has found."""


@dataclasses.dataclass(slots=True)
class Budget:
    """Operations that are left."""

    left: int

    def grow(self, codec: str) -> None:
        """Have more left for a codec that will be chosen: a run by it is as much dearer."""
        self.left *= WEIGHTS.get(codec, 1)

    def spend(self, codec: str, values: int) -> None:
        """Take the operations of one trial of so many values.

        Raises
        ------
        BudgetSpent
            If there are not so many.
        """
        cost = DEAR * WEIGHTS.get(codec, 1) * max(values, LEAST_OPERATIONS)
        if cost > self.left:
            raise BudgetSpent
        self.left -= cost


def budget_of(values: int, share: float, *, whole: bool) -> int:
    """The operations for a variable of so many values, at the share of them that a recipe allows.

    A recipe that allows less than the usual share gets as much less of the floor. `whole` says that
    the sample is all of the variable.
    """
    floor = min(FLOOR * (WHOLE if whole else 1), PASSES * max(values, LEAST_OPERATIONS))
    return math.floor(max(share * values, min(1.0, share / MAX_SHARE) * floor))


def thinned(
    sample: Sample, operations: float, trials: int = EXPECTED_TRIALS, fewest: int = 1
) -> Sample:
    """The part of a sample on which about so many trials of each level can be made.

    Whole fields: at levels spread over those of the sample, and at times spread over its times,
    which have their seasons in equal numbers. A sample that is only a little too large stays whole,
    for criteria of the whole record can then be judged. At least `fewest` steps, if it has them.
    """
    times, levels, *field = sample.fields.shape
    room = operations / DEAR / trials / max(1, math.prod(field))  # fields
    if times * levels <= STRETCH * room:
        return sample
    few = min(times, FEWEST_STEPS, max(fewest, ENOUGH_VALUES // max(1, math.prod(field))))
    chosen_levels = spread(levels, max(FEWEST_LEVELS, math.floor(room / few)))
    chosen_times = spread(times, max(few, math.floor(room / len(chosen_levels))))
    if len(chosen_times) == times and len(chosen_levels) == levels:
        return sample
    return dataclasses.replace(
        sample,
        fields=np.ascontiguousarray(sample.fields[np.ix_(chosen_times, chosen_levels)]),
        times=tuple(sample.times[i] for i in chosen_times),
        levels=tuple(sample.levels[i] for i in chosen_levels),
        whole=sample.whole and len(chosen_times) == times,
    )
