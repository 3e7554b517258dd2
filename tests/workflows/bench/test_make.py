"""Benches of real round trips: bounds, refusals, failures, and what has no bench."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import netCDF4
import numpy as np
import pytest

from climcomp.codecs import codec_names, get_codec
from climcomp.errors import UsageError
from climcomp_workflows.bench.advice import recipe_line, smallest
from climcomp_workflows.bench.document import schema, to_dict, to_json
from climcomp_workflows.bench.model import Bench, Curve, VariableBench
from climcomp_workflows.bench.table import csv_text
from climcomp_workflows.bench.variable import ASKED_ALONE
from tests.workflows.bench.conftest import COLUMNS, ROWS, STEPS, waves

BenchOf = Callable[..., Bench]
Write = Callable[..., Path]
BOUND = "variables: {tas: {bound: 0.05 K}}\nquality: bounds\n"
ABSOLUTE = [
    name
    for name in codec_names()
    if "absolute" in get_codec(name).kinds and name not in ASKED_ALONE
]
LOSSLESS = [name for name in codec_names() if not get_codec(name).kinds]


def only(bench: Bench) -> VariableBench:
    (variable,) = bench.variables
    return variable


def curve(variable: VariableBench, label: str) -> Curve:
    return next(c for c in variable.curves if c.label == label)


def without_times(bench: Bench) -> dict[str, Any]:
    """The document without what differs from run to run."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in ("speed", "created")}
        return [strip(v) for v in value] if isinstance(value, list) else value

    stripped: dict[str, Any] = strip(to_dict(bench))
    return stripped


def test_every_codec_that_keeps_the_bound_is_tried_at_every_bound(
    bench_of: BenchOf, source: Path
) -> None:
    bench = bench_of(source, BOUND)
    variable = only(bench)
    assert {c.codec for c in variable.curves} == set(ABSOLUTE)
    assert [line.codec for line in variable.lossless] == LOSSLESS
    assert set(bench.versions) == {*ABSOLUTE, *LOSSLESS}
    assert set(variable.left_out) == set(codec_names()) - {*ABSOLUTE, *LOSSLESS}
    for one in variable.curves:
        assert [t.factor for t in one.trials] == list(bench.factors)
        for trial in one.trials:
            assert trial.bound == pytest.approx(0.05 * trial.factor)
            assert trial.rate is not None, trial.refused
            assert 0 < trial.rate.rmse <= trial.rate.largest_error <= trial.bound
            (level,) = trial.levels
            assert 0 < level.largest_error <= level.bound == pytest.approx(trial.bound)
            assert level.criteria == trial.criteria
            assert trial.speed is not None
            assert trial.speed.encode_mb_s > 0
    ratios = [t.rate.ratio for t in curve(variable, "sz3").trials if t.rate]
    assert ratios == sorted(ratios)
    jsonschema.validate(to_dict(bench), schema())
    assert json.loads(to_json(bench)) == to_dict(bench)


def test_the_decibels_are_those_of_the_values(bench_of: BenchOf, source: Path) -> None:
    span = float(np.ptp(waves().astype(np.float64)))
    for trial in curve(only(bench_of(source, BOUND, codecs=("zfp",), bounds=3)), "zfp").trials:
        rate = trial.rate
        assert rate is not None
        assert rate.psnr_db == pytest.approx(20 * math.log10(span / rate.rmse), abs=1e-6)
        assert rate.largest_error_db == pytest.approx(
            20 * math.log10(span / rate.largest_error), abs=1e-6
        )
        assert rate.bits_per_value == pytest.approx(32 / rate.ratio)


def test_the_same_recipe_gives_the_same_bench_but_for_speeds(
    bench_of: BenchOf, source: Path
) -> None:
    first, second = (bench_of(source, BOUND, bounds=3) for _ in range(2))
    assert without_times(first) == without_times(second)
    columns = [line.rsplit(",", 2)[0] for line in csv_text(first).splitlines()]
    assert columns == [line.rsplit(",", 2)[0] for line in csv_text(second).splitlines()]


def test_a_bound_that_a_codec_refuses_has_a_row_with_the_reason(
    bench_of: BenchOf, source: Path
) -> None:
    # The spacing of float32 near 285 is 3e-5: a sixteenth of this bound is below it.
    extra = "variables: {tas: {bound: 1e-4 K}}\nquality: bounds\n"
    variable = only(bench_of(source, extra, codecs=("sz3", "zfp")))
    for one in variable.curves:
        tightest = one.trials[0]
        assert tightest.rate is None
        assert "6.25e-06" in tightest.refused
        assert (tightest.criteria, tightest.failed, tightest.levels) == ({}, (), ())
        assert one.trials[-1].rate is not None
    rows = [line for line in csv_text_lines(variable) if "6.25e-06" in line]
    assert len(rows) == len(variable.curves)
    jsonschema.validate(to_dict(as_bench(variable)), schema())


def as_bench(variable: VariableBench) -> Bench:
    return Bench("test", "", "", {}, "", (1.0,), (variable,), {})


def csv_text_lines(variable: VariableBench) -> list[str]:
    return csv_text(as_bench(variable)).splitlines()


SUITES = {
    "P2": "Pointwise", "D1": "Distribution", "E1": "Extremes", "S2": "Spectral",
    "C1": "Conservation", "T3": "Structure",
}  # fmt: skip


def test_each_suite_is_marked_at_the_tightest_bound_beyond_its_limit(
    bench_of: BenchOf, source: Path
) -> None:
    plain = curve(only(bench_of(source, BOUND, codecs=("rounding",))), "rounding")
    limits, expected = {}, {}
    for criterion, suite in SUITES.items():
        values = [t.criteria[criterion].value for t in plain.trials]
        assert all(v is not None for v in values), criterion
        numbers = [v for v in values if v is not None]
        # Between the fourth and the fifth of the values in their order: some pass, some fail.
        low, high = sorted(numbers)[3:5]
        limits[criterion] = math.sqrt(low * high)
        first = next(n for n, v in enumerate(numbers) if v > limits[criterion])
        expected[suite] = plain.trials[first].factor
    off = [c for c in plain.trials[0].criteria if c[0] in "PDESCTM" and c not in (*SUITES, "P1")]
    text = ", ".join(f"{c}.fail: {limit!r}" for c, limit in limits.items())
    checks = f"checks: {{limits: {{{text}}}, off: [{', '.join(off)}]}}\n"
    judged = bench_of(source, BOUND + checks, codecs=("rounding",))
    found = {f.suite: f for f in curve(only(judged), "rounding").first_failures}
    assert {suite: f.factor for suite, f in found.items()} == expected
    for criterion, suite in SUITES.items():
        assert criterion in found[suite].criteria
        row = only(judged).criteria[criterion]
        assert (row.suite, row.source) == (suite, "recipe")
        assert row.fail == pytest.approx(limits[criterion])


def test_the_best_is_the_smallest_that_fails_nothing(bench_of: BenchOf, source: Path) -> None:
    variable = only(bench_of(source, BOUND))
    sound = [
        (t.rate.stored_bytes, c.label, t.factor)
        for c in variable.curves
        for t in c.trials
        if t.rate is not None and not t.failed
    ]
    best = smallest(variable)
    assert best is not None
    assert (best[2].stored_bytes, best[0].label, best[1].factor) == min(sound)


def test_the_line_for_the_recipe_makes_a_run_begin_with_that(
    bench_of: BenchOf, source: Path
) -> None:
    best = smallest(variable := only(bench_of(source, BOUND, bounds=3)))
    assert best is not None
    line = recipe_line(variable, best[0], best[1])
    again = only(bench_of(source, f"variables:\n  {line}\nquality: bounds\n", bounds=1))
    assert again.kept_factor == 1.0
    assert again.kept_label.endswith(best[0].codec)
    assert again.curves[0].trials[0].bound == pytest.approx(best[1].bound)


def test_where_a_run_begins_is_known(bench_of: BenchOf, source: Path) -> None:
    variable = only(bench_of(source, BOUND))
    assert variable.kept_factor == 1.0
    assert variable.planned.startswith(variable.kept_label.removeprefix("rounding then "))


def test_relative_bounds_are_shares_of_the_value(bench_of: BenchOf, write_source: Write) -> None:
    rain = np.abs(waves(noise=20.0) - 285).astype("f4")
    rain[:, :4] = 0.0
    path = write_source(pr=rain)
    extra = "variables: {pr: {class: positive, bound: 1 %}}\nquality: bounds\n"
    variable = only(bench_of(path, extra, bounds=5))
    assert variable.bound_kind == "pointwise_relative"
    relative = [n for n in codec_names() if "pointwise_relative" in get_codec(n).kinds]
    assert {c.codec for c in variable.curves} == set(relative)
    for name in set(ABSOLUTE) - set(relative):
        assert "pointwise_relative" in variable.left_out[name]
    for trial in curve(variable, "rounding").trials:
        assert trial.rate is not None
        assert 0 < trial.rate.largest_error <= trial.bound == pytest.approx(0.01 * trial.factor)
        assert trial.rate.largest_error_db == pytest.approx(
            -20 * math.log10(trial.rate.largest_error)
        )
    best = smallest(variable)
    assert best is not None
    assert "% relative" in recipe_line(variable, best[0], best[1])


def test_levels_have_rows_and_bounds_of_their_own(bench_of: BenchOf, levels: Path) -> None:
    extra = "variables: {ta: {bound: 1 % of range}}\nquality: bounds\n"
    variable = only(bench_of(levels, extra, codecs=("sz3",), bounds=3))
    (one,) = (c for c in variable.curves if not c.rounded)
    for trial in one.trials:
        assert [level.level for level in trial.levels] == [0, 1, 2]
        bounds = [level.bound for level in trial.levels]
        assert len(set(bounds)) == 3
        assert trial.bound == min(bounds)
        for level in trial.levels:
            assert level.largest_error <= level.bound
        # No single bound says it.
        assert recipe_line(variable, one, trial) == ""
    assert len(csv_text_lines(variable)) == 1 + 9 * len(variable.curves) + len(variable.lossless)


def test_missing_values_and_flags_are_no_errors(bench_of: BenchOf, write_source: Write) -> None:
    values = waves()
    values[:, 5:9, 3:20] = np.nan
    values[3, 0, :] = -9e6
    extra = "variables: {tas: {bound: 0.05 K, exact: [-9e6]}}\nquality: bounds\n"
    variable = only(bench_of(write_source(tas=values), extra, codecs=("sz3",), bounds=3))
    good = values[np.isfinite(values) & (values > -9e6)].astype(np.float64)
    for trial in curve(variable, "sz3").trials:
        assert trial.rate is not None
        assert 0 < trial.rate.largest_error <= trial.bound
        expected = 20 * math.log10((good.max() - good.min()) / trial.rate.rmse)
        assert trial.rate.psnr_db == pytest.approx(expected, abs=1e-6)


def test_floats_that_the_plan_keeps_lossless_are_benched(
    bench_of: BenchOf, write_source: Write
) -> None:
    # Whole numbers: within this bound nothing lossy is smaller.
    whole = np.random.default_rng(1).integers(270, 290, (STEPS, ROWS, COLUMNS)).astype("f4")
    extra = "variables: {tas: {bound: 0.001 K, class: continuous}}\n"
    variable = only(bench_of(write_source(tas=whole), extra, bounds=3))
    assert variable.planned.startswith("lossless: ")
    assert (variable.kept_label, variable.kept_factor) == ("", None)
    assert {c.codec for c in variable.curves} == set(ABSOLUTE)
    assert variable.bound_text == "0.001 K"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.full((4, ROWS, COLUMNS), 3.0, "f4"), "do not vary"),
        (np.full((4, ROWS, COLUMNS), np.nan, "f4"), "missing"),
        (np.full((1, 1, 1), 3.0, "f4"), "do not vary"),
    ],
    ids=["constant", "missing", "one value"],
)
def test_what_has_nothing_to_vary_is_named(
    bench_of: BenchOf, write_source: Write, values: np.ndarray, why: str
) -> None:
    with pytest.raises(UsageError, match=rf"nothing to bench: tas: .*{why}.*give a variable"):
        bench_of(write_source(tas=values))
    steps = len(values)
    if values.size > 1:
        both = write_source("both.nc", tas=values, ta=waves()[:steps])
        bench = bench_of(both, "variables: {ta: {bound: 0.1 K}}\n", codecs=("zfp",), bounds=1)
        assert only(bench).name == "ta"
        assert why in bench.not_benched["tas"]


def test_packed_integers_without_a_bound_are_named(bench_of: BenchOf, tmp_path: Path) -> None:
    path = tmp_path / "packed.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", 4)
        file.createDimension("lat", 8)
        for name in ("tas", "count"):
            file.createVariable(name, "i2", ("time", "lat"))[:] = np.arange(32).reshape(4, 8)
        file["tas"].scale_factor, file["tas"].units = 0.01, "K"
    with pytest.raises(UsageError, match=r"tas: packed integers stay packed.*count: integers"):
        bench_of(path, "quality: bounds\n")
    extra = "variables: {tas: {bound: 0.1 K, class: continuous}}\nquality: bounds\n"
    bench = bench_of(path, extra, codecs=("sz3",), bounds=3)
    assert only(bench).name == "tas"
    assert list(bench.not_benched) == ["count"]


def test_few_values_are_benched_as_far_as_they_go(bench_of: BenchOf, write_source: Write) -> None:
    few = np.array([[[280.0, 281.5]]], "f4")
    variable = only(bench_of(write_source(tas=few), BOUND, bounds=3))
    assert all(t.rate is not None or t.refused for c in variable.curves for t in c.trials)


@pytest.mark.parametrize("end", [1e20, 1e-30])
def test_huge_and_tiny_values_are_benched(
    bench_of: BenchOf, write_source: Write, end: float
) -> None:
    values = (waves() * (end / 300)).astype("f4")
    extra = "variables: {tas: {bound: 0.1 % of range, class: continuous}}\nquality: bounds\n"
    bench = bench_of(write_source(tas=values), extra, bounds=3)
    for one in only(bench).curves:
        for trial in one.trials:
            assert trial.refused or (trial.rate and trial.rate.largest_error <= trial.bound)
    jsonschema.validate(to_dict(bench), schema())


def test_a_recipe_that_is_lossless_has_nothing_to_bench(bench_of: BenchOf, source: Path) -> None:
    with pytest.raises(UsageError, match="the recipe says quality: lossless"):
        bench_of(source, "quality: lossless\n")


def test_a_skipped_variable_that_is_asked_for_is_named(bench_of: BenchOf, source: Path) -> None:
    with pytest.raises(UsageError, match="skip: true"):
        bench_of(source, "variables: {tas: {skip: true}}\n", variables=("tas",))


def test_unknown_names_are_refused_with_what_there_is(bench_of: BenchOf, source: Path) -> None:
    with pytest.raises(UsageError, match=r"no variable 'taz'.*Did you mean 'tas'"):
        bench_of(source, BOUND, variables=("taz",))
    with pytest.raises(UsageError, match=r"no codec is named 'sz4'; lossy ones: .*mean 'sz3'"):
        bench_of(source, BOUND, codecs=("sz4",))
    with pytest.raises(UsageError, match="keeps every bit and has no bounds"):
        bench_of(source, BOUND, codecs=("lossless",))


def test_codecs_that_cannot_keep_the_bound_are_named(
    bench_of: BenchOf, write_source: Write
) -> None:
    rain = np.abs(waves(noise=20.0) - 285).astype("f4")
    extra = "variables: {pr: {class: positive, bound: 1 %}}\nquality: bounds\n"
    variable = only(bench_of(write_source(pr=rain), extra, codecs=("zfp",), bounds=1))
    assert variable.curves == ()
    assert variable.left_out == {"zfp": "it keeps absolute bounds, this one is pointwise_relative"}
    assert smallest(variable) is None


def test_a_codec_that_is_tried_only_if_asked_for_is(bench_of: BenchOf, source: Path) -> None:
    one = only(bench_of(source, BOUND, codecs=("inr",), bounds=1))
    assert [c.codec for c in one.curves] == ["inr"]
    assert one.left_out == {}


def test_a_preview_is_drawn_beside_the_others_but_never_advised(
    bench_of: BenchOf, write_source: Write
) -> None:
    path = write_source(tas=waves()[:6])
    one = only(
        bench_of(path, "variables: {tas: {bound: 4 K}}\n", codecs=("preview", "sz3"), bounds=1)
    )
    drawn = curve(one, "preview (no bound)")
    rate = drawn.trials[0].rate
    assert rate is not None
    assert rate.rmse <= 4 / np.sqrt(3)  # as large as errors spread evenly within the bound
    assert drawn.trials[0].bound == 4
    assert drawn.best is None
    assert smallest(one) is None or smallest(one)[0].codec == "sz3"  # type: ignore[index]
    assert {"psnr_db", "largest_error_db"} <= {delta.quality for delta in one.deltas}


def test_a_preview_of_a_recipe_is_not_benched(bench_of: BenchOf, write_source: Write) -> None:
    path = write_source(tas=waves()[:6])
    with pytest.raises(UsageError, match="preview/tas: a preview has no bound that could be"):
        bench_of(path, "quality: preview\ndefaults: {preview: {ratio: 8}}\n", bounds=1)


def test_variables_that_are_not_asked_for_are_not_looked_at(
    bench_of: BenchOf, write_source: Write
) -> None:
    path = write_source(tas=waves(), ta=waves(seed=5))
    bench = bench_of(path, BOUND, variables=("ta",), codecs=("zfp",), bounds=1)
    assert only(bench).name == "ta"
    assert bench.not_benched == {}


def test_a_liar_fails_its_bound(
    bench_of: BenchOf, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from climcomp.codecs.zfp import Zfp

    honest = Zfp.decode

    def shifted(self: Zfp, payload: Any, shape: Any, dtype: Any) -> Any:
        return honest(self, payload, shape, dtype) + dtype.type(1.0)

    monkeypatch.setattr(Zfp, "decode", shifted)
    one = curve(only(bench_of(source, BOUND, codecs=("zfp",), bounds=3)), "zfp")
    assert one.best is None
    for trial in one.trials:
        assert trial.failed[0] == "P1"
        assert trial.rate is not None
        assert trial.rate.largest_error > 0.9
    first = next(f for f in one.first_failures if f.suite == "Pointwise")
    assert (first.factor, first.passes_again) == (one.trials[0].factor, False)


def test_a_rounding_that_pays_has_a_curve_of_its_own(
    bench_of: BenchOf, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if any size were worth it: on these values it is not.
    monkeypatch.setattr("climcomp_workflows.bench.variable.WORTH_SHARE", -10.0)
    variable = only(bench_of(source, BOUND, codecs=("sz3",), bounds=3))
    assert [c.label for c in variable.curves] == ["sz3", "rounding then sz3"]
    for trial in variable.curves[1].trials:
        assert trial.rate is not None
        assert 0 < trial.rate.largest_error <= trial.bound
        assert "P1" not in trial.failed
    sizes = [[t.rate.stored_bytes for t in c.trials if t.rate] for c in variable.curves]
    assert sizes[0] != sizes[1]
    monkeypatch.setattr("climcomp_workflows.bench.variable.WORTH_SHARE", 0.9)
    plain = only(bench_of(source, BOUND, codecs=("sz3",), bounds=1))
    assert [c.label for c in plain.curves] == ["sz3"]


def test_a_library_that_is_not_there_is_a_refusal(
    bench_of: BenchOf, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "zfpy", None)
    extra = BOUND + "defaults: {codecs: [sz3]}\n"
    one = curve(only(bench_of(source, extra, codecs=("zfp",), bounds=1)), "zfp")
    assert "pip install zfpy" in one.trials[0].refused


def test_values_are_frozen(bench_of: BenchOf, source: Path) -> None:
    bench = bench_of(source, BOUND, codecs=("zfp",), bounds=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        bench.name = "other"  # type: ignore[misc]
