"""How long a run takes: measured on the samples where it can be, assumed where it cannot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from climcomp import blocks
from climcomp_workflows.plan.fits import FitTime, fit_time, is_fitted
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import Plan, VariablePlan

# Seen over files of HDF5 with deflate; a parallel file system gives more, a tape library less.
READ_MB_PER_SECOND = 200.0
# Of variables whose samples were not compressed, because they keep every bit: pcodec, both ways.
LOSSLESS_MB_PER_SECOND = 100.0
# DESIGN, "Speed": metrics, checksums and Dask together cost no more than a codec's round trip.
CHECKS_FACTOR = 2.0
# Our own, seen on two cores with six data sets of 1 to 500 MB (2026): modules loaded, workers
# started (which slows the planning beside it), every stored object looked at again; what figures
# take once, and for each variable; a variable carried over.
START_SECONDS = 6.0
FIGURES_SECONDS = 5.0
FIGURES_SECONDS_A_VARIABLE = 0.5
CARRY_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Work:
    """The work on one variable's shards.

    Parameters
    ----------
    rate
        MB/s of encoding and decoding its samples; None where none were.
    seconds
        Of one core, on all shards.
    fits
        What of it are fits of networks, if there are some.
    """

    variable: VariablePlan
    rate: float | None
    seconds: float
    fits: FitTime | None = None

    @property
    def shards(self) -> int:
        """The objects that are written, each by one worker at one time."""
        return blocks.chunk_count(self.variable.spec.shape, self.variable.spec.written)


def raw_bytes(variable: VariablePlan) -> int:
    """Size of a variable's values, before compression."""
    return math.prod(variable.spec.shape) * variable.spec.numpy_dtype.itemsize


def work_on(variable: VariablePlan, cost: PlannedCost | None) -> Work:
    """The work on a variable, at the rate of its samples."""
    rate, fits = None, None
    if cost is not None and cost.seconds > 0 and cost.sampled_bytes > 0:
        rate = cost.sampled_bytes / 1e6 / cost.seconds
        fits = fit_time(variable, cost.seconds / cost.sampled_bytes, cost.rates)
    megabytes = raw_bytes(variable) / 1e6
    reading = variable.amplification * megabytes / READ_MB_PER_SECOND
    if is_fitted(variable.ladder[variable.start].codec):
        # Checks take no longer because the codec does.
        checks = megabytes / LOSSLESS_MB_PER_SECOND
        coding = megabytes / rate if rate else checks
        return Work(variable, rate, coding + checks + reading, fits)
    coding = CHECKS_FACTOR * megabytes / (rate or LOSSLESS_MB_PER_SECOND)
    by_rivals = 0.0 if fits is None else fits.core_seconds
    return Work(variable, rate, coding + by_rivals + reading, fits)


def wall_seconds(plan: Plan, work: Iterable[Work], workers: int, planning_seconds: float) -> float:
    """From the command to its end: what workers share, and what no worker makes shorter.

    No shard is divided among workers, so no variable is done before one of its shards is.
    """
    parts = list(work)
    shared = sum(part.seconds for part in parts) / workers
    longest = max((part.seconds / part.shards for part in parts if part.shards), default=0.0)
    fixed = START_SECONDS + planning_seconds + carry_seconds(plan) + figures_seconds(plan, workers)
    return fixed + max(shared, longest)


def figures_seconds(plan: Plan, workers: int) -> float:
    """Assumed for the figures of the report; 0 where there are none."""
    lossy = sum(variable.how == "lossy" for variable in plan.variables)
    if not (plan.figures and lossy):
        return 0.0
    return FIGURES_SECONDS + lossy * FIGURES_SECONDS_A_VARIABLE / workers


def carry_seconds(plan: Plan) -> float:
    """Assumed for what is carried over."""
    return CARRY_SECONDS * sum(variable.how == "carried" for variable in plan.variables)


def measured_rate(costs: Iterable[PlannedCost]) -> float | None:
    """MB/s of encoding and decoding over all samples; None where there were none."""
    found = list(costs)
    seconds = sum(cost.seconds for cost in found)
    return sum(cost.sampled_bytes for cost in found) / 1e6 / seconds if seconds > 0 else None
