"""Every real file becomes an archive that gives it back, or is refused with a reason."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xarray as xr

from climcomp.archive import is_published, open_store
from climcomp.errors import SourceError
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.run.start import RunOutcome

Faults = Callable[[RunOutcome], list[str]]

# What climcomp does not read, and how it says so.
REFUSED = {".grib": "it is GRIB, not NetCDF or Zarr. Convert it first"}
ABSENT = "(absent)"
NO_FIGURES = "report: {figures: false}\n"  # the first test draws them for every file

# Other qualities, on files whose variables differ most: packed, masked, rain, many kinds, levels.
OTHERS = [
    ("bounds", "cmip6_pr_MPI-ESM1-2-HR_day.nc"),
    ("bounds", "coads_climatology_nc3.cdf"),
    ("lossless", "cmip6_siconc_CanESM5_12mon.nc"),
    ("lossless", "eraint_uvz_packed.nc"),
    ("lossless", "hadgem2_pr_360day_na10k.nc"),
    ("{information: 0.99}", "gfdl_idealized_sphum_monthly.nc"),
    ("{information: 0.99}", "era5_city_stations.nc"),
    ("{information: 0.99}", "gldas_noah_land.nc4"),
]


def _data_files() -> list[str]:
    """Names of the files that lie beside the project today; where, the fixture knows too."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("CLIMCOMP_TEST_DATA", beside))
    return sorted(p.name for p in folder.glob("*.*") if p.suffix != ".md") or [ABSENT]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """Where an archive goes, and is gone after the test: 34 of them would fill a disk."""
    path = tmp_path / "out.zarr"
    yield path
    shutil.rmtree(path, ignore_errors=True)


def recipe_of(path: Path, store: Path, extra: str = "") -> Recipe:
    return parse_recipe(
        f"recipe: 1\nname: real\ninput: {{files: '{path}'}}\noutput: {{store: '{store}'}}\n"
        f"cluster: {{kind: inline}}\n{extra}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", _data_files())
def test_a_real_file_comes_back_or_is_refused(
    name: str, shared_data: Path, store: Path, faults: Faults
) -> None:
    path = shared_data / name
    if path.suffix in REFUSED:
        with pytest.raises(SourceError, match=REFUSED[path.suffix]) as error:
            run_recipe(recipe_of(path, store))
        assert path.name in str(error.value)
        assert not is_published(open_store(store))
        return
    outcome = run_recipe(recipe_of(path, store))
    assert outcome.refused == ()
    assert faults(outcome) == []


@pytest.mark.slow
@pytest.mark.parametrize(("quality", "name"), OTHERS)
def test_other_qualities_keep_their_promise_too(
    quality: str, name: str, shared_data: Path, store: Path, faults: Faults
) -> None:
    extra = f"quality: {quality}\n{NO_FIGURES}"
    outcome = run_recipe(recipe_of(shared_data / name, store, extra))
    assert faults(outcome) == []
    assert outcome.report is not None
    if quality == "lossless":
        assert all(v.how in ("lossless", "carried") for v in outcome.report.variables)


def test_a_tree_of_groups_opens_as_one(shared_data: Path, store: Path) -> None:
    path = shared_data / "ncl_groups_uvt.nc"
    run_recipe(recipe_of(path, store, f"quality: lossless\n{NO_FIGURES}"))
    with xr.open_datatree(path) as expected, xr.open_datatree(store, engine="zarr") as found:
        groups = set(expected.groups)
        assert set(found.groups) - {"/climcomp"} == groups
        for group in groups:
            xr.testing.assert_identical(expected[group].to_dataset(), found[group].to_dataset())
