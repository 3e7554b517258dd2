"""Archives with previews: in a group of their own, never called kept, verified like all else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from climcomp.archive import open_archive
from climcomp.archive.previews import is_preview
from climcomp.codecs.neural.inr import preview as preview_of_blocks
from climcomp.errors import CodecError, RecipeError, UsageError
from climcomp_metrics.report import Report, render_text
from climcomp_metrics.report.html import render_html
from climcomp_metrics.report.model import VariableReport
from climcomp_workflows.plan.make import make_plan
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run import RunOutcome, run_recipe
from climcomp_workflows.subset import Request, select, write_subset
from climcomp_workflows.verify import verify_archive

MakeRecipe = Callable[..., Recipe]
WriteSource = Callable[..., Path]
RATIO = "{preview: {ratio: 8}}"


@pytest.fixture
def masked(make_field: Callable[..., NDArray[np.float32]]) -> NDArray[np.float32]:
    field = make_field()
    field[:, 5:11, 9:20] = np.nan
    return field


@pytest.fixture
def make_field() -> Callable[..., NDArray[np.float32]]:
    def make(steps: int = 8, rows: int = 16, columns: int = 24, noise: float = 0.3) -> Any:
        time, lat, lon = np.meshgrid(
            np.arange(steps), np.arange(rows), np.arange(columns), indexing="ij"
        )
        wave = np.sin(2 * np.pi * (lon - time) / columns) * np.cos(np.pi * (lat - 8) / rows)
        rng = np.random.default_rng(2)
        return (280 + 20 * wave + noise * rng.normal(size=wave.shape)).astype(np.float32)

    return make


@pytest.fixture
def preview_recipe(tmp_path: Path) -> MakeRecipe:
    def make(source: Path, variables: str, extra: str = "") -> Recipe:
        return parse_recipe(
            f"recipe: 1\nname: previews\ninput: {{files: '{source}'}}\nquality: preview\n"
            f"output: {{store: '{tmp_path / 'out.zarr'}'}}\ncluster: {{kind: inline}}\n"
            f"report: {{figures: false}}\nvariables: {{{variables}}}\n{extra}\n"
        )

    return make


def reports(outcome: RunOutcome) -> dict[str, VariableReport]:
    assert outcome.report is not None
    return {v.name: v for v in outcome.report.variables}


def document(tmp_path: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(open_archive(tmp_path / "out.zarr").document(name))
    return found


def test_a_preview_stands_beside_the_variable_itself(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    masked: NDArray[np.float32],
    tmp_path: Path,
) -> None:
    source = write_source(tas=masked, ts=masked + 1)
    said = f"tas: {RATIO}, ts: {{bound: 0.1 K, preview: {{rmse: 1 K}}, codecs: [sz3]}}"
    outcome = run_recipe(preview_recipe(source, said))
    found = reports(outcome)
    assert (found["preview/tas"].how, found["preview/ts"].how) == ("preview", "preview")
    assert found["ts"].how in ("lossy", "lossless")
    assert "tas" not in found
    assert found["preview/tas"].ratio is not None
    assert found["preview/tas"].ratio >= 8
    archive = tmp_path / "out.zarr"
    root = xr.open_zarr(archive)
    assert "tas" not in root
    assert float(np.nanmax(np.abs(root["ts"].values - (masked + 1)))) <= 0.1
    previews = xr.open_zarr(archive, group="preview")
    for name, original in (("tas", masked), ("ts", masked + 1)):
        values = previews[name].values
        np.testing.assert_array_equal(np.isnan(values), np.isnan(original))
        assert previews[name].attrs["lossy_compression"].startswith("PREVIEW")
    rmse = np.sqrt(np.nanmean((previews["ts"].values.astype(float) - (masked + 1)) ** 2))
    assert rmse <= 1
    for dataset in (root, previews):
        assert next(iter(dataset.attrs)) == "climcomp_preview"
        assert dataset.attrs["climcomp_preview"].startswith("NO BOUND: preview/tas, preview/ts")
        assert dataset.attrs["title"] == "a small model"
        np.testing.assert_array_equal(dataset["lat"], root["lat"])
    receipt = verify_archive(str(archive), source=True)
    assert receipt.ok
    told = {v.name: v.how for v in receipt.variables}
    assert told["preview/tas"] == told["preview/ts"] == "a preview, without a bound"
    assert dict(receipt.absent)["tas"].startswith("only its preview is")
    assert "2 previews beside them" in receipt.text()


def test_the_report_begins_with_it_and_says_what_is_lost(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
    tmp_path: Path,
) -> None:
    field = make_field(noise=4.0)
    run_recipe(preview_recipe(write_source(tas=field), f"tas: {RATIO}"))
    report = Report.from_dict(document(tmp_path, "report.json"))
    text = " ".join(render_text(report).split())
    assert text.startswith("NO BOUND: preview/tas is a preview, for a quick look only.")
    (variable,) = (v for v in report.variables if v.how == "preview")
    assert variable.standing == "warn"
    assert variable.bound is None
    assert "What preview/tas loses:" in text
    assert re.search(r"\(limit [^)]*; [A-Z]\d", text)
    assert "single values are off by up to" in text
    page = render_html(report)
    assert page.index("for a quick look only") < page.index("<h1")
    failing = [v for v in variable.verdicts if v.fail is not None and v.reason]
    assert any("a preview is not refused for it" in v.reason for v in failing)
    saved = report.cost
    assert saved is not None
    assert saved.source_bytes < field.nbytes  # a preview replaces nothing
    assert "PREVIEW preview/tas" in text


def test_an_enforced_preview_that_fails_a_test_is_stored_losslessly(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
) -> None:
    field = make_field(noise=4.0)
    told = "tas: {preview: {ratio: 8, enforce: true}}"
    found = reports(run_recipe(preview_recipe(write_source(tas=field), told)))
    assert found["preview/tas"].how == "lossless"
    assert any("fails" in text or "limit" in text for a in found["preview/tas"].attempts
               for text in a.failed)  # fmt: skip


def test_an_enforced_preview_may_be_refused(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
) -> None:
    told = "tas: {preview: {ratio: 8, enforce: true}, on_fail: refuse}"
    source = write_source(tas=make_field(noise=4.0))
    assert reports(run_recipe(preview_recipe(source, told)))["preview/tas"].how == "refused"


def test_a_target_out_of_reach_is_an_error_of_the_recipe(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
) -> None:
    recipe = preview_recipe(write_source(tas=make_field()), "tas: {preview: {ratio: 1e6}}")
    with pytest.raises(RecipeError, match=r"line 8 \(tas\): tas: .* cannot be reached .* ratio of"):
        make_plan(recipe)


def test_an_error_in_another_unit_is_refused(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
) -> None:
    recipe = preview_recipe(write_source(tas=make_field()), "tas: {preview: {rmse: 1 m}}")
    with pytest.raises(RecipeError, match="preview of tas: rmse"):
        make_plan(recipe)


@pytest.mark.parametrize("nearest_fails", [False, True])
def test_a_block_that_misses_its_target_comes_as_near_as_it_can(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
    monkeypatch: pytest.MonkeyPatch,
    nearest_fails: bool,
) -> None:
    recipe = preview_recipe(write_source(tas=make_field()), f"tas: {RATIO}")
    plan, _ = make_plan(recipe)
    real = preview_of_blocks.encode_preview

    def failing(*args: Any, nearest: bool = False, **more: Any) -> bytes:
        if not nearest or nearest_fails:
            raise CodecError("the fit of codec 'inr' diverges: its cost is nan")
        return real(*args, nearest=nearest, **more)

    monkeypatch.setattr("climcomp_workflows.run.prepare.make_plan", lambda *_: (plan, []))
    monkeypatch.setattr(preview_of_blocks, "encode_preview", failing)
    found = reports(run_recipe(recipe))["preview/tas"]
    assert found.how == ("lossless" if nearest_fails else "preview")
    assert "diverges" in found.fallbacks[0]


@pytest.mark.parametrize("more", ["", "bound: 0.1 K, codecs: [sz3], "])
def test_blocks_that_have_no_preview_are_warned_of(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
    more: str,
) -> None:
    source = write_source(tas=make_field(rows=6))  # fields of 6 x 24
    recipe = preview_recipe(source, f"tas: {{{more}preview: {{ratio: 8}}}}")
    plan, _ = make_plan(recipe)
    assert "preview/tas" not in [v.name for v in plan.variables]
    (warning,) = plan.warnings
    kept = "within its bound alone" if more else "exactly"
    assert warning.startswith(f"tas is stored {kept}: no preview can be made of its blocks")
    report = run_recipe(recipe).report
    assert report is not None
    assert warning in report.warnings
    assert plan.variable("tas").how == ("lossy" if more else "carried")


def test_what_is_always_exact_has_no_preview(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
) -> None:
    source = write_source(tas=make_field())
    with pytest.raises(RecipeError, match=r"lat is always stored exactly .*take its preview \("):
        make_plan(preview_recipe(source, f"tas: {RATIO}, lat: {RATIO}"))
    plan, _ = make_plan(preview_recipe(source, f"'*': {RATIO}"))  # a pattern means what can be one
    assert plan.variable("preview/lat").ladder[0].lossless


def test_a_fit_that_no_preview_has_is_warned_of(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
) -> None:
    source = write_source(tas=make_field())
    plan, _ = make_plan(preview_recipe(source, f"tas: {RATIO}", "neural: {fit: normal}"))
    assert any("fit would do nothing" in warning for warning in plan.warnings)
    plan, _ = make_plan(preview_recipe(source, f"tas: {RATIO}"))
    assert not plan.warnings


def test_chunks_of_series_are_not_for_previews(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
    tmp_path: Path,
) -> None:
    # As many steps that a series of a megabyte has fewer than 8 x 8 points.
    source = write_source(tas=np.tile(make_field(), (800, 1, 1)))
    text = preview_recipe(source, f"tas: {RATIO}").text
    text = text.replace("out.zarr'", "out.zarr', access: series")
    plan, _ = make_plan(parse_recipe(text))
    chunk = plan.variable("preview/tas").spec.chunk
    assert chunk[1:] == (16, 24)
    assert chunk[0] < 6400
    told = text.replace("quality: preview", "quality: bounds").replace(RATIO, "{bound: 3 K}")
    plan, _ = make_plan(parse_recipe(told))
    assert plan.variable("tas").spec.chunk[0] == 6400


def test_values_that_do_not_vary_keep_their_name(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
) -> None:
    field = make_field()
    source = write_source(tas=field, dry=np.full_like(field, 3.0))
    found = reports(run_recipe(preview_recipe(source, f"tas: {RATIO}")))
    assert found["dry"].how == "lossless"
    assert "preview/dry" not in found


def test_only_grids_do_without_torch(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("climcomp.codecs.registry.importlib.util.find_spec", lambda name: None)
    source = write_source(tas=make_field())
    plan, _ = make_plan(preview_recipe(source, f"tas: {RATIO}"))
    assert plan.variable("preview/tas").is_preview
    with pytest.raises(RecipeError, match=r"fits of fourier need .*climcomp\[neural\]"):
        make_plan(preview_recipe(source, f"tas: {RATIO}", "neural: {inr: fourier}"))


def test_a_preview_may_be_a_network_of_coordinates(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
) -> None:
    recipe = preview_recipe(
        write_source(tas=make_field(3)), "tas: {preview: {ratio: 6}}", "neural: {inr: siren}"
    )
    found = reports(run_recipe(recipe))["preview/tas"]
    assert found.how == "preview"
    assert found.ratio is not None
    assert found.ratio >= 6


def test_the_group_of_previews_is_not_the_sources(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
    tmp_path: Path,
) -> None:
    recipe = preview_recipe(write_source(preview=make_field()), "")
    with pytest.raises(RecipeError, match="'preview', which preview takes already"):
        make_plan(recipe)
    source = write_source(tas=make_field())
    text = recipe.text.replace(f"'{source}'", f"{{preview: '{source}'}}")
    with pytest.raises(RecipeError, match=r"a data set of input.files takes already"):
        make_plan(parse_recipe(text))


def test_nobody_gets_a_preview_unasked(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
    tmp_path: Path,
) -> None:
    run_recipe(preview_recipe(write_source(tas=make_field()), f"tas: {RATIO}"))
    archive = open_archive(tmp_path / "out.zarr")
    assert is_preview(archive, "preview/tas")
    with pytest.raises(UsageError, match=r"but a preview of it, .*ask for preview/tas"):
        select(archive, ["tas"], Request())
    subset = select(archive, ["preview/tas"], Request())
    assert any("without a bound" in note for note in subset.notes)
    write_subset(subset, tmp_path / "part.nc")
    assert "tas" not in xr.open_dataset(tmp_path / "part.nc")
    with xr.open_dataset(tmp_path / "part.nc", group="preview") as part:
        assert part["tas"].shape == (8, 16, 24)
        assert part["lat"].shape == (16,)


def test_a_damaged_preview_is_found(
    preview_recipe: MakeRecipe,
    write_source: WriteSource,
    make_field: Callable[..., NDArray[np.float32]],
    tmp_path: Path,
) -> None:
    run_recipe(preview_recipe(write_source(tas=make_field()), f"tas: {RATIO}"))
    object_file = tmp_path / "out.zarr" / "preview" / "tas" / "c.0.0.0"
    data = bytearray(object_file.read_bytes())
    data[len(data) // 2] ^= 1
    object_file.write_bytes(bytes(data))
    receipt = verify_archive(str(tmp_path / "out.zarr"), source=True)
    assert not receipt.ok
    assert any("preview/tas" in text for text in receipt.damaged)
