"""Fits of networks that take a CPU over an hour: a person is to agree before a run begins them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from climcomp.codecs import get_codec
from climcomp.errors import UsageError
from climcomp_metrics.report.quantity import duration, enumerated
from climcomp_workflows.plan import timing
from climcomp_workflows.plan.fits import all_fits, is_fitted
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.neural import codes_on_device
from climcomp_workflows.workers import GpuWorkers

# Issue 6 has it ask where fits take over an hour. It is that of all workers together: what a person
# waits for, whatever they have given the run to do it with.
ASK_SECONDS = 3600.0

Agree = Callable[[str], bool]
"""Is told what fits take, and says whether they may begin."""


def long_fits(plan: Plan, costs: Sequence[PlannedCost], found: GpuWorkers) -> str:
    """What the fits on the CPU take, in words; empty where that is an hour at most.

    Those that a GPU makes do not count.
    """
    of_variable = {cost.variable: cost for cost in costs}
    work = [timing.work_on(variable, of_variable.get(variable.name)) for variable in plan.variables]
    fits = {
        part.variable.name: part.fits
        for part in work
        if part.fits is not None
        and not (found.gpus and codes_on_device(part.variable.ladder[part.variable.start]))
    }
    wall = all_fits(fits.values(), found.workers)
    if wall <= ASK_SECONDS:
        return ""
    core = sum(one.core_seconds for one in fits.values())
    up_to = "up to " if any(one.at_most for one in fits.values()) else ""
    shared = f", {duration(wall)} of {found.workers} workers" if wall < core else ""
    why = f" ({found.why})" if found.why and not found.gpus else ""
    return (
        f"networks for {enumerated(fits)} are to be fitted on the CPU{why}, which takes "
        f"{up_to}{duration(core)} of one core{shared}"
    )


def refuse_long_fits(
    plan: Plan, costs: Sequence[PlannedCost], found: GpuWorkers, agree: Agree | None
) -> None:
    """Begin no fits of over an hour on the CPU that nobody has agreed to.

    Parameters
    ----------
    agree
        None: there is nobody to be asked.

    Raises
    ------
    UsageError
        If nobody agrees; it says what makes them shorter.
    """
    told = long_fits(plan, costs, found)
    if told and not (agree is not None and agree(told)):
        fast = (
            "" if _are_fast(plan) else "neural: {inr: grids, fit: fast} takes about half as long, "
        )
        raise UsageError(
            f"{told}, and nobody has agreed to it: nothing is begun. To begin, say --yes (Python: "
            f"agree); or have less to do: {fast}other codecs take none of it, and a GPU or more "
            f"workers (cluster.workers) share it"
        )


def _are_fast(plan: Plan) -> bool:
    """Whether no fit is by descent."""
    rungs = [rung for variable in plan.variables for rung in variable.ladder]
    coders = [(codec, dict(settings)) for rung in rungs for codec, settings in rung.coders]
    fitted = [get_codec(codec, **given) for codec, given in coders if is_fitted(codec)]
    return not any(getattr(codec, "needs_module", True) for codec in fitted)
