"""Cells at an end of their physical range, where errors can only point inwards.

A cover of 0 or 1 that must stay in [0, 1] has errors of one sign only, and codecs often code it
exactly. So errors of a bounded field go with the field although nobody damped it, and correlations
of the two (P8, P9) are taken over the other cells. What happens at the ends themselves is what F2,
F3, C3 and the distribution's criteria look at.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from climcomp_metrics.base import State
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part
from climcomp_metrics.statistics import merge_sums

NAMES = ("n", "e", "ee", "d", "dd", "de", "de_squared")


class Saturated:
    """Sums over saturated cells, `sums` (2, 7) as `kernels.saturated` lists them; class B only."""

    name: ClassVar[str] = "saturated"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Fields of other classes have no end at which values pile up."""
        if settings.kind != "B" or settings.limits is None:
            return "only bounded fractions have ends at which values pile up"
        return ""

    def of(self, part: Part) -> State:
        """The sums of each level of the part."""
        from climcomp_metrics.kernels.jit import read_only
        from climcomp_metrics.kernels.saturated import add_saturated

        settings = part.settings
        assert settings.limits is not None
        state: State = {}
        for k, level in enumerate(part.levels()):
            sums = np.zeros((2, len(NAMES)))
            add_saturated(
                read_only(part.original),
                read_only(part.decoded),
                k,
                *settings.limits,
                settings.bins[level].reference,
                settings.horizontal is None,
                settings.periodic_x and part.place.shape[3] == settings.shape[3],
                sums,
            )
            state[f"{self.name}/{level}/sums"] = sums
        return state

    def merge(self, first: State, second: State) -> State:
        """Sums add up."""
        return merge_sums(first, second)


def saturated_sums(level: Level, of_laplacian: bool) -> dict[str, float]:
    """The sums of a level by name, zero where the statistic is not kept."""
    sums = level.sums_of(Saturated.name).get("sums")
    row = np.zeros(len(NAMES)) if sums is None else np.asarray(sums, np.float64)[int(of_laplacian)]
    return dict(zip(NAMES, map(float, row), strict=True))
