"""A small file of winds, recipes under which they fail together, and what reports say of them."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np

from climcomp.archive import open_archive
from climcomp_metrics.base import Verdict
from climcomp_metrics.criteria import all_criteria
from climcomp_metrics.report import VariableReport
from climcomp_workflows.run import RunOutcome

STEPS, ROWS, COLUMNS = 48, 24, 36
# Of one variable nothing but the promise is judged here: it is the groups that these are about.
ALONE = [c.id for c in all_criteria() if c.scope == "variable"]
# At 0.2 m/s the error of the vorticity is 5.6 %, at a quarter of that 1.4 %; 5 % are allowed.
COARSE = 0.2
TOGETHER = {"T5-vorticity", "T5-divergence", "C6-kinetic"}


def winds() -> tuple[np.ndarray, np.ndarray]:
    """(time, lat, lon) two components of waves and weather, in m/s."""
    rng = np.random.default_rng(1)
    time = np.arange(STEPS)[:, None, None]
    lat = np.deg2rad(-90 + (np.arange(ROWS) + 0.5) * 180 / ROWS)[None, :, None]
    lon = np.deg2rad(np.arange(COLUMNS) * 360 / COLUMNS)[None, None, :]
    wave = 2 * lon + 0.2 * time
    u = 15 * np.cos(lat) + 8 * np.sin(wave) * np.cos(lat) ** 2
    v = 8 * np.cos(wave) * np.sin(lat) * np.cos(lat)
    noise = 0.3 * rng.standard_normal((2, STEPS, ROWS, COLUMNS))
    return (u + noise[0]).astype("f4"), (v + noise[1]).astype("f4")


def write_winds(path: Path) -> Path:
    """A file with the winds `ua` and `va`, and `tas`, which is nobody's partner."""
    u, v = winds()
    with netCDF4.Dataset(path, "w") as file:
        for name, units, values in (
            ("time", "days since 2001-01-01", np.arange(STEPS) + 0.5),
            ("lat", "degrees_north", -90 + (np.arange(ROWS) + 0.5) * 180 / ROWS),
            ("lon", "degrees_east", np.arange(COLUMNS) * 360 / COLUMNS),
        ):
            file.createDimension(name, len(values))
            axis = file.createVariable(name, "f8", (name,))
            axis.units = units
            axis[:] = values
        for name, standard_name, values in (
            ("ua", "eastward_wind", u), ("va", "northward_wind", v), ("tas", "air_temperature", u),
        ):  # fmt: skip
            data = file.createVariable(name, "f4", ("time", "lat", "lon"))
            data.units = "K" if name == "tas" else "m s-1"
            data.standard_name = standard_name
            data[:] = values
    return path


def extra(bound: float = COARSE, *, checks: str = "", ua: str = "", va: str = "") -> str:
    """What a recipe says of the winds."""
    return (
        f"checks: {{off: {ALONE}{checks}}}\n"
        f"variables:\n  ua: {{bound: {bound} m s-1, codecs: [sz3]{ua}}}\n"
        f"  va: {{bound: {bound} m s-1, codecs: [sz3]{va}}}\n  tas: {{bound: 0.05 K}}\n"
    )


def reports(outcome: RunOutcome) -> dict[str, VariableReport]:
    assert outcome.report is not None
    return {variable.name: variable for variable in outcome.report.variables}


def together(report: VariableReport) -> dict[str, Verdict]:
    found = [v for v in report.verdicts if v.criterion in TOGETHER]
    assert len({v.criterion for v in found}) == len(found), "a verdict stands twice"
    return {v.criterion: v for v in found}


def numbers(verdicts: dict[str, Verdict]) -> dict[str, tuple[str, float | None]]:
    """Outcome and value; a report adds the dates of a place where it knows them."""
    return {name: (verdict.outcome, verdict.value) for name, verdict in verdicts.items()}


def data_objects(store: Path | str) -> dict[str, str]:
    """SHA-256 of the data objects of an archive."""
    return {e.key: e.sha256 for e in open_archive(store).manifest() if "/c" in e.key}
