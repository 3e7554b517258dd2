"""Numbers of steps, levels and cells as dates, pressures and degrees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from climcomp_metrics.base import Verdict
from climcomp_metrics.report import AttemptReport, ErrorReport, VariableReport
from climcomp_workflows.domain import read_domain
from climcomp_workflows.illustrate.words import Words
from climcomp_workflows.plan.make import make_plan, open_datasets
from climcomp_workflows.recipe import Recipe

MakeRecipe = Callable[..., Recipe]
MakeWords = Callable[..., Words]


@pytest.fixture
def words_of(make_recipe: MakeRecipe) -> Iterator[MakeWords]:
    """Makes the words of a variable of a file."""
    opened = []

    def make(path: Path, name: str) -> Words:
        recipe = make_recipe(path)
        (source,) = open_datasets(recipe).values()
        opened.append(source)
        plan, _ = make_plan(recipe, {"": source})
        return Words(source, plan.variable(name), read_domain(source, name))

    yield make
    for source in opened:
        source.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time 5, level 2", "time 5 (1850-01-02 06:00), level 2 (1000 Pa)"),
        ("time 5, plev 1, lat 0, lon 30",
         "time 5 (1850-01-02 06:00), plev 1 (50000 Pa), lat 0 (84.0°N), lon 30 (22.5°W)"),
        ("D1 is 0.1, limit 0.05 (METRICS) at level 0, quantile 0.9",
         "D1 is 0.1, limit 0.05 (METRICS) at level 0 (85000 Pa), quantile 0.9"),
        ("time 99, level 7", "time 99, level 7"),
        ("time 5 (1850-01-02 06:00)", "time 5 (1850-01-02 06:00)"),
        ("30 time steps are needed", "30 time steps are needed"),
        ("3 x 3 cells, p95", "3 x 3 cells, p95"),
        ("period 4 along lon", "period 4 along lon"),
    ],
)  # fmt: skip
def test_a_word_stands_behind_each_number(
    levels: Path, words_of: MakeWords, text: str, expected: str
) -> None:
    assert words_of(levels, "ta").told(text) == expected


def test_daily_steps_have_dates_without_hours(source: Path, words_of: MakeWords) -> None:
    words = words_of(source, "tas")
    assert words.told("time 47") == "time 47 (2001-02-17)"
    assert (words.date(0), words.date(48), words.level(0)) == ("2001-01-01", "", "")


def test_a_level_is_called_by_its_dimension_and_value(levels: Path, words_of: MakeWords) -> None:
    assert words_of(levels, "ta").level(1) == "plev 50000 Pa"


def test_cells_of_a_curvilinear_grid_have_both_degrees(tmp_path: Path, words_of: MakeWords) -> None:
    path = tmp_path / "ocean.nc"
    rng = np.random.default_rng(1)
    with netCDF4.Dataset(path, "w") as file:
        for dim, size in (("time", 4), ("j", 12), ("i", 14)):
            file.createDimension(dim, size)
        x, y = np.meshgrid(np.linspace(-20, 40, 14), np.linspace(30, 70, 12))
        for name, values, unit in (("lat", y + 0.1 * x, "degrees_north"),
                                   ("lon", x - 0.2 * y, "degrees_east")):  # fmt: skip
            made = file.createVariable(name, "f8", ("j", "i"))
            made.units, made[:] = unit, values
        tos = file.createVariable("tos", "f4", ("time", "j", "i"))
        tos.units, tos.coordinates = "degC", "lat lon"
        tos[:] = rng.standard_normal((4, 12, 14)).cumsum(1).cumsum(2)
    told = words_of(path, "tos").told("time 3, j 0, i 13")
    assert told == "time 3, j 0, i 13 (34.0°N, 34.0°E)"


def test_all_places_of_a_report_are_told(source: Path, words_of: MakeWords) -> None:
    verdict = Verdict("C1", "global mean series", "fail", 0.1, "1", None, 0.01, "own", "time 2")
    report = VariableReport(
        name="tas", how="lossy", dims=("time", "lat", "lon"), shape=(48, 24, 36), dtype="float32",
        kind="C", source_bytes=1, raw_bytes=1, stored_bytes=1,
        error=ErrorReport(value=1.0, unit="K", place="time 1, lat 0, lon 0"),
        attempts=(AttemptReport(rung="sz3", failed=("C1 is 0.1 at time 2",)),),
        fallbacks=("shard (0,): broke at time 1",), verdicts=(verdict,),
    )  # fmt: skip
    told = words_of(source, "tas").report(report)
    assert told.verdicts[0].place == "time 2 (2001-01-03)"
    assert told.error is not None
    assert told.error.place == "time 1 (2001-01-02), lat 0 (86.2°S), lon 0 (0.0°E)"
    assert told.attempts[0].failed == ("C1 is 0.1 at time 2 (2001-01-03)",)
    assert told.fallbacks == ("shard (0,): broke at time 1 (2001-01-02)",)
