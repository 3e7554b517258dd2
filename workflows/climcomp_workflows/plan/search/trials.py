"""Trials of bounds on the sample: what each strains, at what cost, and the words for it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.ladder import LevelBounds, bounds_in_words
from climcomp_workflows.plan.model import Rung, Settings
from climcomp_workflows.plan.search.budget import Budget, BudgetSpent
from climcomp_workflows.plan.search.outcome import Outcome
from climcomp_workflows.plan.search.steps import at_step
from climcomp_workflows.plan.search.strain import outcome_of
from climcomp_workflows.plan.trial import SampleGate

UNTRIED = "not tried, for the search had spent its budget"
# Before codec and bound are chosen, a rung has no words.
_NO_TEXT = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A codec with its settings, and the mantissa bits that values are rounded to before it."""

    codec: str
    settings: Settings
    keepbits: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Failed:
    """A bound in words at which the sample fails, what fails, and how much it strains."""

    bound: str
    why: str
    strain: float = math.inf


@dataclasses.dataclass(slots=True)
class Trials:
    """Trials of all codecs on all sampled levels; lives as long as the search for one variable.

    Parameters
    ----------
    loosest
        The bound of step 0 on every level of the variable.
    safe_share
        What a part of the data may use of a limit, so that all of them are likely to keep it.
    """

    gate: SampleGate
    loosest: LevelBounds
    budget: Budget
    safe_share: float = 1.0
    made: dict[tuple[Candidate, int, int], Outcome] = dataclasses.field(default_factory=dict)

    def strain(self, candidate: Candidate, position: int, step: int) -> float:
        """How much of its limit the most strained criterion of a sampled level uses.

        Raises
        ------
        BudgetSpent
            If no operation is left for it.
        """
        key = (candidate, position, step)
        if key not in self.made:
            self.budget.spend(candidate.codec, self.gate.sample.fields[:, 0].size)
            self.made[key] = self._try(candidate, position, step)
        return self.made[key].strain

    def is_proved(self, candidate: Candidate, steps: Sequence[int]) -> bool:
        """Whether every sampled level was tried at its step, and passed."""
        tried = (self.made.get((candidate, p, step)) for p, step in enumerate(steps))
        return all(outcome is not None and outcome.passes for outcome in tried)

    def known(self, candidate: Candidate, position: int) -> dict[int, float]:
        """The strains of the steps that were tried of one codec on one sampled level."""
        return {
            step: outcome.strain
            for (one, level, step), outcome in self.made.items()
            if one == candidate and level == position
        }

    def first_failure(self, candidate: Candidate, steps: Sequence[int]) -> Failed | None:
        """What fails at these steps, on the first level that does; also where no budget is left."""
        for position, step in enumerate(steps):
            bound = at_step(self._loosest_of(position), step)
            try:
                if self.strain(candidate, position, step) <= 1:
                    continue
            except BudgetSpent:
                return Failed(self.told((bound,)), UNTRIED)
            return Failed(self.told((bound,)), self.made[candidate, position, step].words)
        return None

    def stopped(self, candidate: Candidate, steps: Sequence[int]) -> Failed | None:
        """The failure next to the steps that pass: why they are no looser. None: they cannot be."""
        nearest: tuple[int, Failed] | None = None
        for position, step in enumerate(steps):
            looser = {s: v for s, v in self.known(candidate, position).items() if s < step}
            failing = [s for s, strain in looser.items() if strain > 1]
            if failing and (nearest is None or step - max(failing) < nearest[0]):
                outcome = self.made[candidate, position, max(failing)]
                bound = at_step(self._loosest_of(position), max(failing))
                failed = Failed(self.told((bound,)), outcome.words, outcome.strain)
                nearest = step - max(failing), failed
        return None if nearest is None else nearest[1]

    def nearest(self, candidate: Candidate) -> Failed:
        """Of a codec that never passes: its least strained trial on the level that stopped it."""
        tried = {key: outcome for key, outcome in self.made.items() if key[0] == candidate}
        if not tried:
            return Failed(self.told(self.loosest.bounds), UNTRIED)
        position = max(position for _, position, _ in tried)
        of_level = [(o.strain, step, o) for (_, p, step), o in tried.items() if p == position]
        _, step, outcome = min(of_level, key=lambda found: (found[0], found[1]))
        return Failed(self.told((at_step(self._loosest_of(position), step),)), outcome.words)

    def told(self, bounds: Sequence[ErrorBound]) -> str:
        """Bounds in words, in the variable's unit."""
        return bounds_in_words(bounds, self.gate.settings.unit)

    def _loosest_of(self, position: int) -> ErrorBound:
        return self.loosest.bounds[self.gate.sample.levels[position]]

    def _try(self, candidate: Candidate, position: int, step: int) -> Outcome:
        bounds = tuple(at_step(bound, step) for bound in self.loosest.bounds)
        keepbits = None if candidate.keepbits is None else (candidate.keepbits,)
        rung = Rung(candidate.codec, candidate.settings, bounds, keepbits, _NO_TEXT)
        found = outcome_of(self.gate, rung, position)
        if self.safe_share < found.strain <= 1:
            words = f"{found.words}: too near the limit for a part of the data"
            return Outcome(found.strain / self.safe_share, words)
        return Outcome(found.strain / self.safe_share, found.words)
