"""Archives with blocks of the neural codec: chosen at high effort, read without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from climcomp.codecs.neural.ncx import Ncx
from climcomp.codecs.neural.reference_decode import decode_by_reference
from climcomp_metrics.report.model import VariableReport
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run import RunOutcome, run_recipe
from climcomp_workflows.verify import verify_archive

MakeRecipe = Callable[..., Recipe]
WriteSource = Callable[..., Path]
FOLDER = Path(os.environ.get("CLIMCOMP_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
# Another process, in which torch cannot be imported, reads a variable and writes it as an array.
READ = """
import sys
sys.modules["torch"] = None
import numpy, xarray
numpy.save(sys.argv[3], xarray.open_zarr(sys.argv[1])[sys.argv[2]].values)
assert "climcomp_workflows" not in sys.modules
"""


@pytest.fixture
def waves() -> NDArray[np.float32]:
    """Waves that move over waves that stay, and a little noise."""
    time, lat, lon = np.meshgrid(np.arange(16), np.arange(80), np.arange(144), indexing="ij")
    rng = np.random.default_rng(4)
    found = 270 + 30 * np.cos(np.pi * (lat - 40) / 80)
    for wave in (1, 2, 5):
        found += 6 / wave * np.sin(2 * np.pi * (wave * lon - 2 * time) / 144 + lat / (4 + wave))
        found += 3 * np.sin(lon / (3 + wave)) * np.cos(lat / (9 - wave))
    return (found + 0.03 * rng.normal(size=found.shape)).astype(np.float32)


def read_elsewhere(archive: Path, variable: str, tmp_path: Path) -> NDArray[np.float32]:
    file = tmp_path / "read.npy"
    command = [sys.executable, "-W", "ignore", "-c", READ, str(archive), variable, str(file)]
    subprocess.run(command, check=True, timeout=300)
    found: NDArray[np.float32] = np.load(file)
    return found


def report_of(outcome: RunOutcome, name: str) -> VariableReport:
    assert outcome.report is not None
    return next(v for v in outcome.report.variables if v.name == name)


def test_high_effort_takes_ncx_where_it_is_smaller(
    write_source: WriteSource, waves: NDArray[np.float32], tmp_path: Path
) -> None:
    source = write_source(tas=waves)
    sizes = {}
    for effort in ("normal", "high"):
        store = tmp_path / effort
        recipe = parse_recipe(
            f"recipe: 1\nname: waves\ninput: {{files: '{source}'}}\nquality: bounds\n"
            f"output: {{store: '{store}'}}\ncluster: {{kind: inline}}\n"
            f"report: {{figures: false}}\neffort: {effort}\nvariables: {{tas: {{bound: 0.1 K}}}}\n"
        )
        outcome = run_recipe(recipe)
        assert ("ncx" in report_of(outcome, "tas").codecs) == (effort == "high")
        assert verify_archive(str(store), source=True).ok
        sizes[effort] = report_of(outcome, "tas").stored_bytes
    assert sizes["high"] < 0.97 * sizes["normal"]


def test_blocks_of_ncx_are_read_without_torch_and_by_the_reference(
    make_recipe: MakeRecipe,
    write_source: WriteSource,
    waves: NDArray[np.float32],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waves[:, :7, 3:20] = np.nan
    extra = "quality: bounds\nvariables: {tas: {bound: 0.1 K, codecs: [ncx]}}"
    outcome = run_recipe(make_recipe(write_source(tas=waves), extra))
    assert set(report_of(outcome, "tas").codecs) == {"ncx"}
    found = read_elsewhere(tmp_path / "out.zarr", "tas", tmp_path)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(waves))
    assert np.nanmax(np.abs(found.astype(np.float64) - waves)) <= 0.1
    monkeypatch.setattr(
        Ncx, "decode", lambda _, payload, shape, dtype: decode_by_reference(payload, shape, dtype)
    )
    by_reference = xr.open_zarr(tmp_path / "out.zarr")["tas"].values
    np.testing.assert_array_equal(found, by_reference)


def test_temperature_of_cesm_is_read_without_torch(tmp_path: Path) -> None:
    source = FOLDER / "cam_fv_T_3mon.nc"
    if not source.exists():
        pytest.skip(f"{source.name} is not there: CLIMCOMP_TEST_DATA names its folder")
    outcome = run_recipe(
        parse_recipe(
            f"recipe: 1\nname: cesm\ninput: {{files: '{source}'}}\nquality: bounds\n"
            f"output: {{store: '{tmp_path / 'out.zarr'}'}}\ncluster: {{kind: inline}}\n"
            "report: {figures: false}\n"
            "variables: {'*': {skip: true}, T: {skip: false, bound: 0.1 K, codecs: [ncx]}}\n"
        )
    )
    assert set(report_of(outcome, "T").codecs) == {"ncx"}
    here = xr.open_zarr(tmp_path / "out.zarr")["T"].values
    np.testing.assert_array_equal(read_elsewhere(tmp_path / "out.zarr", "T", tmp_path), here)
    with xr.open_dataset(source, decode_times=False) as data:
        values = data["T"].values
    assert np.abs(here.astype(np.float64) - values).max() <= 0.1
