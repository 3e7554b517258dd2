"""Whether a member still belongs to its ensemble: METRICS, P11."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from climcomp_metrics.base import State, Value
from climcomp_metrics.conditions import first_reason
from climcomp_metrics.domain import Domain
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.level import Level
from climcomp_metrics.part import Part
from climcomp_metrics.statistics import merge_sums

FEWEST_MEMBERS = 10
"""METRICS: the spread of fewer is known too badly."""


class MemberScores:
    """Squared z-scores of each member of x and y against the other members of x.

    Its keys are "rmsz/level/sums": (3,) cells, squared z-scores of x and of y added up over them.
    A folded level is one member; all members of a level at a time must be in one part.
    """

    name: ClassVar[str] = "rmsz"

    def lacks(self, settings: FieldSettings, domain: Domain) -> str:
        """Ten members or more, in one shard."""
        if settings.ensemble is None:
            return "no dimension counts the members of an ensemble"
        members, step = settings.ensemble
        if members < FEWEST_MEMBERS:
            return f"{FEWEST_MEMBERS} members are needed, not {members}"
        if settings.shape[1] < members * step:
            return "only some members were measured"
        # Shards hold runs of folded levels; runs that begin with a member's set hold whole sets.
        if settings.shard[1] < settings.shape[1] and settings.shard[1] % (members * step):
            return "the members are in several shards, and their scores need all at once"
        return ""

    def of(self, part: Part) -> State:
        """The sums of the sets of members that are whole in the part."""
        # numba takes a second to import, and plans and reports need none of it.
        from climcomp_metrics.kernels.jit import read_only
        from climcomp_metrics.kernels.members import member_scores

        assert part.settings.ensemble is not None
        members, apart = part.settings.ensemble
        levels, original = part.levels(), read_only(part.original)
        decoded, state = read_only(part.decoded), State()
        precision = float(np.finfo(original.dtype).eps)
        for level in levels:
            last = level + (members - 1) * apart
            if level % (members * apart) >= apart or last not in levels:
                continue
            sums = np.zeros((members, 3))
            for x, y in zip(original, decoded, strict=True):
                member_scores(x, y, level - levels[0], apart, precision, sums)
            for m in range(members):
                state[f"{self.name}/{level + m * apart}/sums"] = sums[m]
        return state

    def merge(self, first: State, second: State) -> State:
        """The sums of both."""
        return merge_sums(first, second)


class RmszChange:
    """Absolute change of a member's root mean square z-score against the others (P11).

        z = (x_m - mean of the others) / SD of the others,   RMSZ_m = sqrt(mean over cells of z^2)

    once with x_m and once with y_m, the others being originals both times; cells count alike.
    Source: Baker and others 2014, "A methodology for evaluating the impact of data compression on
    climate simulation data", with its limit of 0.1. There it is told of one time; here of all.
    Cells where the others differ by no more than rounding, or where a member is missing, are left
    out.
    """

    id: ClassVar[str] = "P11"
    unit: ClassVar[str] = "1"
    _statistic: ClassVar[MemberScores] = MemberScores()

    def value(self, level: Level) -> Value:
        """One number for the folded level, which is one member."""
        reason = first_reason(level) or self._statistic.lacks(level.settings, level.domain)
        if reason:
            return level.without(self.id, self.unit, reason)
        assert level.settings.ensemble is not None
        members, apart = level.settings.ensemble
        place = f"member {level.index // apart % members}"
        if level.is_exact:
            return level.of(self.id, 0.0, self.unit, place=place)
        found = level.sums_of(self._statistic.name)
        count, of_x, of_y = found["sums"].tolist() if found else (0.0, 0.0, 0.0)
        if not count > 0:
            return level.without(self.id, self.unit, "no cell has members that differ")
        before, after = math.sqrt(of_x / count), math.sqrt(of_y / count)
        return level.of(
            self.id, abs(after - before), self.unit, place=place,
            detail={"rmsz of x": before, "rmsz of y": after},
        )  # fmt: skip
