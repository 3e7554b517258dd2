"""Archives with blocks of the neural codec: chosen at high effort, read without torch."""

from __future__ import annotations

import importlib.util
import json
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
from climcomp.errors import RecipeError
from climcomp_metrics.report.model import VariableReport
from climcomp_workflows.neural import finetune
from climcomp_workflows.plan.make import make_plan
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
    return make_waves(16, 80, 144, 0.03)


def make_waves(steps: int, rows: int, columns: int, noise: float) -> NDArray[np.float32]:
    """Waves that move over waves that stay, and a little noise."""
    time, lat, lon = np.meshgrid(
        np.arange(steps), np.arange(rows), np.arange(columns), indexing="ij"
    )
    rng = np.random.default_rng(4)
    found = 270 + 30 * np.cos(np.pi * (lat - rows / 2) / rows)
    for wave in (1, 2, 5):
        found += 6 / wave * np.sin(2 * np.pi * (wave * lon - 2 * time) / columns + lat / (4 + wave))
        found += 3 * np.sin(lon / (3 + wave)) * np.cos(lat / (9 - wave))
    return (found + noise * rng.normal(size=found.shape)).astype(np.float32)


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


def test_blocks_of_inr_are_asked_for_by_name_and_read_without_torch(
    make_recipe: MakeRecipe, write_source: WriteSource, tmp_path: Path
) -> None:
    waves = make_waves(3, 24, 36, 0.01)
    waves[:, :7, 3:20] = np.nan
    extra = "quality: bounds\nvariables: {tas: {bound: 0.1 K, codecs: [inr]}}"
    outcome = run_recipe(make_recipe(write_source(tas=waves), extra))
    assert set(report_of(outcome, "tas").codecs) == {"inr"}
    assert not report_of(outcome, "tas").fallbacks
    found = read_elsewhere(tmp_path / "out.zarr", "tas", tmp_path)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(waves))
    assert np.nanmax(np.abs(found.astype(np.float64) - waves)) <= 0.1
    assert np.nanmin(found) == np.nanmin(waves)
    assert verify_archive(str(tmp_path / "out.zarr"), source=True).ok


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


def own_recipe(source: Path, store: Path, more: str = "") -> Recipe:
    return parse_recipe(
        f"recipe: 1\nname: waves\ninput: {{files: '{source}'}}\nquality: bounds\n"
        f"output: {{store: '{store}'}}\ncluster: {{kind: inline}}\nreport: {{figures: false}}\n"
        f"variables: {{tas: {{bound: 0.1 K, codecs: [ncx]}}}}\n{more}"
    )


def models_of(store: Path) -> list[str]:
    metadata = json.loads((store / "tas" / "zarr.json").read_text())
    (codec,) = metadata["codecs"]
    inner = codec["configuration"].get("codecs", [codec])[0]
    found: list[str] = inner["configuration"].get("models", [])
    return found


def test_a_variable_gets_a_network_of_its_own_where_that_pays(
    write_source: WriteSource, tmp_path: Path
) -> None:
    source = write_source(tas=make_waves(24, 120, 180, 0.1))
    outcome = run_recipe(own_recipe(source, tmp_path / "own.zarr"))
    (model,) = models_of(tmp_path / "own.zarr")
    notes = " ".join(
        make_plan(own_recipe(source, tmp_path / "again.zarr"))[0].variable("tas").notes
    )
    assert f"a network of the variable's own, of {len(model)} bytes, makes" in notes
    assert verify_archive(str(tmp_path / "own.zarr"), source=True).ok
    shipped = run_recipe(
        own_recipe(source, tmp_path / "shipped.zarr", "neural: {finetune: none}\n")
    )
    assert not models_of(tmp_path / "shipped.zarr")
    sizes = [report_of(one, "tas").stored_bytes for one in (outcome, shipped)]
    assert sizes[0] + len(model) < sizes[1]
    # Another process knows the network from the metadata alone.
    found = read_elsewhere(tmp_path / "own.zarr", "tas", tmp_path)
    assert np.abs(found.astype(np.float64) - make_waves(24, 120, 180, 0.1)).max() <= 0.1


def test_a_small_variable_gets_none(
    write_source: WriteSource, waves: NDArray[np.float32], tmp_path: Path
) -> None:
    run_recipe(own_recipe(write_source(tas=waves), tmp_path / "out.zarr"))
    assert not models_of(tmp_path / "out.zarr")


def test_without_torch_the_plan_names_the_extra(
    write_source: WriteSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    source = write_source(tas=make_waves(24, 120, 180, 0.1))
    plan = make_plan(own_recipe(source, tmp_path / "out.zarr"))[0].variable("tas")
    assert any("pip install 'climcomp[neural]'" in note for note in plan.notes)
    assert not plan.spec.models


def test_training_that_diverges_leaves_the_shipped_network(
    write_source: WriteSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: object) -> None:
        raise FloatingPointError("training diverged in step 3 of 400")

    monkeypatch.setattr(finetune, "finetune", diverge)
    source = write_source(tas=make_waves(24, 120, 180, 0.1))
    plan = make_plan(own_recipe(source, tmp_path / "out.zarr"))[0].variable("tas")
    assert any("could be trained: training diverged" in note for note in plan.notes)
    assert not plan.spec.models


def test_finetune_is_auto_or_none(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"neural.finetune: found 'always', wanted auto or none"):
        own_recipe(tmp_path / "no.nc", tmp_path / "no.zarr", "neural: {finetune: always}\n")


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


def test_high_effort_codes_logarithms_by_ncx(write_source: WriteSource, tmp_path: Path) -> None:
    humidity = np.exp(make_waves(8, 80, 144, 0.001) / 30)
    store = tmp_path / "out.zarr"
    recipe = parse_recipe(
        f"recipe: 1\nname: waves\ninput: {{files: '{write_source(tas=humidity)}'}}\n"
        f"quality: bounds\noutput: {{store: '{store}'}}\ncluster: {{kind: inline}}\n"
        "report: {figures: false}\neffort: high\nvariables: {tas: {bound: 0.5 %}}\n"
    )
    plan = make_plan(recipe)[0].variable("tas")
    assert plan.ladder[0].text == "log by ncx within 0.5 % of each value"
    assert ("inner", "ncx") in plan.ladder[0].settings
    assert any("log by ncx" in note for note in plan.notes)
    outcome = run_recipe(recipe)
    assert set(report_of(outcome, "tas").codecs) == {"log"}
    assert verify_archive(str(store), source=True).ok
    # The plan knew how small it would be.
    found = report_of(outcome, "tas").stored_bytes
    assert found == pytest.approx(plan.estimated_bytes, rel=0.1)
