"""How what criteria use of their limits changes with the bound: where the loosest step should be.

Errors of a codec grow with its bound. What measures them once (a quantile, a mean, a maximum) grows
as the bound does, what measures their energy as its square: a few outcomes tell where limits lie.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from climcomp_metrics.suites.sampling import LETTERS

# Our own: 27 steps a decade are 9 % each. A codec that spends 3 bits on a value spends 0.12 more
# after such a step, so the step between the last that passes and the first that fails costs 2 % of
# the bytes on average.
PER_DECADE = 27
# Criteria of the energy of errors: correlations and variances (METRICS: P3, S1, S2, T3). Read off
# trials of HadCM3 temperature, POP SST, ERA-Interim heights and a generated analysis, their shares
# grow by 1.8 to 2.1 powers of the bound.
SQUARES = frozenset({"P3", "S1", "S2", "T3"})
# Those of them that are the energy itself, however it is spread over waves.
ENERGIES = frozenset({"P3", "S2"})
# METRICS: a whole number of grid lengths, which says nothing until it changes.
WHOLE_NUMBERS = frozenset({"S3"})
# Our own: what changes by less than this share of what was expected does not depend on the bound.
FLAT = 0.15
FEWEST_APART = 3  # steps, for that to be seen


def is_smooth(criterion: str) -> bool:
    """Whether outcomes of a criterion follow its curve, so that one tells of its neighbours."""
    return criterion.partition("-")[0] in SQUARES


def is_energy(criterion: str) -> bool:
    """Whether a criterion is the energy of the errors."""
    return criterion.partition("-")[0] in ENERGIES


def is_of_tails(criterion: str) -> bool:
    """Whether a criterion is about extremes: of the suite E."""
    return criterion.startswith(LETTERS["extremes"])


def power_of(criterion: str) -> float:
    """The power of the bound that a criterion's share grows with."""
    return 2.0 if is_smooth(criterion) else 1.0


@dataclass(slots=True)
class Curve:
    """What is known of the steps of one codec on one level.

    `shares` are what each criterion uses of its limit, by step; all at most 1 passes. Outcomes need
    not be monotone: what counts is the loosest step that passes and whose next tighter neighbours
    are not known to fail.
    """

    shares: dict[int, Mapping[str, float]] = field(default_factory=dict)

    def passes(self, step: int) -> bool:
        """Whether a step that was tried passes; what is no number does not."""
        return all(share <= 1 for share in self.shares[step].values())

    @property
    def failing(self) -> int | None:
        """The tightest step that is known to fail."""
        return max((s for s in self.shares if not self.passes(s)), default=None)

    @property
    def passing(self) -> int | None:
        """The loosest step behind the last failure that is known to pass."""
        behind = self.failing
        known = (s for s in self.shares if behind is None or s > behind)
        return min((s for s in known if self.passes(s)), default=None)

    @property
    def is_smooth(self) -> bool:
        """Whether what limits the bound does so smoothly, so that chance has no part in it."""
        step = self.passing if self.failing is None else self.failing
        if step is None:
            return False
        return is_smooth(max(self.shares[step].items(), key=lambda item: item[1])[0])

    def expected(self) -> float | None:
        """The step at which the first limit is met, from the outcomes nearest to it.

        None where they say nothing of it. Where a step fails, what passes there stays out.
        """
        failing, passing = self.failing, self.passing
        if failing is None:
            assert passing is not None  # a step is known
            found = [self._limit_beyond(name, passing) for name in self.shares[passing]]
        elif not all(math.isfinite(share) for share in self.shares[failing].values()):
            return None
        else:
            failed = (name for name, share in self.shares[failing].items() if share > 1)
            found = [self._limit_behind(name, failing, passing) for name in failed]
        return max((step for step in found if step is not None), default=None)

    @property
    def is_at_limit(self) -> bool:
        """Whether by the outcome of the step that passes alone none looser would."""
        step = self.passing
        if step is None:
            return False
        limits = [self._limit_beyond(name, step) for name in self.shares[step]]
        return any(limit is not None and limit > step - 1 for limit in limits)

    def _limit_beyond(self, criterion: str, step: int) -> float | None:
        """Where a criterion that passes at a step would meet its limit; None where it would not."""
        share = self.shares[step][criterion]
        if share <= 0 or criterion in WHOLE_NUMBERS or self._is_flat(criterion, step):
            return None
        return step + PER_DECADE * math.log10(share) / power_of(criterion)

    def _limit_behind(self, criterion: str, failing: int, passing: int | None) -> float:
        """Where a criterion that fails at a step meets its limit."""
        share = self.shares[failing][criterion]
        beyond = 0.0 if passing is None else self.shares[passing].get(criterion, 0.0)
        if passing is not None and beyond > 0:
            return failing + (passing - failing) * math.log(share) / math.log(share / beyond)
        return failing + PER_DECADE * math.log10(share) / power_of(criterion)

    def _is_flat(self, criterion: str, step: int) -> bool:
        """Whether a criterion was the same at another step, so that the bound does not matter."""
        share = self.shares[step][criterion]
        for other, shares in self.shares.items():
            before = shares.get(criterion, 0.0)
            if other == step or not 0 < before < math.inf:
                continue
            apart = other - step
            grown = PER_DECADE * math.log10(share / before) / power_of(criterion)
            if abs(apart) >= FEWEST_APART and grown / apart < FLAT:
                return True
        return False
