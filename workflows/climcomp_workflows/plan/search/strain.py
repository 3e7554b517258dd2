"""How much of its limit the most strained criterion uses."""

from __future__ import annotations

import math
from collections.abc import Sequence

from climcomp.errors import BoundError, CodecError
from climcomp_metrics.base import Value, Verdict
from climcomp_metrics.summarise import applicable
from climcomp_workflows.gate import BOUND_CRITERIA, in_words
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.plan.search.outcome import Outcome
from climcomp_workflows.plan.trial import SampleGate


def outcome_of(gate: SampleGate, rung: Rung, position: int) -> Outcome:
    """Send a sampled level through a codec, and see what it strains.

    Raises
    ------
    RecipeError
        If the code of one of the recipe's own metrics fails on it.
    """
    try:
        measured = gate.measure(rung, position)
    except (BoundError, CodecError) as error:
        return Outcome(math.inf, str(error))
    least = {c.id for c in applicable(gate.settings) if c.least}
    shares: dict[str, float] = {}
    said: dict[str, str] = {}
    for verdict in gate.verdicts([measured]):
        if not gate.counts(verdict):
            continue
        chance = _chance(verdict, measured.values)
        share = strain_of(verdict, chance, is_least=verdict.criterion in least)
        if share > shares.get(verdict.criterion, 0.0):
            shares[verdict.criterion], said[verdict.criterion] = share, in_words(verdict)
    worst = max(shares, key=shares.__getitem__, default="")
    return Outcome(shares.get(worst, 0.0), said.get(worst, ""), shares, said)


def strain_of(verdict: Verdict, chance: float = 0.0, *, is_least: bool = False) -> float:
    """The share of its FAIL limit that a verdict uses for certain; above 1 it fails.

    Parameters
    ----------
    chance
        The standard error of its value; two of them are not certain, as in `judge`.
    is_least
        Whether small values are bad.

    Notes
    -----
    Where small values are bad and the limit lies below 1, 1 is perfect and the share is of what is
    missing to it. A failure without a number, with a limit of 0, or of a bound or mask (whose codec
    is at fault) strains infinitely.
    """
    failed = verdict.outcome == "fail"
    share = math.inf if failed else 0.0
    value, limit = verdict.value, verdict.fail
    if verdict.criterion in BOUND_CRITERIA or value is None or limit is None:
        return share
    if is_least:
        value, limit = (1 - value, 1 - limit) if limit < 1 else (limit, value)
    if limit > 0 and math.isfinite(value):
        share = max(0.0, value - 2 * chance) / limit
    return max(share, math.nextafter(1.0, math.inf)) if failed else min(share, 1.0)


def _chance(verdict: Verdict, values: Sequence[Value]) -> float:
    """The standard error of the value that a verdict is about."""
    same = (v.error for v in values if (v.metric, v.value) == (verdict.criterion, verdict.value))
    return max(same, default=0.0)
