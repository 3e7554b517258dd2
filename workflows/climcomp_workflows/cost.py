"""What an archive costs and saves: pure sums over core-hours, bytes and a recipe's prices.

Energy is core-hours times watts times PUE, as in Lannelongue, Grealey and Inouye, "Green
Algorithms: quantifying the carbon footprint of computation", Advanced Science 8 (2021), 2100707,
doi:10.1002/advs.202100707, with cores counted as busy for as long as they are held (that paper's
usage factor of 1). So it is too much rather than too little where workers wait.
"""

from __future__ import annotations

import math

from climcomp_metrics.report import CostReport
from climcomp_workflows.recipe.cost import Cost

# The default of the Green Algorithms tool for a processor that is not in its list.
CPU_WATTS_PER_CORE = 12.0
# Lannelongue et al. (2021), from measured memory modules.
MEMORY_WATTS_PER_GB = 0.3725
# Our own: what nodes of many clusters have; power is drawn by what is there, used or not.
MEMORY_GB_PER_CORE = 4.0
WATTS_PER_CORE = CPU_WATTS_PER_CORE + MEMORY_GB_PER_CORE * MEMORY_WATTS_PER_GB
# Mean of data centres, Uptime Institute 2019, which Lannelongue et al. (2021) take.
PUE = 1.67

_TB = 1e12


def cost_of(
    settings: Cost,
    *,
    wall_seconds: float,
    workers: int,
    source_bytes: int,
    stored_bytes: int,
    earlier_seconds: float = 0.0,
    measured: bool = False,
) -> CostReport:
    """The cost of a run, estimated before it or told after it.

    Parameters
    ----------
    settings
        The recipe's watts, prices, copies and years.
    wall_seconds, workers
        How long how many processes are held.
    source_bytes, stored_bytes
        Before and after, of one copy.
    earlier_seconds
        Of workers of an interrupted run, on shards that this one took over.
    measured
        Whether the times are those of a run that is over.
    """
    core_hours = (wall_seconds * workers + earlier_seconds) / 3600
    watts = WATTS_PER_CORE if settings.watts_per_core is None else settings.watts_per_core
    pue = PUE if settings.pue is None else settings.pue
    energy_kwh = core_hours * watts * pue / 1000
    saved_bytes = (source_bytes - stored_bytes) * settings.copies
    energy, core_hour, storage = (
        settings.energy_price,
        settings.core_hour_price,
        settings.storage_price,
    )
    energy_money = None if energy is None else energy_kwh * energy.value
    core_hour_money = None if core_hour is None else core_hours * core_hour.value
    saved_money = None if storage is None else saved_bytes / _TB * storage.value
    spent = [money for money in (energy_money, core_hour_money) if money is not None]
    return CostReport(
        measured=measured,
        wall_seconds=wall_seconds,
        workers=workers,
        core_hours=core_hours,
        energy_kwh=energy_kwh,
        watts_per_core=watts,
        watts_assumed=settings.watts_per_core is None,
        pue=pue,
        pue_assumed=settings.pue is None,
        source_bytes=source_bytes,
        stored_bytes=stored_bytes,
        saved_bytes=saved_bytes,
        copies=settings.copies,
        earlier_seconds=earlier_seconds,
        energy_price="" if energy is None else energy.text,
        core_hour_price="" if core_hour is None else core_hour.text,
        storage_price="" if storage is None else storage.text,
        currency=settings.currency,
        energy_money=energy_money,
        core_hour_money=core_hour_money,
        storage_money_a_year=saved_money,
        payback_years=_payback_years(spent, saved_money),
        years=settings.years,
    )


def _payback_years(spent: list[float], saved_a_year: float | None) -> float | None:
    """After how many years storage has saved what the run took; None where it never has."""
    if not spent or saved_a_year is None or saved_a_year <= 0:
        return None
    years = sum(spent) / saved_a_year
    return years if math.isfinite(years) else None
