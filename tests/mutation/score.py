"""What the outcomes add up to: the share of damage caught and of good compressions refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .trial import Outcome

SUITES = {
    "F": "physical", "P": "pointwise", "D": "distribution", "E": "extremes", "S": "spectral",
    "C": "conservation", "T": "structure", "M": "temporal",
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """Counts of one class."""

    suite: str
    damage: int
    caught: int
    good: int
    refused: int

    @property
    def share_caught(self) -> float:
        """Of the damage, 0 to 1."""
        return self.caught / self.damage if self.damage else 1.0

    @property
    def share_refused(self) -> float:
        """Of the good compressions, 0 to 1."""
        return self.refused / self.good if self.good else 0.0


def scores(outcomes: Sequence[Outcome]) -> list[Score]:
    """One for each class that occurs."""
    found = []
    for suite in sorted({o.suite for o in outcomes}):
        mine = [o for o in outcomes if o.suite == suite]
        bad, good = [o for o in mine if not o.good], [o for o in mine if o.good]
        found.append(
            Score(
                suite,
                len(bad),
                sum(o.refused for o in bad),
                len(good),
                sum(o.refused for o in good),
            )
        )
    return found


def alone(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How often a criterion was the only one that caught some damage."""
    return Counter(o.failed[0] for o in outcomes if not o.good and len(o.failed) == 1)


def catches(outcomes: Sequence[Outcome], good: bool) -> Counter[str]:
    """How often each criterion failed."""
    return Counter(criterion for o in outcomes if o.good == good for criterion in o.failed)


def suites_of(criteria: Sequence[str]) -> list[str]:
    """The suites that criteria belong to, each once, in the order of METRICS."""
    letters = {criterion[0] for criterion in criteria}
    return [name for letter, name in SUITES.items() if letter in letters]


def table(outcomes: Sequence[Outcome]) -> str:
    """The scores as lines of text, then what was missed and what was refused."""
    lines = ["class  damage  caught            good  refused"]
    for s in scores(outcomes):
        lines.append(
            f"{s.suite:5}  {s.damage:6}  {s.caught:6} {100 * s.share_caught:5.1f} %   "
            f"{s.good:6}  {s.refused:7} {100 * s.share_refused:5.1f} %"
        )
    for o in outcomes:
        if o.good == o.refused:
            word = "refused" if o.good else "missed"
            lines.append(f"{word}: {o.subject}: {o.what} {'; '.join(o.details)}")
    sole = ", ".join(f"{name} {count}" for name, count in alone(outcomes).most_common())
    lines.append(f"caught by one criterion alone: {sole or 'none'}")
    return "\n".join(lines)
