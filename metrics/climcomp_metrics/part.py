"""A part of a variable before and after, with all that a statistic may ask of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings, Place

FEWEST_SLICES = 32
"""METRICS: samples of slices hold at least so many, all where a variable has fewer."""


@dataclass(frozen=True, slots=True)
class Part:
    """A box of a variable: original and decoded values, and where it sits.

    Parameters
    ----------
    original, decoded : (time, level, y, x)
        Of the same type and of `place.shape`; flags are NaN in both, and nothing may change them.
    """

    original: NDArray[np.floating]
    decoded: NDArray[np.floating]
    settings: FieldSettings
    domain: Domain
    place: Place

    @property
    def has_whole_fields(self) -> bool:
        """Whether each time and level is there from end to end."""
        return self.place.shape[2:] == self.settings.shape[2:]

    def times(self) -> NDArray[np.int64]:
        """(time,) the steps of the part, counted from the start of the record."""
        return np.arange(self.place.shape[0], dtype=np.int64) + self.place.start[0]

    def levels(self) -> range:
        """The folded levels of the part."""
        return range(self.place.start[1], self.place.start[1] + self.place.shape[1])


def stride(settings: FieldSettings, statistic: str, default: int) -> int:
    """Which slices a sampled statistic takes: (time + level) % stride == 0.

    What `settings.every` says of the statistic, or of "*"; else the default, but so few that 32
    slices of the variable are left. Every level has one at least.
    """
    times, levels = settings.shape[:2]
    told = settings.every.get(statistic, settings.every.get("*"))
    wanted = min(default, times * levels // FEWEST_SLICES) if told is None else told
    return max(1, min(wanted, times))


def sampled_in_words(settings: FieldSettings, statistic: str, default: int) -> str:
    """What part a sampled statistic measures; empty for all of it."""
    step = stride(settings, statistic, default)
    return "" if step == 1 else f"one in {step} time steps of each level"
