"""Trials of bounds on the sample: what each strains, at what cost, and the words for it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from climcomp.bounds import ErrorBound
from climcomp_workflows.plan.choose import coder_of, slowness
from climcomp_workflows.plan.ladder import LevelBounds, bounds_in_words, codec_in_words
from climcomp_workflows.plan.model import Rung, Settings
from climcomp_workflows.plan.search.budget import Budget, BudgetSpent
from climcomp_workflows.plan.search.curve import Curve, is_of_tails
from climcomp_workflows.plan.search.outcome import Outcome
from climcomp_workflows.plan.search.steps import at_step
from climcomp_workflows.plan.search.strain import outcome_of
from climcomp_workflows.plan.trial import SampleGate

UNTRIED = "not tried, for the search had spent its budget"
# Our own: a sample that uses more of a limit leaves too little for what was not sampled.
SAFE_SHARE = 0.9
# Our own: blocks of a run are not the fields of a trial. ERA-Interim v used 0.996 of T3 in a trial,
# and 1.004 in the run, whose levels shared the tightest bound.
WHOLE_SHARE = 0.98
# Our own: extremes of a few fields strain their limits more than those of all (E1 of CAM rain by
# 3.8 on 11 of 60 steps, by 1.1 on all). A first look at a part passes them up to this share, for
# more of the data is measured after it.
TAIL_SHARE = 1.5
# Before codec and bound are chosen, a rung has no words.
_NO_TEXT = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A codec with its settings, and the mantissa bits that values are rounded to before it."""

    codec: str
    settings: Settings
    keepbits: int | None = None

    @property
    def name(self) -> str:
        """What texts call it."""
        return codec_in_words(self.codec, self.settings)

    @property
    def coder(self) -> str:
        """The codec that takes the time."""
        return coder_of(self.codec, self.settings)

    @property
    def slowness(self) -> float:
        """How many times smaller it must be because of its time."""
        return slowness(self.codec, self.settings)


@dataclasses.dataclass(frozen=True, slots=True)
class Failed:
    """A bound in words at which the sample fails, what fails, and how much it strains."""

    bound: str
    why: str
    strain: float = math.inf
    criterion: str = ""  # empty where the codec refused, or nothing was tried


@dataclasses.dataclass(slots=True)
class Trials:
    """Trials of all codecs on all sampled levels; lives as long as the search for one variable.

    Parameters
    ----------
    loosest
        The bound of step 0 on every level of the variable.
    safe_share
        What a part of the data may use of a limit, so that all of them are likely to keep it.
    tail_share
        The same for criteria of extremes.
    """

    gate: SampleGate
    loosest: LevelBounds
    budget: Budget
    safe_share: float = 1.0
    tail_share: float = 1.0
    made: dict[tuple[Candidate, int, int], Outcome] = dataclasses.field(default_factory=dict)

    def outcome(self, candidate: Candidate, position: int, step: int) -> Outcome:
        """What a sampled level comes to at a step.

        Raises
        ------
        BudgetSpent
            If no operation is left for it.
        """
        key = (candidate, position, step)
        if key not in self.made:
            self.budget.spend(candidate.coder, self.gate.sample.fields[:, 0].size)
            self.made[key] = self._try(candidate, position, step)
        return self.made[key]

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
                if self.outcome(candidate, position, step).passes:
                    continue
            except BudgetSpent:
                return Failed(self.told((bound,)), UNTRIED)
            return Failed(self.told((bound,)), self.made[candidate, position, step].words)
        return None

    def stopped(self, candidate: Candidate, steps: Sequence[int]) -> Failed | None:
        """Why steps that pass are no looser: the failure next to them, else what is near its limit.

        None where they cannot be looser.
        """
        nearest: tuple[int, Failed] | None = None
        for position, step in enumerate(steps):
            looser = {s: v for s, v in self.known(candidate, position).items() if s < step}
            failing = [s for s, strain in looser.items() if strain > 1]
            if failing and (nearest is None or step - max(failing) < nearest[0]):
                outcome = self.made[candidate, position, max(failing)]
                bound = at_step(self._loosest_of(position), max(failing))
                failed = Failed(
                    self.told((bound,)), outcome.words, outcome.strain, outcome.criterion
                )
                nearest = step - max(failing), failed
        return self._most_strained(candidate, steps) if nearest is None else nearest[1]

    def _most_strained(self, candidate: Candidate, steps: Sequence[int]) -> Failed | None:
        tried = [
            (outcome.strain, position, outcome)
            for position, step in enumerate(steps)
            if step > 0 and (outcome := self.made.get((candidate, position, step))) is not None
        ]
        if not tried:
            return None
        _, position, outcome = max(tried, key=lambda one: one[:2])
        bound = at_step(self._loosest_of(position), steps[position])
        return Failed(self.told((bound,)), outcome.words, outcome.strain, outcome.criterion)

    def nearest(self, candidate: Candidate) -> Failed:
        """Of a codec that never passes: its least strained trial on the level that stopped it."""
        tried = {key: outcome for key, outcome in self.made.items() if key[0] == candidate}
        if not tried:
            return Failed(self.told(self.loosest.bounds), UNTRIED)
        position = max(position for _, position, _ in tried)
        of_level = [(o.strain, step, o) for (_, p, step), o in tried.items() if p == position]
        _, step, outcome = min(of_level, key=lambda found: (found[0], found[1]))
        return Failed(self.told((at_step(self._loosest_of(position), step),)), outcome.words)

    def expected(self, candidate: Candidate, position: int, begin: int, last: int) -> int:
        """The loosest step that should pass, from the trials of a level; `begin` without any."""
        of_level = {
            step: outcome.by_criterion
            for (one, level, step), outcome in self.made.items()
            if one == candidate and level == position
        }
        found = Curve(of_level).expected() if of_level else None
        return begin if found is None else min(last, max(begin, math.ceil(found)))

    def told(self, bounds: Sequence[ErrorBound]) -> str:
        """Bounds in words, in the variable's unit."""
        return bounds_in_words(bounds, self.gate.settings.unit)

    def _loosest_of(self, position: int) -> ErrorBound:
        return self.loosest.bounds[self.gate.sample.levels[position]]

    def _try(self, candidate: Candidate, position: int, step: int) -> Outcome:
        bounds = tuple(at_step(bound, step) for bound in self.loosest.bounds)
        keepbits = None if candidate.keepbits is None else (candidate.keepbits,)
        rung = Rung(candidate.codec, candidate.settings, bounds, keepbits, _NO_TEXT)
        return outcome_of(self.gate, rung, position).within(self._allowed)

    def _allowed(self, criterion: str) -> float:
        return self.tail_share if is_of_tails(criterion) else self.safe_share
