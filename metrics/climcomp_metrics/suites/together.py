"""Criteria on what ties several variables of a dataset together."""

from __future__ import annotations

from climcomp_metrics.base import Criterion

_HERE = "climcomp_metrics.together."

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "F4", "order of temperatures", "the day is colder than the night",
        "CPB", f"{_HERE}order:TemperatureOrder", "values", None, 0.0, "physical", "dataset",
    ),
    Criterion(
        "F4-levels", "order of levels", "height or pressure turns back along the levels",
        "CPB", f"{_HERE}order:LevelOrder", "values", None, 0.0, "physical", "dataset",
    ),
    Criterion(
        "C4-toa", "radiation at the top of the atmosphere", "the planet's energy budget moved",
        "CPB", f"{_HERE}budgets:TopBudget", "W m-2", 0.003, 0.01,
        "argued: 1 % of Earth's imbalance", "dataset",
    ),
    Criterion(
        "C4-surface", "energy at the surface", "the surface energy budget moved",
        "CPB", f"{_HERE}budgets:SurfaceBudget", "W m-2", 0.003, 0.01,
        "argued: 1 % of Earth's imbalance", "dataset",
    ),
    Criterion(
        "C4-water", "precipitation less evaporation", "water was made or lost",
        "CPB", f"{_HERE}budgets:WaterBudget", "% of P", None, 0.1, "argued", "dataset",
    ),
    Criterion(
        "C5-mass", "mass of dry air", "air was made or lost",
        "CPB", f"{_HERE}column_integrals:DryMass", "Pa", None, 0.01, "argued", "dataset",
    ),
    Criterion(
        "C5-water", "precipitable water", "the water in the air changed",
        "CPB", f"{_HERE}column_integrals:WaterColumn", "1", None, 1e-4, "argued", "dataset",
    ),
    Criterion(
        "C5-enthalpy", "enthalpy of the air", "the heat in the air changed",
        "CPB", f"{_HERE}column_integrals:Enthalpy", "W m-2", 0.003, 0.01, "argued", "dataset",
    ),
    Criterion(
        "C6-kinetic", "kinetic energy", "winds were damped or noise was added",
        "CPB", f"{_HERE}energy:KineticEnergy", "1", 1e-4, 1e-3, "argued", "dataset",
    ),
    Criterion(
        "C6-ocean-heat", "ocean heat", "the heat in the ocean changed",
        "CPB", f"{_HERE}energy:OceanHeat", "1", 1e-4, 1e-3, "argued", "dataset",
    ),
    Criterion(
        "T5-vorticity", "vorticity error", "eddies and fronts changed",
        "CPB", f"{_HERE}wind:WindDerivatives", "1", 0.02, 0.05, "argued", "dataset",
    ),
    Criterion(
        "T5-divergence", "divergence error", "rising and sinking air changed",
        "CPB", f"{_HERE}wind:WindDerivatives", "1", 0.05, 0.1, "argued", "dataset",
    ),
    Criterion(
        "T6-geostrophic", "geostrophic wind error", "the slopes of pressure levels changed",
        "CPB", f"{_HERE}heights:GeostrophicWind", "m s-1", 0.1, 0.3, "argued", "dataset",
    ),
    Criterion(
        "T6-thickness", "thermal wind error", "the slopes of the layers' thickness changed",
        "CPB", f"{_HERE}heights:GeostrophicWind", "m s-1", 0.1, 0.3, "argued", "dataset",
    ),
    Criterion(
        "T7", "relative humidity error", "air became moister or drier than any variable tells",
        "CPB", f"{_HERE}humidity:RelativeHumidity", "%", 0.5, 1.0, "argued", "dataset",
    ),
)  # fmt: skip
