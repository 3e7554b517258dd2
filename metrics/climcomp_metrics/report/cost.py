"""What an archive costs in time, energy and money, and what it saves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """Time, energy, storage and money of one archive, with all that was assumed.

    Money is there only where the recipe states a price; None stands for no price.

    Parameters
    ----------
    measured
        True for what a run took; False for what a plan estimates. Energy is always estimated.
    wall_seconds
        From opening the source to the last line of the report; of a plan from the command to its
        end.
    workers
        Processes, each of which holds a core.
    earlier_seconds
        What workers of an interrupted run had spent on the shards that this one took over.
    core_hours
        Cores held: `wall_seconds` times `workers`, and `earlier_seconds`.
    energy_kwh
        `core_hours` times `watts_per_core` times `pue`.
    watts_per_core
        Of a busy core with its share of memory.
    watts_assumed, pue_assumed
        Whether that is climcomp's assumption rather than the recipe's figure.
    pue
        Power usage effectiveness: what the building takes over what the computers take.
    source_bytes, stored_bytes
        Of what is in the archive: a variable that was refused saves nothing.
    copies
        How many copies are kept, of the source as of the archive.
    saved_bytes
        Over all copies; below 0 where the archive is larger than its source.
    energy_price, core_hour_price, storage_price
        As the recipe writes them; empty where it states none.
    currency
        Of all money below.
    energy_money, core_hour_money
        Of the run.
    storage_money_a_year
        Saved in a year; below 0 where the archive is larger.
    payback_years
        After how long storage has saved what the run took; None where there is no such time.
    years
        Over which savings are added up, if the recipe says so.
    """

    measured: bool
    wall_seconds: float
    workers: int
    core_hours: float
    energy_kwh: float
    watts_per_core: float
    watts_assumed: bool
    pue: float
    pue_assumed: bool
    source_bytes: int
    stored_bytes: int
    saved_bytes: int
    copies: int = 1
    earlier_seconds: float = 0.0
    energy_price: str = ""
    core_hour_price: str = ""
    storage_price: str = ""
    currency: str = ""
    energy_money: float | None = None
    core_hour_money: float | None = None
    storage_money_a_year: float | None = None
    payback_years: float | None = None
    years: float | None = None

    @property
    def run_money(self) -> float | None:
        """What the run costs at all stated prices; None where none is stated."""
        spent = [m for m in (self.core_hour_money, self.energy_money) if m is not None]
        return sum(spent) if spent else None
