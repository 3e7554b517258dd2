"""What a trial came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """The strain of a trial, and the verdict that strains most or why the codec refused."""

    strain: float
    words: str

    @property
    def passes(self) -> bool:
        """Whether every criterion that counts keeps its limit."""
        return self.strain <= 1
