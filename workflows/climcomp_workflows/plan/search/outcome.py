"""What a trial came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """The strain of a trial, and the verdict that strains most or why the codec refused.

    `shares` are what each criterion uses of its limit, by its id, and `said` its verdict in words;
    the strain is the largest share.
    """

    strain: float
    words: str
    shares: Mapping[str, float] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether every criterion that counts keeps its limit."""
        return self.strain <= 1

    def within(self, allowed: Callable[[str], float]) -> Outcome:
        """The outcome where a criterion may use another share of its limit than all of it."""
        if not self.shares:
            return self
        shares = {name: share / allowed(name) for name, share in self.shares.items()}
        worst = max(shares, key=shares.__getitem__)
        words = self.said.get(worst, self.words)
        if self.shares[worst] <= 1 < shares[worst]:
            words += ": too near the limit for a part of the data"
        return Outcome(shares[worst], words, shares, self.said)

    @property
    def criterion(self) -> str:
        """The criterion that strains most; empty where none was measured."""
        return max(self.shares, key=self.shares.__getitem__, default="")

    @property
    def by_criterion(self) -> Mapping[str, float]:
        """The shares, or the strain alone where no criterion was measured."""
        return self.shares or {"": self.strain}
