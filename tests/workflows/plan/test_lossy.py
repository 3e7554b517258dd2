"""Plans of variables that may lose what their bound allows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from climcomp.codecs.sperr import Sperr
from climcomp.errors import RecipeError
from climcomp_metrics.criteria import all_criteria
from climcomp_workflows.plan import draft
from climcomp_workflows.plan.model import Plan, VariablePlan

from .conftest import Data, waves

PlanOf = Callable[..., Plan]
K = {"units": "K", "standard_name": "air_temperature"}
FIELD = waves((12, 60, 100))


def tas(plan_of: PlanOf, entry: str = "", quality: str = "", **data: Any) -> VariablePlan:
    recipe = quality + (f"variables: {{tas: {{{entry}}}}}\n" if entry else "")
    values = data.pop("values", FIELD)
    return plan_of(recipe, tas=Data(values, attributes=K, **data)).variable("tas")


def bound_values(variable: VariablePlan) -> list[float]:
    return [bound.value for bound in variable.ladder[0].bounds or ()]


def test_without_a_bound_the_table_speaks_and_the_search_goes_up_to_ten_times_beyond(
    plan_of: PlanOf,
) -> None:
    found = tas(plan_of, "codecs: [sz3]")
    assert found.how == "lossy"
    assert 0.01 < bound_values(found)[0] <= 0.1
    assert found.bound_source.startswith("METRICS")
    assert "up to 10 times" in found.bound_text
    for looser, why in found.failed_rungs:
        assert looser.startswith(f"{found.ladder[0].codec} within ")
        assert "limit" in why
    assert any(note.startswith("search: ") for note in found.notes)
    said = next(note for note in found.notes if note.startswith("sz3 passes within"))
    assert "limit" in said.partition(";")[2]


@pytest.mark.parametrize("search", ["loosest: 1", "max_share: 0 %"])
def test_a_recipe_may_forbid_to_go_beyond_the_table(search: str, plan_of: PlanOf) -> None:
    found = tas(plan_of, quality=f"search: {{{search}}}\n")
    assert bound_values(found) == [0.01]
    assert "times" not in found.bound_text


def test_a_search_for_no_operations_tries_nothing(plan_of: PlanOf) -> None:
    found = tas(plan_of, quality="search: {max_share: 0 %}\n")
    assert not any(note.startswith("search: ") for note in found.notes)


def test_quality_bounds_goes_nowhere_beyond_the_table(plan_of: PlanOf) -> None:
    assert bound_values(tas(plan_of, quality="quality: bounds\n")) == [0.01]


def test_the_same_recipe_gives_the_same_plan(plan_of: PlanOf) -> None:
    assert tas(plan_of).to_dict() == tas(plan_of).to_dict()


def test_what_nothing_lossy_passes_is_lossless_and_names_the_criterion(plan_of: PlanOf) -> None:
    found = tas(plan_of, quality="checks: {limits: {S2.fail: 1e-15}}\n")
    assert found.how != "lossy"
    assert "nothing lossy passes" in found.reason
    assert re.search(r"nearest, \w+ within \S+ K: S2 .*, limit 1e-15", found.reason)


def test_a_variable_too_small_to_sample_keeps_the_tables_bound(plan_of: PlanOf) -> None:
    found = tas(plan_of, values=waves((4, 20, 30)))
    assert found.how == "lossy"
    assert bound_values(found) == pytest.approx([0.01])
    assert any("too few to search by" in note for note in found.notes)


def test_the_recipes_bound_wins_and_is_quoted(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 0.02 K")
    assert bound_values(found) == [0.02]
    assert found.bound_text == "0.02 K"
    assert found.bound_source == "recipe line 5 (tas)"


def test_a_recipes_bound_below_the_spacing_of_floats_is_an_error(plan_of: PlanOf) -> None:
    with pytest.raises(RecipeError, match=r"line 5 \(tas\): bound of tas: .*below the spacing"):
        tas(plan_of, "bound: 1e-9 K")


def test_the_tables_bound_below_the_spacing_of_floats_means_lossless(plan_of: PlanOf) -> None:
    field = (1e6 + 0.3 * np.random.default_rng(1).random((12, 40, 60))).astype(np.float32)
    found = plan_of(strange=Data(field, attributes={"units": "m"})).variable("strange")
    assert found.how != "lossy"
    assert "below the spacing" in found.reason


def test_float64_has_a_finer_spacing_and_stays_float64(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 1e-9 K", values=FIELD.astype(np.float64))
    assert found.spec.dtype == "float64"


@pytest.mark.parametrize("entry", ["portable: true", "portable: true, rounding: 12"])
def test_a_portable_variable_has_standard_codecs_and_is_rounded(
    entry: str, plan_of: PlanOf
) -> None:
    found = tas(plan_of, f"bound: 0.05 K, {entry}")
    assert found.spec.codec == "standard"
    assert {rung.codec for rung in found.ladder} == {"rounding", "lossless"}
    assert found.ladder[0].keepbits is None


def test_a_variable_may_be_kept_from_being_portable(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 0.05 K, codecs: [rounding], portable: false")
    assert found.spec.codec == "block"


def test_rounding_is_portable_where_that_costs_at_most_a_tenth(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for factor, codec in ((10.0, "standard"), (0.1, "block")):
        monkeypatch.setattr(draft, "PORTABLE_FACTOR", factor)
        assert tas(plan_of, "bound: 0.05 K, codecs: [rounding]").spec.codec == codec


def test_quality_information_bounds_by_bits(plan_of: PlanOf) -> None:
    found = tas(plan_of, quality="quality: {information: 0.99}\n")
    assert "real information" in found.bound_text
    assert found.ladder[0].codec in ("rounding", "lossless")


def test_quality_bounds_enforces_the_bound_alone(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 3 K", quality="quality: bounds\n")
    assert found.enforced == "bounds"
    assert found.start == 0


def test_a_recipes_bound_is_a_ceiling_and_a_tighter_one_that_passes_is_found(
    plan_of: PlanOf,
) -> None:
    found = tas(plan_of, "bound: 3 K")
    assert found.start == 0
    assert 0.01 < bound_values(found)[0] < 3
    assert found.bound_text == "3 K"
    assert found.estimated_bytes == found.estimates[0]


def test_samples_that_fail_skip_a_rung_and_say_so_where_nothing_is_searched(
    plan_of: PlanOf,
) -> None:
    found = tas(plan_of, "bound: 3 K", quality="search: {max_share: 0 %}\n")
    assert found.start > 0
    assert any(note.startswith("on the samples") for note in found.notes)
    assert found.estimated_bytes == found.estimates[found.start]
    assert found.failed_rungs[0][0] == found.ladder[0].text


def test_criteria_that_are_off_do_not_skip_a_rung(plan_of: PlanOf) -> None:
    everything = [c.id for c in all_criteria() if c.scope == "variable"]
    recipe = f"variables: {{tas: {{bound: 3 K}}}}\nchecks: {{off: [{', '.join(everything)}]}}\n"
    found = plan_of(recipe, tas=Data(FIELD, attributes=K)).variable("tas")
    assert found.start == 0
    assert bound_values(found) == [3.0]


def test_a_sample_refuses_nothing(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 3 K, on_fail: refuse")
    assert found.start <= len(found.ladder) - 2
    assert found.on_fail == "refuse"


def test_estimates_grow_from_rung_to_rung(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 0.05 K")
    assert list(found.estimates) == sorted(found.estimates)
    assert len(found.estimates) == len(found.ladder)
    assert found.estimates[-1] <= FIELD.nbytes * 1.1


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full((12, 40, 60), np.nan, np.float32), "missing"),
        (np.full((12, 40, 60), 280, np.float32), "do not vary"),
    ],
)
def test_values_that_say_nothing_are_lossless(
    values: np.ndarray, reason: str, plan_of: PlanOf
) -> None:
    assert reason in tas(plan_of, values=values).reason


def test_special_values_do_not_count_as_values(plan_of: PlanOf) -> None:
    field = FIELD.copy()
    field[0, :3] = -9999
    found = tas(plan_of, "bound: 0.1 % of range, exact: [-9999]", values=field)
    assert max(bound_values(found)) < 0.1
    assert -9999.0 in found.exact
    assert found.settings is not None
    assert found.settings.exact == (-9999.0,)


def test_missing_values_make_a_variable_masked(plan_of: PlanOf) -> None:
    field = FIELD.copy()
    field[:, :10] = 1e20
    found = tas(plan_of, values=field, fill=np.float32(1e20))
    assert found.settings is not None
    assert found.settings.masked
    assert found.exact == (float(np.float32(1e20)),)


def test_a_codec_that_cannot_keep_the_bound_is_an_error(plan_of: PlanOf) -> None:
    rain = np.random.default_rng(1).gamma(0.5, 2, (12, 40, 60)).astype(np.float32)
    with pytest.raises(RecipeError, match=r"line 5 \(pr\): codecs of pr: sz3 cannot keep"):
        plan_of(
            "variables: {pr: {codecs: [sz3]}}\n",
            pr=Data(rain, attributes={"units": "mm day-1", "standard_name": "rainfall_rate"}),
        )


def test_a_plan_can_be_made_with_sperr(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 0.05 K, codecs: [sperr], rounding: none")
    assert found.ladder[0].codec == "sperr"


def test_finer_tails_are_a_setting_of_every_rung_by_ncx(plan_of: PlanOf) -> None:
    recipe = "neural: {finetune: none, tails: 0.5 %}\n"
    plain = tas(plan_of, "bound: 0.05 K, codecs: [ncx]", "neural: {finetune: none}\n")
    found = tas(plan_of, "bound: 0.05 K, codecs: [ncx]", recipe)
    for rung in found.ladder:
        assert dict(rung.settings).get("tails") == (0.005 if rung.codec == "ncx" else None)
    assert any("0.5 % of the values of each block, at either end" in note for note in found.notes)
    assert 0 < found.estimates[0] - plain.estimates[0] < 0.006 * FIELD.size
    with_sz3 = tas(plan_of, "bound: 0.05 K, codecs: [sz3]", recipe)
    assert any("only ncx has finer tails" in note for note in with_sz3.notes)


@pytest.mark.parametrize("entry", ["bound: 0.05 K, codecs: [sperr]", "codecs: [sz3, sperr]"])
def test_sperr_that_is_not_installed_is_an_error_of_the_recipe(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.setattr(Sperr, "module", "no_such_module_at_all")
    says = r"line 5 \(tas\): codecs of tas: sperr needs .*pip install 'climcomp\[sperr\]'"
    with pytest.raises(RecipeError, match=says):
        tas(plan_of, entry)


def test_one_dimensional_series_can_be_lossy(plan_of: PlanOf) -> None:
    series = (280 + np.cumsum(np.random.default_rng(1).standard_normal(5000))).astype(np.float32)
    found = plan_of("variables: {tas: {bound: 0.01 K}}\n", tas=Data(series, ("time",), K)).variable(
        "tas"
    )
    assert found.how == "lossy"
    assert found.settings is not None
    assert found.settings.shape == (5000, 1, 1, 1)


def test_a_scalar_is_carried_over(plan_of: PlanOf) -> None:
    found = plan_of(p0=Data(np.array(1e5, np.float32), (), {"units": "Pa"})).variable("p0")
    assert found.how == "carried"


def test_levels_that_fail_are_tightened_and_no_others(plan_of: PlanOf) -> None:
    rough = waves((6, 1, 120, 100), noise=1.0)
    smooth = (waves((6, 1, 120, 100), seed=4, noise=0.05) - 280) / 20 + 280
    field = np.concatenate([rough, smooth.astype(np.float32), rough + 1], axis=1)
    dims = ("time", "lev", "lat", "lon")
    found = plan_of("variables: {ta: {bound: 0.02 K}}\n", ta=Data(field, dims, K)).variable("ta")
    first, second, third = bound_values(found)
    assert found.start == 0
    assert first == third == 0.02
    assert second < 0.02
    assert found.bound_text == "0.02 K"
    assert f"to {0.02:.4g} K" in found.ladder[0].text


def test_levels_with_bounds_of_their_own_have_shards_of_their_own(plan_of: PlanOf) -> None:
    base = waves((6, 1, 150, 200), noise=1.0)
    field = np.concatenate([base, (base - 280) * 20], axis=1)
    dims = ("time", "lev", "lat", "lon")
    found = plan_of(x=Data(field, dims, {"units": "1"})).variable("x")
    assert found.how == "lossy"
    assert len(set(bound_values(found))) == 2
    assert found.spec.written[1] == 1


def far_apart(steps: int) -> np.ndarray:
    """Maps (steps, 240, 280) of 269 kB that have nothing in common but their smoothness."""
    y, x = np.mgrid[0:240, 0:280] / 40.0
    turns = 1.0 + 2.1 * np.arange(steps)[:, None, None]
    return (280 + 9 * np.sin(turns * x + turns**2) * np.cos(y + turns)).astype(np.float32)


def close_together(steps: int) -> np.ndarray:
    """Maps (steps, 240, 280) of one rough field that hardly changes."""
    rough = np.random.default_rng(4).standard_normal((1, 240, 280))
    return (280 + 9 * rough + 0.001 * np.arange(steps)[:, None, None]).astype(np.float32)


def test_steps_with_nothing_in_common_are_stored_as_single_maps(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 0.05 K", values=far_apart(3))
    assert found.spec.chunk == (1, 240, 280)
    assert found.spec.shard == (3, 240, 280)


def test_steps_that_are_alike_are_stored_together(plan_of: PlanOf) -> None:
    found = tas(plan_of, "bound: 0.05 K", values=close_together(3))
    assert found.spec.chunk == (3, 240, 280)


@pytest.mark.parametrize(
    "output", ["access: series", "chunks: {time: 3}"], ids=["series", "the recipe's own chunks"]
)
def test_steps_are_not_parted_against_the_recipe(plan_of: PlanOf, output: str) -> None:
    found = tas(
        plan_of, "bound: 0.05 K", f"output: {{store: a.zarr, {output}}}\n", values=far_apart(3)
    )
    assert found.spec.chunk[0] == 3


def test_a_long_record_keeps_its_steps_together_for_readers_of_series(plan_of: PlanOf) -> None:
    long = np.concatenate([far_apart(3)] * 11)
    assert len(long) > draft.MOST_STEPS_APART
    assert tas(plan_of, "bound: 0.05 K, codecs: [sz3]", values=long).spec.chunk[0] > 1
    maps = tas(
        plan_of,
        "bound: 0.05 K, codecs: [sz3]",
        "output: {store: a.zarr, access: maps}\n",
        values=long,
    )
    assert maps.spec.chunk[0] == 1
