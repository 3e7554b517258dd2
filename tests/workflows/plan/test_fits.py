"""Settings of fits, and how long they are thought to take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.errors import RecipeError
from climcomp.source import Geometry
from climcomp_workflows.plan import timing
from climcomp_workflows.plan.document import plan_document
from climcomp_workflows.plan.fit_settings import fit_settings, fit_settings_of
from climcomp_workflows.plan.fits import FitTime, all_fits, fit_time, unused_fits
from climcomp_workflows.plan.make import PlannedCost
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.plan.show import plan_text
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.workers import GpuWorkers
from tests.workflows.plan.test_show import LOSSLESS, RUNGS, plan, variable

BOUND = (ErrorBound("absolute", 0.1),)
INR = Rung("inr", (), BOUND, None, "inr within 0.1 K")
FAST = Rung("inr", (("effort", 0),), BOUND, None, "inr within 0.1 K")
RIVALS = Rung("sz3", (), BOUND, None, "sz3 within 0.1 K, inr where smaller", (("inr", ()),))
RAW = 1000 * 180 * 360 * 4
# 10 MB in 20 s: 2 microseconds a byte.
COST = PlannedCost("tas", 10_000_000, 20.0, {"inr": 3e-6, "sz3": 1e-8})


def recipe_with(neural: str) -> Recipe:
    return parse_recipe(
        "recipe: 1\nname: fits\ninput: {files: none.nc}\noutput: {store: none.zarr}\n"
        f"neural: {{{neural}}}\n"
    )


@pytest.mark.parametrize(
    ("neural", "expected"),
    [
        ("", (("effort", 0),)),
        ("fit: auto", (("effort", 0),)),
        ("fit: normal, inr: grids", ()),
        ("fit: fast", (("effort", 0),)),
        ("inr: fourier", (("kind", "fourier"), ("latitudes", (90.0, -90.0)))),
        ("inr: siren", (("kind", "siren"), ("latitudes", (90.0, -90.0)))),
    ],
)
def test_what_a_recipe_says_of_fits_are_settings(neural: str, expected: Any) -> None:
    assert fit_settings(recipe_with(neural).neural, (90.0, -90.0)) == expected
    plain = tuple(pair for pair in expected if pair[0] != "latitudes")
    assert fit_settings(recipe_with(neural).neural) == plain


@pytest.mark.parametrize(
    ("neural", "says"),
    [
        (
            "fit: fastest",
            "neural.fit: found 'fastest', wanted auto, fast or normal; did you mean 'fast'",
        ),
        ("inr: grid", "neural.inr: found 'grid', wanted grids, fourier or siren; did you mean"),
        ("fit: fast, inr: siren", "fit: fast is least squares, which siren does not have"),
        ("fitt: fast", "no such key.* did you mean 'fit'"),
    ],
)
def test_fits_that_there_are_not_are_refused(neural: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        recipe_with(neural)


class Subject:
    """A variable of (time, lat, lon) on a grid of these latitudes."""

    def __init__(self, lat: NDArray[np.float64] | None, kind: Any = "latlon", **roles: str) -> None:
        self.recipe = recipe_with("inr: fourier")
        self.geometry = Geometry(kind, lat=lat)
        rows = 1 if lat is None else len(lat)

        class Variable:
            dims = ("time", "lat", "lon")
            shape = (9, rows, 8)

        Variable.roles = type("Roles", (), {"y": "lat", "x": "lon", **roles})  # type: ignore[attr-defined]
        self.variable = Variable


def latitudes(subject: Subject, chunk: tuple[int, ...], masked: bool = False) -> Any:
    found: Any = subject
    return dict(fit_settings_of(found, chunk, masked=masked)).get("latitudes")


def test_latitudes_are_those_of_all_rows_of_a_block() -> None:
    even = np.linspace(90, -90, 7)
    assert latitudes(Subject(even), (3, 7, 8)) == (90.0, -90.0)
    assert latitudes(Subject(even[::-1] / 3), (3, 7, 4)) == (-30.0, 30.0)
    gaussian = np.degrees(np.arcsin(np.polynomial.legendre.leggauss(64)[0]))
    assert latitudes(Subject(gaussian, "gaussian"), (1, 64, 8)) == (gaussian[0], gaussian[-1])
    # Half a millionth beyond the pole, as float32 has it.
    assert latitudes(Subject(even * (1 + 1e-8)), (3, 7, 8)) == (90.0, -90.0)


@pytest.mark.parametrize(
    ("subject", "chunk", "masked"),
    [
        (Subject(np.linspace(90, -90, 7)), (3, 6, 8), False),  # a part of the rows
        (Subject(np.linspace(90, -90, 7)), (3, 7, 8), True),  # rows at the end may be left out
        (Subject(np.linspace(90, -90, 7) ** 3 / 8100), (3, 7, 8), False),  # unevenly spaced
        (Subject(np.array([10.0, np.nan, 30.0])), (3, 3, 8), False),
        (Subject(np.full(3, 10.0)), (3, 3, 8), False),
        (Subject(np.linspace(90, -90, 7), "curvilinear"), (3, 7, 8), False),
        (Subject(np.linspace(90, -90, 7), y="lon", x="lat"), (3, 7, 8), False),
        (Subject(None, "none"), (3, 1, 8), False),
    ],
)
def test_blocks_without_latitudes_of_their_own_have_none(
    subject: Subject, chunk: tuple[int, ...], masked: bool
) -> None:
    assert latitudes(subject, chunk, masked) is None


def test_fits_of_all_blocks_take_as_long_as_those_of_the_samples() -> None:
    found = fit_time(variable(ladder=(INR, LOSSLESS)), 2e-6, {})
    assert found == FitTime(pytest.approx(2e-6 * RAW), 10, at_most=False)
    assert found is not None
    assert found.wall_seconds(4) == pytest.approx(found.core_seconds / 4)
    assert found.wall_seconds(99) == pytest.approx(found.core_seconds / 10)  # ten shards


def test_workers_are_told_of_where_they_share_shards() -> None:
    assert (
        FitTime(100.0, 10, at_most=False).in_words(4)
        == "1 min 40 s of one core, 25.0 s of 4 workers"
    )
    assert FitTime(100.0, 1, at_most=False).in_words(4) == "1 min 40 s of one core"
    assert FitTime(100.0, 10, at_most=True).in_words(1) == "up to 1 min 40 s of one core"


def test_fits_of_rivals_take_a_part_or_all_of_it() -> None:
    found = fit_time(variable(ladder=(RIVALS, LOSSLESS)), 1e-8, {"inr": 3e-6, "sz3": 1e-8})
    assert found == FitTime(pytest.approx(3e-6 * RAW * 17 / 16), 10, at_most=True)


@pytest.mark.parametrize(("ladder", "start"), [(RUNGS, 0), ((INR, *RUNGS, LOSSLESS), 1)])
def test_a_variable_without_fits_has_no_time_for_them(ladder: tuple[Rung, ...], start: int) -> None:
    assert fit_time(variable(ladder=ladder, start=start), 2e-6, {"inr": 3e-6}) is None


def test_what_was_not_timed_is_not_told() -> None:
    assert timing.work_on(variable(ladder=(INR, LOSSLESS)), None).fits is None
    assert fit_time(variable(ladder=(RIVALS, LOSSLESS)), 1e-8, {}) is None


def test_all_fits_share_the_workers_but_no_shard_is_divided() -> None:
    assert all_fits([FitTime(100.0, 50, False), FitTime(20.0, 10, False)], 4) == 30.0
    assert all_fits([FitTime(100.0, 2, False), FitTime(20.0, 10, False)], 4) == 50.0
    assert all_fits([], 4) == 0.0


def test_checks_do_not_take_longer_because_fits_do() -> None:
    work = timing.work_on(variable(ladder=(INR, LOSSLESS)), COST)
    assert work.fits is not None
    rest = work.seconds - work.fits.core_seconds
    assert rest == pytest.approx(RAW / 1e6 * (1 / 100 + 1 / 200))
    rivals = timing.work_on(variable(ladder=(RIVALS, LOSSLESS)), COST)
    assert rivals.fits is not None
    assert rivals.seconds > rivals.fits.core_seconds


@pytest.mark.parametrize(
    ("rung", "found", "says"),
    [
        (
            INR,
            GpuWorkers(4, 0, "no CUDA device is visible here"),
            "fitted and coded on the CPU (no CUDA device is visible here): fits take 8 min 38 s of "
            "one core, 2 min 10 s of 4 workers, all work on the variable takes 8 min 42 s of one",
        ),
        (INR, GpuWorkers(1, 0), "on the CPU: fits take 8 min 38 s of one core, all work on"),
        (INR, GpuWorkers(4, 2), "fitted and coded on 2 GPU workers; without a GPU fits take 8 min"),
        (FAST, GpuWorkers(4, 2), "fitted and coded on the CPU, without torch: fits take 8 min 38"),
        (RIVALS, GpuWorkers(4, 0), "fits take up to 13 min 46 s of one core, 3 min 27 s of 4"),
        (INR, GpuWorkers(4, 2, "", "asks for 2"), "a run here is refused: asks for 2"),
    ],
)
def test_a_plan_tells_where_fits_run_and_what_they_take_on_the_cpu(
    rung: Rung, found: GpuWorkers, says: str
) -> None:
    planned = plan(variable(ladder=(rung, LOSSLESS)))
    text = " ".join(plan_text(planned, [COST], found.workers, found=found).split())
    assert says in text
    assert " inr " in text
    assert "Dask where no network is fitted;" in text
    (entry,) = plan_document(planned, [COST], found.workers, found=found)["variables"]
    assert entry["neural"]["codec"] == "inr"
    assert entry["neural"]["fit_core_seconds"] > 500


def test_keys_that_no_variable_has_use_for_are_a_warning() -> None:
    without, with_inr = [variable()], [variable(ladder=(INR, LOSSLESS))]
    assert not unused_fits(recipe_with("").neural, without)
    assert not unused_fits(recipe_with("fit: fast").neural, with_inr)
    assert unused_fits(recipe_with("inr: siren, fit: normal").neural, without) == (
        "neural: fit and inr would do nothing: no network is fitted",
    )
