"""What is decided of a variable: its draft at some bounds, and the rung to begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from climcomp_workflows.plan.draft import Draft, make_draft
from climcomp_workflows.plan.ladder import LevelBounds
from climcomp_workflows.plan.search.find import Steps
from climcomp_workflows.plan.search.levels import bounds_at
from climcomp_workflows.plan.subject import Findings, Subject
from climcomp_workflows.plan.survey import Survey
from climcomp_workflows.plan.trial import SampleGate

MakeGate = Callable[[Draft], SampleGate]


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a variable is to be stored: the draft, the rung to begin with, and what failed before."""

    draft: Draft
    bounds: LevelBounds
    start: int
    failed: tuple[tuple[str, str], ...]  # looser settings in words, and what they fail

    @property
    def sample_bytes(self) -> int:
        """What the sample blocks come to at the rung to begin with."""
        return self.draft.sample_bytes[self.start]


@dataclass(frozen=True, slots=True)
class Choice:
    """What stays the same while drafts change."""

    subject: Subject
    found: Survey
    findings: Findings
    exact: tuple[float, ...]
    loosest: LevelBounds
    last: int
    make_gate: MakeGate

    def draft(self, steps: Steps, codec: str | None = None, *, may_round: bool = True) -> Draft:
        """The draft of a codec at the steps of the sampled levels."""
        return make_draft(
            self.subject, self.found, self.bounds(steps), self.exact, codec, may_round=may_round
        )

    def everywhere(self, step: int) -> Steps:
        """One step on every level of the sample."""
        return (step,) * len(self.found.sample.levels)

    def bounds(self, steps: Steps) -> LevelBounds:
        """The bounds of all levels."""
        return bounds_at(self.loosest, self.found.sample.levels, steps)
